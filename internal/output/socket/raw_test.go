package socket_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/socket"
)

// split writes the pieces and returns what was published: all of it in one,
// and where in it telegrams start.
func split(t testing.TB, pieces ...[]byte) (all []byte, starts []int) {
	t.Helper()
	chunks := socket.NewChunks()
	sub := chunks.Subscribe(1<<30, hub.Disconnect)
	defer sub.Close()
	w := socket.NewRawWriter(chunks)
	for _, piece := range pieces {
		buffer := bytes.Clone(piece)
		if n, err := w.Write(buffer); n != len(piece) || err != nil {
			t.Fatalf("Write of %d bytes = %d, %v", len(piece), n, err)
		}
		for i := range buffer {
			buffer[i] = 'X' // the reader reads into it again
		}
	}
	published, err := sub.Take(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range published {
		if len(c.Data) == 0 {
			t.Error("an empty chunk was published")
		}
		if c.Start {
			starts = append(starts, len(all))
		}
		all = append(all, c.Data...)
	}
	return all, starts
}

func TestWhereTelegramsStart(t *testing.T) {
	tests := []struct {
		name   string
		stream string // a telegram starts at each "^/"
	}{
		{"nothing", ""},
		{"the stream begins with one", "^/ISk5\r\n!\r\n"},
		{"two", "^/ISk5\r\n\r\n1-0:1.8.1(1*kWh)\r\n!1234\r\n^/ISk5\r\n\r\n!\r\n"},
		{"in the middle of one", "(1*kWh)\r\n!1234\r\n^/ISk5\r\n!\r\n"},
		{"lines end with LF", "!\n^/ISk5\n!\n^/ISk5\n"},
		{"lines end with CR", "!\r^/ISk5\r!\r^/ISk5\r"},
		{"a slash in a line is none", "^/ISk5\r\n0-0:96.13.0(a/b)\r\n x/y\r\n!\r\n"},
		{"NUL between telegrams", "^/ISk5\r\n!\r\n\x00\x00^/ISk5\r\n!\r\n"},
		{"0xFF right behind the mark", "^/ESY5\r\n!\xff\xff\xff^/ESY5\r\n!\xff"},
		{"noise at the start", "\xff\x81^/ISk5\r\n!\r\n"},
		{"binary text inside is none", "^/AUX5\r\n0-0:96.13.0(\xff/\x00/\x80/)\r\n!1234\r\n^/AUX5\r\n!\r\n"},
		{"text before is none", "junk/ISk5\r\n^/ISk5\r\n!\r\n"},
		{"the next comes before the end", "^/ISk5\r\n1-0:1.8.1(1*k\r\n^/ISk5\r\n!\r\n"},
		{"a mark inside a line ends nothing", "^/ISk5\r\n0-0:96.13.0(a!\xff/)\r\n!\r\n"},
		{"one without end stops counting", "^/ISk5" + strings.Repeat("x", 16<<10) + "\xff^/ISk5\r\n!\r\n"},
		{"one of the greatest length does not", "^/ISk5" + strings.Repeat("x", 16<<10-7) + "\xff/ISk5\r\n!\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var want []int
			var stream []byte
			for i, part := range strings.Split(test.stream, "^") {
				if i > 0 {
					want = append(want, len(stream))
				}
				stream = append(stream, part...)
			}
			got, starts := split(t, stream)
			if diff := cmp.Diff(stream, got); len(stream) > 0 && diff != "" {
				t.Errorf("bytes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, starts); diff != "" {
				t.Errorf("starts (-want +got):\n%s", diff)
			}
		})
	}
}

// However the stream is cut into writes, the same bytes leave and telegrams
// start at the same places.
func FuzzRawWriter(f *testing.F) {
	f.Add([]byte("/ISk5\r\n\r\n1-0:1.8.1(1*kWh)\r\n!1234\r\n/ISk5\r\n!\r\n"), uint64(1))
	f.Add([]byte("x\r\n!\xff\xff/ESY5\n!\x00/ESY5(\xff/)\n!\r/"), uint64(2))
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		stream = stream[:min(len(stream), 2048)] // each is cut into single bytes
		all, starts := split(t, stream)
		if !bytes.Equal(all, stream) {
			t.Errorf("out came %q, want %q", all, stream)
		}
		for _, at := range starts {
			if stream[at] != '/' {
				t.Errorf("a telegram starts with %q", stream[at])
			}
		}
		random := rand.New(rand.NewPCG(seed, 0))
		for _, most := range []int{1, 2, 7, len(stream) + 1} {
			var pieces [][]byte
			for rest := stream; len(rest) > 0; {
				n := min(1+random.IntN(most), len(rest))
				pieces = append(pieces, rest[:n])
				rest = rest[n:]
			}
			gotAll, gotStarts := split(t, pieces...)
			if !bytes.Equal(gotAll, stream) {
				t.Errorf("cut into %q: out came %q", pieces, gotAll)
			}
			if diff := cmp.Diff(starts, gotStarts); diff != "" {
				t.Errorf("cut into %q: starts (-at once +cut):\n%s", pieces, diff)
			}
		}
	})
}

// Without a client there is only the watch for the start of a telegram, and
// it goes on.
func TestRawWriterWithoutClients(t *testing.T) {
	chunks := socket.NewChunks()
	w := socket.NewRawWriter(chunks)
	telegram := []byte("/ISk5\r\n\r\n1-0:1.8.1(1*kWh)\r\n!1234\r\n")
	if got := testing.AllocsPerRun(100, func() { _, _ = w.Write(telegram) }); got != 0 {
		t.Errorf("%v allocations a write", got)
	}
	if _, ok := chunks.Latest(); ok {
		t.Error("something was published")
	}
	if _, err := w.Write([]byte("/ISk5\r\n0-0:96.13.0(")); err != nil {
		t.Fatal(err)
	}
	sub := chunks.Subscribe(1<<20, hub.Disconnect)
	defer sub.Close()
	if _, err := w.Write([]byte("\xff/)\r\n!\r\n/ISk5\r\n")); err != nil {
		t.Fatal(err)
	}
	got, err := sub.Take(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []socket.Chunk{{Data: []byte("\xff/)\r\n!\r\n")}, {Data: []byte("/ISk5\r\n"), Start: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("chunks (-want +got):\n%s", diff)
	}
}
