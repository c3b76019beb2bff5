package decode_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// realFrame is a real frame of Luxembourg with its telegram, an Encrypter that
// goes on where it ends, and the keys.
func realFrame(t testing.TB) (frame []byte, telegram string, e *simulate.Encrypter, k cipher.Keys) {
	frame = loadFrame(t, "lu-encrypted-nexxtlab.bin")
	k = keys("D491470F47126332B07D1923B3504188", luxembourg)
	e = simulate.NewEncrypter([16]byte(k.Key))
	e.Title, e.Counter = [8]byte(frame[2:10]), 0x0005A8E3
	return frame, string(load(t, "lu-smarty-cfde.txt")), e, k
}

// valid gives the telegrams with a good checksum in what a Decrypter made.
func valid(out string) (list []string) {
	for _, telegram := range found(strings.NewReader(out)) {
		if text, ok := strings.CutPrefix(telegram, "valid "); ok {
			list = append(list, text+"\r\n")
		}
	}
	return list
}

// TestEveryBit turns each bit of a frame over. A frame alone gives a telegram
// only where the bit is none of the telegram's: then its checksum proves it.
// The frame behind it is never lost.
func TestEveryBit(t *testing.T) {
	frame, telegram, e, keys := realFrame(t)
	e.Counter++
	next := numbered(2)
	following := e.AppendFrame(nil, []byte(next))

	const head, tag = 18, 12
	digits := len(frame) - tag - len("CFDE\r\n")
	proven := func(bit int) bool {
		switch at, mask := bit/8, byte(1)<<(bit%8); {
		case at == 12: // the length: two bytes less leave out the line end; up to nine more reach into the next frame, not yet its title
			return mask == 2 && frame[at]&2 != 0 || mask < 9 && frame[at]&mask == 0
		case at == 13:
			return mask == 0x10 // encrypted only: what was the tag is behind the telegram
		case at >= digits && at < digits+4:
			return mask == 0x20 && telegram[at-head] > '9' // a digit of the checksum in lower case
		default:
			return at >= digits+4
		}
	}
	for bit := range len(frame) * 8 {
		damaged := simulate.FlipBit(frame, bit)
		got := decrypt(t, bytes.NewReader(append(damaged, following...)), keys)
		want := []string{next}
		if proven(bit) {
			want = []string{telegram, next}
		}
		// The case of the checksum is the only change that shows.
		list := valid(got.Out)
		for i := range list {
			if strings.EqualFold(list[i], telegram) {
				list[i] = telegram
			}
		}
		if diff := cmp.Diff(want, list); diff != "" {
			t.Errorf("bit %d of byte %d: (-want +got)\n%s", bit%8, bit/8, diff)
		}
	}
}

// TestEveryBitOfAKnownMeter: when the tags of a meter are known to fit, a
// frame whose tag does not gives nothing, whichever bit it is.
func TestEveryBitOfAKnownMeter(t *testing.T) {
	frame, telegram, e, keys := realFrame(t)
	e.Counter--
	before, after := numbered(1), numbered(2)
	first := e.AppendFrame(nil, []byte(before))
	e.Counter++
	last := e.AppendFrame(nil, []byte(after))
	want := []string{before, after}
	for bit := range len(frame) * 8 {
		got := decrypt(t, bytes.NewReader(slices.Concat(first, simulate.FlipBit(frame, bit), last)), keys)
		if diff := cmp.Diff(want, valid(got.Out)); diff != "" {
			t.Errorf("bit %d of byte %d: (-want +got)\n%s", bit%8, bit/8, diff)
		}
		if s := got.Stats; s.Decrypted != 2 || s.Frames != s.Decrypted+s.Damaged || s.Damaged > 1 {
			t.Errorf("bit %d of byte %d: %+v", bit%8, bit/8, s)
		}
	}
	if got := decrypt(t, bytes.NewReader(slices.Concat(first, frame, last)), keys); !slices.Equal(valid(got.Out), []string{before, telegram, after}) {
		t.Errorf("undamaged: got %q", got.Out)
	}
}

// TestCut cuts a frame after each of its bytes, the tag's too.
func TestCut(t *testing.T) {
	frame, telegram, e, keys := realFrame(t)
	e.Counter++
	next := numbered(2)
	following := e.AppendFrame(nil, []byte(next))
	end := len(frame) - len("\r\n") - 12 // behind the checksum
	for n := range len(frame) {
		got := decrypt(t, bytes.NewReader(frame[:n]), keys)
		want := cipher.Stats{}
		if n >= 14 { // before the security control byte it may be anything
			want = cipher.Stats{Frames: 1, Damaged: 1}
		}
		if got.Stats != want || len(valid(got.Out)) > 0 {
			t.Errorf("%d bytes: got %+v %q, want %+v", n, got.Stats, got.Out, want)
		}
		// With the next meter's bytes in the place of what is missing.
		got = decrypt(t, bytes.NewReader(slices.Concat(frame[:n], following)), keys)
		telegrams := []string{next}
		if len(frame)-n < 10 { // the next title is not in what the length covers
			telegrams = []string{telegram, next}
		}
		if diff := cmp.Diff(telegrams, valid(got.Out)); diff != "" {
			t.Errorf("%d bytes, then a frame: (-want +got)\n%s", n, diff)
		}
		// Plain telegrams have no title that would give the cut away.
		got = decrypt(t, strings.NewReader(string(frame[:n])+strings.Repeat(next, 12)), keys)
		telegrams = slices.Repeat([]string{next}, 12)
		if n >= end {
			telegrams = slices.Insert(telegrams, 0, telegram)
		}
		// A few bytes are no frame yet: they pass, and so does their last line.
		if n >= 14 {
			if diff := cmp.Diff(telegrams, valid(got.Out)); diff != "" {
				t.Errorf("%d bytes, then plain telegrams: (-want +got)\n%s", n, diff)
			}
		}
	}
}

// TestLostBytes takes bytes out of a frame of a meter that is known.
func TestLostBytes(t *testing.T) {
	frame, _, e, keys := realFrame(t)
	e.Counter--
	before, after := numbered(1), numbered(2)
	first := e.AppendFrame(nil, []byte(before))
	e.Counter++
	last := e.AppendFrame(nil, []byte(after))
	for at := range len(frame) {
		for _, n := range []int{1, 2, 7, 16, 100} {
			data := slices.Concat(first, simulate.Cut(frame, at, n), last)
			got := decrypt(t, bytes.NewReader(data), keys)
			if diff := cmp.Diff([]string{before, after}, valid(got.Out)); diff != "" {
				t.Fatalf("%d bytes lost at %d: (-want +got)\n%s", n, at, diff)
			}
			data = slices.Concat(first, simulate.Insert(frame, at, simulate.Noise(uint64(at), n)), last)
			list := valid(decrypt(t, bytes.NewReader(data), keys).Out)
			if len(list) < 2 || list[0] != before || list[len(list)-1] != after {
				t.Fatalf("%d bytes of noise at %d: got %q", n, at, list)
			}
		}
	}
}

func TestWrongKey(t *testing.T) {
	for _, v := range vectors {
		wrong := unhex(v.key)
		wrong[15] ^= 1
		got := decrypt(t, bytes.NewReader(loadFrame(t, v.file)), cipher.Keys{Key: wrong, AAD: unhex(v.ak)})
		want := outcome{Stats: cipher.Stats{Frames: 1, WrongKey: 1}, Notices: []string{cipher.ErrKey.Error()}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", v.file, diff)
		}
	}
}

func TestNoKey(t *testing.T) {
	plain := numbered(1)
	for _, v := range vectors {
		frame := string(loadFrame(t, v.file))
		got := decrypt(t, strings.NewReader(frame), cipher.Keys{})
		want := outcome{Out: frame, Stats: cipher.Stats{Frames: 1, NoKey: 1}, Notices: []string{cipher.ErrNoKey.Error()}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", v.file, diff)
		}
		got = decrypt(t, strings.NewReader(frame+plain+frame+plain), cipher.Keys{})
		if diff := cmp.Diff([]string{plain, plain}, valid(got.Out)); diff != "" || got.Stats.NoKey != 2 {
			t.Errorf("%s: %+v, telegrams (-want +got)\n%s", v.file, got.Stats, diff)
		}
	}
	frame := string(loadFrame(t, "at-encrypted-nokey.bin"))
	if got := decrypt(t, strings.NewReader(frame), cipher.Keys{}); got.Out != frame || got.Stats.NoKey != 1 {
		t.Errorf("got %+v", got)
	}
	e, _ := line()
	for _, control := range []byte{0, 0x10} {
		e.Control = control
		in := sealed(e, plain)
		got := decrypt(t, strings.NewReader(in), cipher.Keys{})
		if got.Out != in || got.Stats != (cipher.Stats{Frames: 1, Decrypted: 1}) {
			t.Errorf("security control %02X: got %+v", control, got)
		}
	}
}

// TestKeyChanges: the grid operator changes the key, or the meter. The key
// was right once, so it takes some frames to tell.
func TestKeyChanges(t *testing.T) {
	for _, change := range []func(*simulate.Encrypter){
		func(e *simulate.Encrypter) { e.Key[0]++ },
		func(e *simulate.Encrypter) { e.Key[0]++; e.Title[7]++ },
	} {
		e, keys := line()
		stream := sealed(e, numbered(1))
		was := *e
		change(e)
		for n := range 4 {
			stream += sealed(e, numbered(n))
		}
		stream += sealed(&was, numbered(2)) + sealed(e, numbered(1))
		got := decrypt(t, strings.NewReader(stream), keys)
		if want := (cipher.Stats{Frames: 7, Decrypted: 2, Damaged: 3, WrongKey: 2}); got.Stats != want {
			t.Errorf("got %+v, want %+v", got.Stats, want)
		}
	}
}

// TestRightKey: damage is not taken for a wrong key, in the first frame
// neither: what came before it can be read.
func TestRightKey(t *testing.T) {
	frame, _, e, keys := realFrame(t)
	got := decrypt(t, bytes.NewReader(simulate.Cut(frame, 60, 16)), keys)
	if want := (cipher.Stats{Frames: 1, Damaged: 1}); got.Stats != want {
		t.Errorf("bytes lost in the first frame: got %+v, want %+v", got.Stats, want)
	}
	// Titles that were damaged make noise of two frames in a row, not more,
	// because another one between them can be read.
	stream := e.AppendFrame(nil, []byte(numbered(1)))
	for n := range 5 {
		bit := 8*4 + n // of the title
		if n == 2 {
			bit = 8 * 50
		}
		stream = append(stream, simulate.FlipBit(e.AppendFrame(nil, []byte(numbered(n))), bit)...)
	}
	got = decrypt(t, bytes.NewReader(stream), keys)
	if want := (cipher.Stats{Frames: 6, Decrypted: 1, Damaged: 5}); got.Stats != want {
		t.Errorf("damaged titles: got %+v, want %+v", got.Stats, want)
	}
}

// TestAuthenticatedOnly: the tag of a text that is not encrypted is verified,
// and when it does not fit, the text counts as much as a plain one.
func TestAuthenticatedOnly(t *testing.T) {
	stale := strings.Replace(numbered(1), "00.001", "00.002", 1)
	for _, test := range []struct {
		name, telegram string
		key            bool
		change         func(*simulate.Encrypter)
		stats          cipher.Stats
		notice         string
	}{
		{"tag", stale, true, func(*simulate.Encrypter) {}, cipher.Stats{Frames: 1, Decrypted: 1}, "SAG tag"},
		{"wrong authentication key", numbered(1), true, func(e *simulate.Encrypter) { e.AuthKey[0]++ }, cipher.Stats{Frames: 1, Decrypted: 1}, "SAG checksum, the tag does not fit"},
		{"wrong authentication key and checksum", stale, true, func(e *simulate.Encrypter) { e.AuthKey[0]++ }, cipher.Stats{Frames: 1, Damaged: 1}, cipher.ErrFrame.Error()},
		{"no key", numbered(1), false, func(*simulate.Encrypter) {}, cipher.Stats{Frames: 1, Decrypted: 1}, "SAG checksum, the tag does not fit"},
	} {
		e, keys := line()
		e.Control = simulate.Authenticated
		test.change(e)
		if !test.key {
			keys.Key = nil
		}
		got := decrypt(t, strings.NewReader(sealed(e, test.telegram)), keys)
		if test.key && !strings.HasPrefix(got.Out, test.telegram) {
			t.Errorf("%s: got %q", test.name, got.Out)
		}
		if diff := cmp.Diff(outcome{got.Out, test.stats, []string{test.notice}}, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

// TestTagsThatStopFitting: the authentication key changes, and the option
// does not.
func TestTagsThatStopFitting(t *testing.T) {
	e, keys := line()
	stream, want := sealed(e, numbered(1)), numbered(1)
	e.AuthKey[0]++
	for n := range 5 {
		stream += sealed(e, numbered(n))
		if n >= 2 {
			want += numbered(n)
		}
	}
	e.AuthKey[0]--
	stream += sealed(e, numbered(6))
	want += numbered(6)
	e.AuthKey[0]++
	stream += sealed(e, numbered(7))
	got := decrypt(t, strings.NewReader(stream), keys)
	if diff := cmp.Diff(want, got.Out); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	damaged := cipher.ErrFrame.Error()
	if diff := cmp.Diff([]string{"SAG tag", damaged, damaged, "SAG checksum, the tag does not fit", damaged}, got.Notices); diff != "" {
		t.Errorf("notices (-want +got)\n%s", diff)
	}
}
