package app_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

var (
	mutatedBytes = flag.Int("mutated", 0, "how many mutated bytes TestMutated sends, with a seed by chance; 0: ordinaryBytes with each of ordinarySeeds")
	mutatedSeed  = flag.Uint64("mutated-seed", 0, "what TestMutated's mutations follow from; 0: those of the ordinary run, or with -mutated one by chance")
)

// ordinarySeeds are those of the ordinary run, in which the same happens each
// time. Chance has its place in the long run (-mutated); each seed that ever
// failed comes here.
var ordinarySeeds = []uint64{
	1, 2, 3,
	8236732589615741579, // the gas lines of a telegram without checksum were lost
	6919887847040256808, // an identification was cut, and registers were lost
}

// ordinaryBytes are sent with each of ordinarySeeds, which took this many when
// they failed.
const ordinaryBytes = 400_000

// roundBytes are sent between two looks at what came of them.
const roundBytes = 128 << 10

// mostGrowth is what the heap may have more after many rounds than after a
// few, in bytes. The program keeps what it has seen of each meter, and this
// test is a crowd of them.
const mostGrowth = 4 << 20

// TestMutated sends the whole corpus, plain and encrypted, with bits flipped,
// pieces cut out, doubled, put in and taken from one another, through the
// whole program. Nothing panics, no reading comes of a telegram whose checksum
// does not fit (which is found out without the program's own code), and the
// memory stays what it is. How many bytes: -mutated; a seed that failed is
// repeated with -mutated-seed.
func TestMutated(t *testing.T) {
	seeds, size := ordinarySeeds, ordinaryBytes
	if *mutatedBytes > 0 {
		seeds, size = []uint64{rand.Uint64()}, *mutatedBytes
	}
	if *mutatedSeed > 0 {
		seeds = []uint64{*mutatedSeed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { testMutated(t, seed, size) })
	}
}

func testMutated(t *testing.T, seed uint64, size int) {
	for _, test := range []struct {
		name string
		key  string
	}{{"without a key", ""}, {"with a key", key}} {
		t.Run(test.name, func(t *testing.T) {
			m := newMutator(t, seed, test.key != "")
			meter, b := newLine(t), newBroker(t, testkit.Addr(t))
			b.forgets()
			variables := []string{meter.variable(), b.variable(), "MQTT_INTERVAL=0", "LOG_LEVEL=info"}
			if test.key != "" {
				variables = append(variables, "ENC_KEY="+test.key, "ENC_ALLOW_UNVERIFIED=true") // plain and encrypted telegrams in turn
			}
			p := start(t, variables...)
			f := &fences{t: t, line: meter.accept(), verifier: newVerifier(m.plain)}
			f.watch(p)
			f.fence() // both clients are connected once it has come
			var early, late uint64
			for half := 0; m.mutated < size/2; half++ {
				f.round(m.round(roundBytes))
				if half == 3 {
					early = heap()
				}
			}
			late = heap()
			if early > 0 && late > early+mostGrowth {
				t.Errorf("the heap grew from %d to %d bytes", early, late)
			}
			if f.seen < m.pristine*9/10 {
				t.Errorf("of %d telegrams without any damage and some with one there came only %d readings", m.pristine, f.seen)
			}
			p.stop()
			if n := p.log.Count("level=ERROR"); n > 0 {
				t.Errorf("%d errors in the log", n)
			}
			if n := len(p.said(0)); n > 60 {
				t.Errorf("the log has %d lines: that is a flood", n)
			}
			t.Logf("%d mutated bytes, %d readings, %d to %d bytes of heap, %d lines in the log", m.mutated, f.seen, early, late, len(p.said(0)))
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// mutator makes a stream of telegrams most of which are damaged.
type mutator struct {
	random   *rand.Rand
	seeds    [][]byte
	plain    [][]byte // what the encrypted ones say
	mutated  int      // bytes of telegrams that were damaged
	pristine int      // telegrams with a checksum that were not
}

func newMutator(t *testing.T, seed uint64, decrypting bool) *mutator {
	t.Helper()
	m := &mutator{random: rand.New(rand.NewPCG(seed, 1))}
	for _, pattern := range []string{"telegrams/*.txt", "encrypted/*.bin"} {
		files, err := filepath.Glob("../dsmr/testdata/" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m.seeds = append(m.seeds, append(data, "\r\n"...))
		}
	}
	telegrams, frames := luxembourg(t, 8)
	for i := range frames {
		m.seeds = append(m.seeds, []byte(frames[i]))
		m.plain = append(m.plain, []byte(telegrams[i]))
	}
	if decrypting {
		m.plain = append(m.plain, sealed(t)...)
	}
	return m
}

// sealed is what the frames of the corpus say that the tests' key opens.
func sealed(t *testing.T) (plain [][]byte) {
	t.Helper()
	for _, file := range []string{"lu-smarty-6b4a.txt", "at-t210dr-6744.txt"} {
		data, err := os.ReadFile("../dsmr/testdata/telegrams/" + file)
		if err != nil {
			t.Fatal(err)
		}
		plain = append(plain, data)
	}
	return plain
}

// round makes that many bytes, or some more.
func (m *mutator) round(size int) []byte {
	var out []byte
	for len(out) < size {
		piece := m.pick()
		if m.random.IntN(8) == 0 {
			if digits := bytes.LastIndexByte(piece, '!'); digits > 0 && piece[0] == '/' && bytes.IndexByte(piece[digits:], '\r') > 4 {
				m.pristine++
			}
			out = append(out, piece...)
			continue
		}
		for range 1 + m.random.IntN(3) {
			piece = m.mutate(piece)
		}
		m.mutated += len(piece)
		out = append(out, piece...)
	}
	return out
}

func (m *mutator) pick() []byte { return m.seeds[m.random.IntN(len(m.seeds))] }

func (m *mutator) mutate(p []byte) []byte {
	n := m.random.IntN(max(1, len(p)))
	switch m.random.IntN(10) {
	case 0, 1, 2:
		for range 1 + m.random.IntN(4) {
			p = simulate.FlipBit(p, m.random.IntN(8*max(1, len(p))))
		}
	case 3:
		p = simulate.Cut(p, n, 1+m.random.IntN(64))
	case 4: // what is behind it is lost
		p = p[:n]
	case 5: // doubled
		p = simulate.Insert(p, n, p[n/2:n])
	case 6:
		p = simulate.Insert(p, n, simulate.Noise(m.random.Uint64(), 1+m.random.IntN(200)))
	case 7:
		other := m.pick()
		p = append(bytes.Clone(p[:n]), other[m.random.IntN(len(other)):]...)
	case 8: // what means something
		marks := []string{"/", "!", "!0000\r\n", "\r\n", "\n/", "\xdb\x08", "(", ")", "*", "\x00", "1-0:1.8.1(999999.999*kWh)\r\n", "/ISK5\r\n\r\n"}
		p = simulate.Insert(p, n, []byte(marks[m.random.IntN(len(marks))]))
	case 9:
		if m.random.IntN(20) == 0 {
			p = simulate.EvenParity(p)
		} else {
			p = simulate.Restart(p, n)
		}
	}
	return p
}

// fences sends rounds, each with a good telegram behind it, and collects what
// the sockets send until that has come.
type fences struct {
	t        *testing.T
	line     io.Writer
	verifier *verifier
	sent     int // fences
	seen     int // readings

	mu    sync.Mutex
	lines []string
	raw   []byte
	news  chan struct{}
}

// watch connects a client to each socket.
func (f *fences) watch(p *program) {
	f.t.Helper()
	f.news = make(chan struct{}, 1)
	tell := func() {
		select {
		case f.news <- struct{}{}:
		default:
		}
	}
	lines, raw := p.dial("json"), p.dial("raw")
	go func() {
		for {
			line, err := lines.r.ReadString('\n')
			if err != nil {
				return
			}
			f.mu.Lock()
			f.lines = append(f.lines, line)
			f.mu.Unlock()
			tell()
		}
	}()
	go func() {
		var buf [16 << 10]byte
		for {
			n, err := raw.r.Read(buf[:])
			f.mu.Lock()
			f.raw = append(f.raw, buf[:n]...)
			f.mu.Unlock()
			if err != nil {
				return
			}
			tell()
		}
	}()
}

// fence sends good telegrams until one has come out everywhere: half of an
// encrypted frame swallows what follows, up to its length, so there are more
// of them each time. It returns what came.
func (f *fences) fence() (lines []string, raw []byte) {
	f.t.Helper()
	end := time.After(longDeadline)
	for many := 1; ; many *= 4 {
		var text, want string
		for range many {
			f.sent++
			watts := 1_000_001 + 10*f.sent // without a zero at the end, which JSON leaves out
			text, want = numbered(watts), fmt.Sprintf(`"currentUsage":%.3f`, float64(watts)/1000)
			write(f.t, f.line, "\r\n"+text)
		}
		again := time.After(time.Second / 4)
		for waiting := true; waiting; {
			f.mu.Lock()
			lines, raw = f.lines, f.raw
			there := len(lines) > 0 && strings.Contains(lines[len(lines)-1], want) &&
				bytes.HasSuffix(masked(raw), []byte(text))
			if there {
				f.lines, f.raw = nil, nil
			}
			f.mu.Unlock()
			if there {
				return lines, raw
			}
			select {
			case <-f.news:
			case <-again:
				waiting = false
			case <-end:
				f.t.Fatalf("no reading comes any more")
			}
		}
	}
}

// round sends the bytes and checks what comes of them.
func (f *fences) round(data []byte) {
	f.t.Helper()
	write(f.t, f.line, string(data))
	lines, raw := f.fence()
	f.verifier.add(raw)
	for _, line := range lines {
		f.seen++
		if !f.verifier.accept(line) {
			f.t.Fatalf("a reading comes of no telegram whose checksum fits: %s\nthe closest that may come: %s", line, f.verifier.closest(line))
		}
	}
}
