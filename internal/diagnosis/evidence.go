package diagnosis

import (
	"bytes"
	"math/bits"
	"strings"
)

// Evidence gathers what a line sends, to say what is the matter with it. The
// zero Evidence has seen nothing. It costs a count a byte.
type Evidence struct {
	histogram [256]uint64
	tail      [7]byte // the last bytes, for marks that two reads share
	marks     [len(marks)]uint64

	messages [NumCauses]uint64 // by what became of them
}

// marks are how other protocols begin their frames or answers.
var marks = [...]struct {
	cause Cause
	text  bool                // stands among text
	first string              // bytes that it may begin with
	fits  func(p []byte) bool // p has eight bytes
}{
	{HDLC, false, "\x7E", func(p []byte) bool { return p[1]&0xF8 == 0xA0 && p[2] != 0x7E && p[3]&1 == 1 }},
	{SML, false, "\x1B", func(p []byte) bool { return bytes.Equal(p, []byte{0x1B, 0x1B, 0x1B, 0x1B, 1, 1, 1, 1}) }},
	{MBus, false, "\x68", func(p []byte) bool { return p[3] == 0x68 && p[1] == p[2] && p[1] > 3 }},
	{TIC, true, "\x02", func(p []byte) bool { return p[1] == '\n' && p[2] > ' ' && p[2] < 0x7F }},
	{HTTP, true, "H<", func(p []byte) bool {
		return bytes.HasPrefix(p, []byte("HTTP/")) || bytes.EqualFold(p, []byte("<!doctyp")) || bytes.EqualFold(p[:5], []byte("<html"))
	}},
	{JSON, true, "{", func(p []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(p[1:], " \t\r\n"), []byte{'"'}) }},
	// Of this program and smartmeter2mqtt, and of ser2net.
	{TooMany, true, "TP", func(p []byte) bool { return string(p) == "Too many" || string(p) == "Port alr" }},
}

// marked are the bytes that a mark may begin with.
var marked = func() (is [256]bool) {
	for _, m := range marks {
		for _, b := range []byte(m.first) {
			is[b] = true
		}
	}
	return is
}()

// Bytes records what the line sent.
func (e *Evidence) Bytes(p []byte) {
	for _, b := range p {
		e.histogram[b]++
	}
	var joined [14]byte // windows that begin in the last read
	n := copy(joined[:], e.tail[:])
	n += copy(joined[n:], p)
	e.look(joined[:n])
	e.look(p)
	if len(p) >= len(e.tail) {
		copy(e.tail[:], p[len(p)-len(e.tail):])
	} else {
		copy(e.tail[:], joined[len(p):n])
	}
}

func (e *Evidence) look(p []byte) {
	for i := 0; i+8 <= len(p); i++ {
		if !marked[p[i]] {
			continue
		}
		for m := range marks {
			if strings.IndexByte(marks[m].first, p[i]) >= 0 && marks[m].fits(p[i:i+8]) {
				e.marks[m]++
			}
		}
	}
}

// Message records what became of a message: Good for a reading, Cut for a
// telegram that never ended, or why it gave none.
func (e *Evidence) Message(c Cause) { e.messages[c]++ }

// Cut records n telegrams that never ended.
func (e *Evidence) Cut(n uint64) { e.messages[Cut] += n }

// Count returns how many messages became that.
func (e *Evidence) Count(c Cause) uint64 { return e.messages[c] }

// Seen returns how many bytes came.
func (e *Evidence) Seen() uint64 {
	total, _, _, _ := e.share()
	return total
}

// Reset forgets all.
func (e *Evidence) Reset() { *e = Evidence{} }

// Add takes all that b has seen, as if it had come before.
func (e *Evidence) Add(b *Evidence) {
	for i, n := range b.histogram {
		e.histogram[i] += n
	}
	for i, n := range b.marks {
		e.marks[i] += n
	}
	for i, n := range b.messages {
		e.messages[i] += n
	}
}

// sure are the causes that one message proves, what is worst first.
var sure = [...]Cause{Unverified, WrongKey, Encrypted, Checksums, NoChecksum, DamagedFrame, Damaged, Layout, Good}

// Cause returns what is the matter; Waiting for not a byte. What is sure goes
// before what is likely.
func (e *Evidence) Cause() Cause {
	total, text, high, oddParity := e.share()
	for _, c := range sure {
		if e.messages[c] > 0 {
			return c
		}
	}
	if total == 0 {
		return Waiting
	}
	isText := text*100 >= total*95
	for m := range marks {
		if e.marks[m] > 0 && marks[m].text == isText {
			return marks[m].cause
		}
	}
	switch {
	case e.telnet(total, text):
		return Telnet
	case isText && (e.messages[Cut] > 0 || e.objects()):
		return Cut
	case isText:
		return OtherText
	case oddParity*50 < total && high*10 > total && high*10 < total*9 && e.cipherless():
		return Parity
	}
	return Noise
}

// share counts all bytes, those that a telegram may have, those above 0x7F
// and those whose number of ones is odd.
func (e *Evidence) share() (total, text, high, odd uint64) {
	for b, n := range e.histogram {
		total += n
		if b >= ' ' && b <= '~' || b == '\r' || b == '\n' {
			text += n
		}
		if b > 0x7F {
			high += n
		}
		if bits.OnesCount8(uint8(b))&1 != 0 {
			odd += n
		}
	}
	return total, text, high, odd
}

// telnet reports whether a telnet server negotiates (RFC 854: 255, then 251 to 254
// and an option), with text at most beside that, or that it asks for a login.
func (e *Evidence) telnet(total, text uint64) bool {
	const will, iac = 251, 255
	var commands uint64
	for b := will; b < iac; b++ {
		commands += e.histogram[b]
	}
	// An option may look like text.
	if n := e.histogram[iac]; n > 0 && n == commands && text+3*n >= total {
		return true
	}
	return text == total && bytes.EqualFold(e.tail[:], []byte("login: "))
}

// objects reports whether the text looks like object lines: brackets, colons
// and dashes by the line.
func (e *Evidence) objects() bool {
	lines := e.histogram['\n']
	return lines > 1 && e.histogram['('] >= lines/2 && e.histogram[':'] >= lines/2 && e.histogram['.'] >= lines
}

// cipherless reports whether taking bit 7 off leaves text.
func (e *Evidence) cipherless() bool {
	var total, text uint64
	for b, n := range e.histogram {
		total += n
		if c := b & 0x7F; c >= ' ' && c <= '~' || c == '\r' || c == '\n' {
			text += n
		}
	}
	return text*100 >= total*95
}
