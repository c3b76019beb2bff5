package decode_test

import (
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
)

// streams are what can stand on a line, and what is to come out of it.
func streams(t testing.TB) []stream {
	e, _ := line()
	one, two, three := numbered(1), numbered(2), numbered(3)
	f1, f2, f3 := sealed(e, one), sealed(e, two), sealed(e, three)
	noEnd := strings.TrimSuffix(one, "\r\n")
	long := signed("/XMX5LGBBFG10\n\n0-0:96.13.0(" + strings.Repeat("4D", 8100) + ")\n1-0:1.7.0(00.111*kW)\n")
	loud := signed("/A\n\n0-0:96.13.0(hey)!\n0-0:96.13.1(hey)!, you)\n1-0:1.7.0(00.111*kW)\n")
	falseStart := "\xDB\x08noise!!!\x82\x01\x00\x30"
	overlong := "\xDB\x08SAGgp\x00\x00\x01\x82\x40\x19\x30"
	short := "\xDB\x08SAGgp\x00\x00\x01\x1E\x30"
	announce := func(size byte) string { return "\xDB\x08noise" + string(size) + "!!\x82\x01" + string(size) + "\x30" }
	with := func(control byte, telegram string) string {
		e := *e
		e.Control = control
		return sealed(&e, telegram)
	}
	return []stream{
		{"nothing", "", "", cipher.Stats{}},
		{"plain only", one + two, one + two, cipher.Stats{}},
		{"frames back to back", f1 + f2 + f3, one + two + three, cipher.Stats{Frames: 3, Decrypted: 3}},
		{"line ends between frames", f1 + "\r\n" + f2, one + "\r\n" + two, cipher.Stats{Frames: 2, Decrypted: 2}},
		{"plain and encrypted in turn", one + f2 + three + f3, one + two + three + three, cipher.Stats{Frames: 2, Decrypted: 2}},
		{"a frame inside a plain telegram", one[:40] + f2 + one[40:] + three, one[:40] + "\r\n" + two + one[40:] + three, cipher.Stats{Frames: 1, Decrypted: 1}},
		{"the tail of a frame, then frames", f1[30:] + f2 + f3, f1[30:] + "\r\n" + two + three, cipher.Stats{Frames: 2, Decrypted: 2}},
		{"no line end in the frame", sealed(e, noEnd), one, cipher.Stats{Frames: 1, Decrypted: 1}},
		{"noise that begins like a frame", "\xDB\x08\xDB\xDB\x07\xDB\x08" + f1, "\xDB\x08\xDB\xDB\x07\xDB\x08\r\n" + one, cipher.Stats{Frames: 1, Decrypted: 1}},
		{"noise that is a frame's start", falseStart + f1 + f2, one + two, cipher.Stats{Frames: 3, Decrypted: 2, WrongKey: 1}},
		{"a frame's start before plain telegrams", falseStart + one + two + three + one, one + two + three + one, cipher.Stats{Frames: 1, WrongKey: 1}},
		{"a frame's start inside a line", "1-0:1.8" + falseStart + one + two + three + one, "1-0:1.8\r\n" + one + two + three + one, cipher.Stats{Frames: 1, WrongKey: 1}},
		{"the start of a frame at the end", one + "\xDB\x08SAGgp", one + "\xDB\x08SAGgp", cipher.Stats{}},
		{"cut by the end", f1 + f2[:60], one, cipher.Stats{Frames: 2, Decrypted: 1, Damaged: 1}},
		{"cut, then the next", f1[:60] + f2 + f3, two + three, cipher.Stats{Frames: 3, Decrypted: 2, Damaged: 1}},
		{"cut, then a plain one", f1[:60] + two + three, two + three, cipher.Stats{Frames: 1, Damaged: 1}},
		{"restart", f1[:40] + f1[:60] + f1, one, cipher.Stats{Frames: 3, Decrypted: 1, Damaged: 2}},
		{"a title that overlaps itself", strings.Repeat("\xDB\x08@0abcd", 12) + f1, one, cipher.Stats{Frames: 12, Decrypted: 1, WrongKey: 1, Damaged: 10}},
		{"repeats", f1 + f1 + f2 + f1 + f2 + f3 + f2, one + two + three, cipher.Stats{Frames: 7, Decrypted: 3, Repeats: 4}},
		{"short length", reframe(f1, 0) + reframe(f2, 1) + reframe(f3, 2), one + two + three, cipher.Stats{Frames: 3, Decrypted: 3}},
		{"the longest telegram", sealed(e, long) + f1, long, cipher.Stats{Frames: 2, Decrypted: 1, Repeats: 1}},
		{"a length that no telegram has", overlong + f1, overlong + "\r\n" + one, cipher.Stats{Frames: 1, Decrypted: 1}},
		{"a length that is too short for one", short + f1, short + "\r\n" + one, cipher.Stats{Frames: 1, Decrypted: 1}},
		{"the longest and the shortest frame", "\xDB\x08SAGgp\x00\x00\x01\x82\x40\x18\x30" + "\xDB\x08noise!!!\x1F\x30" + f1, one, cipher.Stats{Frames: 3, Decrypted: 1, WrongKey: 1, Damaged: 1}},
		{"noise inside what is taken for a frame", announce(127) + strings.Repeat("x", 20) + announce(20) + strings.Repeat("/ab\r\n", 150) + f1,
			strings.Repeat("/ab\r\n", 150)[348:] + one, cipher.Stats{Frames: 3, Decrypted: 1, WrongKey: 2}},
		{"a frame inside what is taken for one", announce(120) + f1 + strings.Repeat("x", 200) + f2, one + two, cipher.Stats{Frames: 3, Decrypted: 2, WrongKey: 1}},
		{"encrypted without a tag", with(0x20, one), one, cipher.Stats{Frames: 1, Decrypted: 1}},
		{"encrypted without a tag, an exclamation in a text", with(0x20, loud), loud, cipher.Stats{Frames: 1, Decrypted: 1}},
		{"encrypted without a tag, the checksum is that of a part", with(0x20, one[:40]+two) + f2, two, cipher.Stats{Frames: 2, Decrypted: 1, Damaged: 1}},
		{"authenticated only", with(0x10, one) + f1, one, cipher.Stats{Frames: 2, Decrypted: 1, Repeats: 1}},
		{"a frame around plain text", with(0, one), one, cipher.Stats{Frames: 1, Decrypted: 1}},
		{"plain text with a wrong checksum in a frame", with(0, strings.Replace(one, "00.001", "00.002", 1)) + two,
			strings.Replace(one, "00.001", "00.002", 1) + two, cipher.Stats{Frames: 1, Damaged: 1}},
	}
}

type stream struct {
	name, in, want string
	stats          cipher.Stats
}

// reframe writes the length of a frame with so many length bytes.
func reframe(frame string, size int) string {
	length := []byte{byte(len(frame) - 13)}
	switch size {
	case 1:
		length = []byte{0x81, length[0]}
	case 2:
		length = []byte{0x82, 0, length[0]}
	}
	return frame[:10] + string(length) + frame[13:]
}
