package decode

import (
	"bytes"
	"errors"
	"math/bits"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
)

// Verdict is what is the matter with a line, as far as its bytes tell.
type Verdict uint8

// The verdicts. What a person can do about each is told where options are
// known, not here.
const (
	VerdictSilence      Verdict = iota // not a byte
	VerdictGood                        // telegrams arrive, and nothing else
	VerdictChecksums                   // telegrams arrive, some or all with a wrong checksum
	VerdictNoChecksum                  // telegrams have lost the checksum that their meter sends
	VerdictCut                         // telegrams arrive, but not whole
	VerdictDamaged                     // telegrams without checksum arrive with broken lines
	VerdictEncrypted                   // encrypted frames arrive, and there is no key
	VerdictWrongKey                    // encrypted frames arrive, and the key does not fit
	VerdictDamagedFrame                // encrypted frames arrive damaged
	VerdictUnverified                  // telegrams arrive that the key does not vouch for
	VerdictParity                      // 7E1 read as 8N1, and too damaged to be recovered
	VerdictNoise                       // wrong speed or parity, or an inverted signal: these look alike
	VerdictHDLC                        // DLMS in HDLC frames, not P1 (IEC 62056-46)
	VerdictSML                         // Smart Message Language, not P1 (IEC 62056-5-3-8)
	VerdictMBus                        // wired M-Bus, not P1 (EN 13757-2)
	VerdictTIC                         // French Linky, not P1
	VerdictHTTP                        // a web server answers
	VerdictJSON                        // objects of JSON
	VerdictTelnet                      // a telnet server negotiates or asks for a login
	VerdictTooMany                     // a network reader says that it serves somebody else
	VerdictOtherText                   // text that is no telegram: another format
	NumVerdicts                        // how many there are
)

var verdictNames = [NumVerdicts]string{
	VerdictSilence: "silence", VerdictGood: "good", VerdictChecksums: "checksums", VerdictNoChecksum: "no checksum", VerdictCut: "cut telegrams",
	VerdictDamaged: "damaged telegrams", VerdictEncrypted: "encrypted", VerdictWrongKey: "wrong key", VerdictDamagedFrame: "damaged frames", VerdictUnverified: "unverified",
	VerdictParity: "parity bits", VerdictNoise: "noise", VerdictHDLC: "HDLC", VerdictSML: "SML", VerdictMBus: "M-Bus", VerdictTIC: "TIC",
	VerdictHTTP: "HTTP", VerdictJSON: "JSON", VerdictTelnet: "telnet", VerdictTooMany: "too many clients", VerdictOtherText: "other text",
}

// String is the verdict's name.
func (v Verdict) String() string { return verdictNames[v] }

// Evidence gathers what a line sends, to say what is the matter with it. The
// zero Evidence has seen nothing. It costs a count a byte.
type Evidence struct {
	histogram [256]uint64
	tail      [7]byte // the last bytes, for marks that two reads share
	marks     [len(marks)]uint64

	good, checksum, noChecksum, cut, damaged uint64
	noKey, wrongKey, damagedFrame            uint64
	unverified                               uint64
}

// marks are how other protocols begin their frames or answers.
var marks = [...]struct {
	verdict Verdict
	text    bool                // stands among text
	first   string              // bytes that it may begin with
	fits    func(p []byte) bool // p has eight bytes
}{
	{VerdictHDLC, false, "\x7E", func(p []byte) bool { return p[1]&0xF8 == 0xA0 && p[2] != 0x7E && p[3]&1 == 1 }},
	{VerdictSML, false, "\x1B", func(p []byte) bool { return bytes.Equal(p, []byte{0x1B, 0x1B, 0x1B, 0x1B, 1, 1, 1, 1}) }},
	{VerdictMBus, false, "\x68", func(p []byte) bool { return p[3] == 0x68 && p[1] == p[2] && p[1] > 3 }},
	{VerdictTIC, true, "\x02", func(p []byte) bool { return p[1] == '\n' && p[2] > ' ' && p[2] < 0x7F }},
	{VerdictHTTP, true, "H<", func(p []byte) bool {
		return bytes.HasPrefix(p, []byte("HTTP/")) || bytes.EqualFold(p, []byte("<!doctyp")) || bytes.EqualFold(p[:5], []byte("<html"))
	}},
	{VerdictJSON, true, "{", func(p []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(p[1:], " \t\r\n"), []byte{'"'}) }},
	// Of this program and smartmeter2mqtt, and of ser2net.
	{VerdictTooMany, true, "TP", func(p []byte) bool { return string(p) == "Too many" || string(p) == "Port alr" }},
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

// Message records why a message gave no reading, nil for one that did.
func (e *Evidence) Message(err error) {
	switch {
	case err == nil:
		e.good++
	case errors.Is(err, dsmr.ErrChecksum):
		e.checksum++
	case errors.Is(err, dsmr.ErrNoChecksum):
		e.noChecksum++
	case errors.Is(err, dsmr.ErrTruncated), errors.Is(err, dsmr.ErrEmpty):
		e.cut++
	case errors.Is(err, cipher.ErrNoKey):
		e.noKey++
	case errors.Is(err, cipher.ErrKey):
		e.wrongKey++
	case errors.Is(err, cipher.ErrFrame):
		e.damagedFrame++
	case errors.Is(err, cipher.ErrUnverified):
		e.unverified++
	default:
		e.damaged++
	}
}

// Cut records how many telegrams never ended, as frame.Stats counts them.
func (e *Evidence) Cut(n uint64) { e.cut += n }

// Good returns how many telegrams gave a reading, Bad how many did not.
func (e *Evidence) Good() uint64 { return e.good }

// Bad returns how many telegrams and frames gave no reading.
func (e *Evidence) Bad() uint64 {
	return e.checksum + e.noChecksum + e.damaged + e.noKey + e.wrongKey + e.damagedFrame + e.unverified
}

// Cuts returns how many telegrams never ended, Seen how many bytes came.
func (e *Evidence) Cuts() uint64 { return e.cut }

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
	e.good += b.good
	e.checksum += b.checksum
	e.noChecksum += b.noChecksum
	e.cut += b.cut
	e.damaged += b.damaged
	e.noKey += b.noKey
	e.wrongKey += b.wrongKey
	e.damagedFrame += b.damagedFrame
	e.unverified += b.unverified
}

// Verdict says what is the matter. What is sure goes before what is likely.
func (e *Evidence) Verdict() Verdict {
	total, text, high, oddParity := e.share()
	// An encrypted P1 frame in the frames of another protocol: one by one.
	for m := range marks {
		if frames := e.noKey + e.wrongKey + e.damagedFrame; frames > 0 && e.marks[m] >= frames && !marks[m].text {
			return marks[m].verdict
		}
	}
	switch {
	case e.unverified > 0:
		return VerdictUnverified
	case e.wrongKey > 0:
		return VerdictWrongKey
	case e.noKey > 0:
		return VerdictEncrypted
	case e.checksum > 0:
		return VerdictChecksums
	case e.noChecksum > 0:
		return VerdictNoChecksum
	case e.damagedFrame > 0:
		return VerdictDamagedFrame
	case e.damaged > 0:
		return VerdictDamaged
	case e.good > 0:
		return VerdictGood
	case total == 0:
		return VerdictSilence
	}
	for m := range marks {
		if e.marks[m] > 0 && marks[m].text == (text*100 >= total*95) {
			return marks[m].verdict
		}
	}
	switch {
	case e.telnet(total, text):
		return VerdictTelnet
	case text*100 >= total*95 && e.cut > 0, text*100 >= total*95 && e.objects():
		return VerdictCut
	case text*100 >= total*95:
		return VerdictOtherText
	case oddParity*50 < total && high*10 > total && high*10 < total*9 && e.cipherless():
		return VerdictParity
	}
	return VerdictNoise
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
