package decode_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// TestStrict: once a tag has fitted with the key, what no tag vouches for gives
// no byte, however often it comes, and is counted and told of each time.
func TestStrict(t *testing.T) {
	e, lineKeys := line()
	e.Counter = 1000
	one, two, three := numbered(1), numbered(2), numbered(3)
	old := sealed(e, numbered(0))
	e.Counter += 100
	f1, f2 := sealed(e, one), sealed(e, two)
	with := func(change func(*simulate.Encrypter)) string {
		e := *e
		change(&e)
		return sealed(&e, three)
	}
	untagged := with(func(e *simulate.Encrypter) { e.Control = 0x20 })
	wrongTag := with(func(e *simulate.Encrypter) { e.AuthKey[0]++ })
	otherKey := with(func(e *simulate.Encrypter) { e.Key[0]++ })
	bare := with(func(e *simulate.Encrypter) { e.Control = 0 })
	otherTitle := with(func(e *simulate.Encrypter) { e.Title[7]++ })
	reset := with(func(e *simulate.Encrypter) { e.Counter = 0 })
	const refused = "the key does not verify the telegram"
	vouched := "SAG tag"
	for _, test := range []struct {
		name, in, out string
		stats         cipher.Stats
		notices       []string
	}{
		{"plain before any tag", three + f1, three + one, cipher.Stats{Frames: 1, Decrypted: 1}, []string{vouched}},
		{"plain", f1 + three + three + f2, one + two, cipher.Stats{Frames: 2, Decrypted: 2}, []string{vouched, refused, refused}},
		{"plain without checksum", f1 + "/XXX5\r\n\r\n1-0:1.8.0(1*kWh)\r\n!\r\n" + f2, one + two, cipher.Stats{Frames: 2, Decrypted: 2}, []string{vouched, refused}},
		{"noise", f1 + "noise! / and more\r\n" + f2, one + two, cipher.Stats{Frames: 2, Decrypted: 2}, []string{vouched}},
		{"no tag, again and again", f1 + strings.Repeat(untagged, 5) + f2, one + two, cipher.Stats{Frames: 7, Decrypted: 2, Refused: 5},
			[]string{vouched, refused, refused, refused, refused, refused}},
		{"a wrong tag and a right checksum", f1 + strings.Repeat(wrongTag, 4) + f2, one + two, cipher.Stats{Frames: 6, Decrypted: 2, Refused: 4},
			[]string{vouched, refused, refused, refused, refused}},
		{"neither encrypted nor tagged", f1 + bare + f2, one + two, cipher.Stats{Frames: 3, Decrypted: 2, Refused: 1}, []string{vouched, refused}},
		{"old ones played back", f1 + old + old + old + old + f2, one + two, cipher.Stats{Frames: 6, Decrypted: 2, Refused: 4},
			[]string{vouched, refused, refused, refused, refused}},
		{"a counter that falls to zero", f1 + reset + f2, one + two, cipher.Stats{Frames: 3, Decrypted: 2, Refused: 1}, []string{vouched, refused}},
		{"a frame that comes twice", f1 + f1 + f2 + f1, one + two, cipher.Stats{Frames: 4, Decrypted: 2, Repeats: 2}, []string{vouched}},
		{"another meter with a tag", f1 + otherTitle + f2, one + three + two, cipher.Stats{Frames: 3, Decrypted: 3}, []string{vouched, vouched}},
		{"another key", f1 + otherKey + f2, one + two, cipher.Stats{Frames: 3, Decrypted: 2, Damaged: 1}, []string{vouched, "the encrypted telegram is damaged"}},
	} {
		for how, r := range map[string]io.Reader{"at once": strings.NewReader(test.in), "byte by byte": iotest.OneByteReader(strings.NewReader(test.in))} {
			got, _ := readAll(t, r, decode.Options{Keys: lineKeys, Strict: true})
			if diff := cmp.Diff(outcome{test.out, test.stats, test.notices}, got); diff != "" {
				t.Errorf("%s, %s: (-want +got)\n%s", test.name, how, diff)
			}
		}
	}
}

// TestProof: what an earlier run knew is known after a restart, through JSON,
// as long as the key is the same.
func TestProof(t *testing.T) {
	e, lineKeys := line()
	e.Counter = 500
	old, last := sealed(e, numbered(1)), ""
	e.Counter += 50
	last = sealed(e, numbered(2))
	next := sealed(e, numbered(3))

	plain, reader := readAll(t, strings.NewReader(numbered(9)), decode.Options{Keys: lineKeys})
	if p, ok := reader.Proof(); ok {
		t.Fatalf("a plain telegram proves %+v: %q", p, plain.Out)
	}
	_, reader = readAll(t, strings.NewReader(last), decode.Options{Keys: lineKeys})
	proof, ok := reader.Proof()
	if !ok {
		t.Fatal("no proof of a tag that fits")
	}
	kept, err := json.Marshal(proof)
	if err != nil || bytes.Contains(kept, lineKeys.Key) || strings.Contains(strings.ToLower(string(kept)), "50fb5fbd") {
		t.Fatalf("%s, %v", kept, err)
	}
	var loaded cipher.Proof
	if err := json.Unmarshal(kept, &loaded); err != nil {
		t.Fatal(err)
	}
	otherKeys := cipher.Keys{Key: bytes.Repeat([]byte{9}, 16)}
	for _, test := range []struct {
		name string
		keys cipher.Keys
		in   string
		out  string
	}{
		{"plain", lineKeys, numbered(9), ""},
		{"an old frame", lineKeys, old, ""},
		{"the last frame", lineKeys, last, ""},
		{"the next frame", lineKeys, next, numbered(3)},
		{"plain, and the key is another one", otherKeys, numbered(9), numbered(9)},
		{"plain, and there is no key any more", cipher.Keys{}, numbered(9), numbered(9)},
	} {
		if out := restored(t, test.keys, loaded, test.in); out != test.out {
			t.Errorf("%s: got %q, want %q", test.name, out, test.out)
		}
	}
	for _, damaged := range []cipher.Proof{{}, {Key: proof.Key, Counters: map[string]uint32{"xyz": 1, "00": 2}}} {
		if out := restored(t, lineKeys, damaged, next); out != numbered(3) {
			t.Errorf("%+v: got %q", damaged, out)
		}
	}
}

// restored is what passes of in after a restart.
func restored(t *testing.T, keys cipher.Keys, p cipher.Proof, in string) (out string) {
	t.Helper()
	r := decode.NewReader(decode.Options{Keys: keys, Strict: true, Raw: func(p []byte, _ bool) { out += string(p) }})
	r.Restore(p)
	r.Reset(strings.NewReader(in))
	for more := true; more; {
		_, more = r.Next()
	}
	if r.Err() != nil {
		t.Error(r.Err())
	}
	return out
}
