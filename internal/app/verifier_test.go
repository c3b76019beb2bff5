package app_test

import (
	"bytes"
	"regexp"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
)

// longestTelegram is how many bytes the program reads for one.
const longestTelegram = 16 << 10

// verifier finds the telegrams in a stream whose checksum fits, and those that
// have none, in another way than the program: it tries every "/" with every
// "!" behind it, with a checksum of its own.
type verifier struct {
	tail   []byte
	may    map[string]int // lines that may come, and how often
	before map[string]int // those of the round before
	always map[string]bool
}

// newVerifier accepts what the given telegrams say at any time.
func newVerifier(plain [][]byte) *verifier {
	v := &verifier{may: make(map[string]int), always: make(map[string]bool)}
	for _, p := range plain {
		if line := says(append(bytes.Clone(p), "\r\n"...)); line != "" {
			v.always[line] = true
		}
	}
	return v
}

// add takes the next bytes of the stream.
func (v *verifier) add(data []byte) {
	v.before, v.may = v.may, make(map[string]int)
	text := append(v.tail, data...)
	v.find(text, len(v.tail))
	if stripped := masked(text); !bytes.Equal(stripped, text) {
		v.find(stripped, len(v.tail))
	}
	v.tail = bytes.Clone(text[max(0, len(text)-longestTelegram):])
}

// masked is p without parity bits.
func masked(p []byte) []byte {
	q := bytes.Clone(p)
	for i := range q {
		q[i] &= 0x7F
	}
	return q
}

// find notes what the telegrams say that end at from or behind it. It is most
// of the test's work, and touches nothing that is shared.
//
//go:norace
func (v *verifier) find(text []byte, from int) {
	for start := 0; start < len(text); start++ {
		if text[start] != '/' {
			continue
		}
		// As it is, as it was before something took the CR of line ends, and
		// before it took the empty line behind the first one.
		asIs, mended, filled := uint16(0), uint16(0), uint16(0)
		first := true
		for i := start; i < len(text) && i-start <= longestTelegram+4; i++ {
			c := text[i]
			if c == '\n' && text[i-1] != '\r' {
				mended = arcs[byte(mended)^'\r'] ^ mended>>8
				filled = arcs[byte(filled)^'\r'] ^ filled>>8
			}
			asIs, mended = arcs[byte(asIs)^c]^asIs>>8, arcs[byte(mended)^c]^mended>>8
			filled = arcs[byte(filled)^c] ^ filled>>8
			if c == '\n' && first {
				first = false
				if !bytes.HasPrefix(bytes.TrimPrefix(text[i+1:], []byte("\r")), []byte("\n")) {
					filled = arcs[byte(filled)^'\r'] ^ filled>>8
					filled = arcs[byte(filled)^'\n'] ^ filled>>8
				}
			}
			if c != '!' || i < from-4 {
				continue
			}
			want, digits := checksumBehind(text[i+1:])
			if digits > 0 && (want == asIs || want == mended || want == filled) || digits == 0 && alone(text, start, i) {
				if line := says(text[start : i+1+digits]); line != "" {
					v.may[line]++
				}
			}
		}
	}
}

// alone tells whether text[start:end] is a telegram without checksum: no byte
// vouches for it, so at least it ends as one and has no other in it. What
// stands before it may be a frame, which the program takes out.
func alone(text []byte, start, end int) bool {
	return bytes.IndexByte([]byte("\r\n)"), text[end-1]) >= 0 && !bytes.Contains(text[start+1:end], []byte("\n/"))
}

// arcs is CRC-16/ARC for each byte.
var arcs = func() (table [256]uint16) {
	for i := range table {
		crc := uint16(i)
		for range 8 {
			low := crc & 1
			if crc >>= 1; low != 0 {
				crc ^= 0xA001
			}
		}
		table[i] = crc
	}
	return table
}()

func checksumBehind(p []byte) (sum uint16, digits int) {
	for digits < min(4, len(p)) {
		c := p[digits]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		default:
			return sum, digits
		}
		sum = sum<<4 | uint16(c)
		digits++
	}
	return sum, digits
}

// told are the fields that a telegram tells by itself; the others may rest on
// telegrams before it too.
var told = regexp.MustCompile(`"(?:crc|header|p1Version|powerTs|powerSn|totalT[12](?:Use|Delivered)|currentTarrif|(?:current|voltage)\w*|(?:p|longP)owerFailures|gasSn)":` +
	`(?:"(?:[^"\\]|\\.)*"|[-a-z0-9.]+)|"gas":\{[^}]*\}`)

// own is what a line says by itself.
func own(line string) string { return strings.Join(told.FindAllString(line, -1), ",") }

// says is the line of the JSON socket for one telegram alone, or empty.
func says(telegram []byte) string {
	scanner := frame.NewScanner(bytes.NewReader(telegram))
	for scanner.Scan() {
		if scanner.Frame().Kind != frame.Text {
			continue
		}
		reading, err := new(dsmr.Parser).Parse(scanner.Frame().Telegram, time.Now())
		if err != nil {
			continue
		}
		return own(string(reading.AppendJSON(nil, time.Local)) + "\r\n")
	}
	return ""
}

// accept tells whether the line may come, and counts it.
func (v *verifier) accept(line string) bool {
	line = own(line)
	for _, may := range []map[string]int{v.may, v.before} {
		if may[line] > 0 {
			may[line]--
			return true
		}
	}
	return v.always[line]
}

// closest is the line that may come and has most in common with this one, for
// who must know why it may not.
func (v *verifier) closest(line string) (best string) {
	line = own(line)
	most := -1
	for _, may := range []map[string]int{v.may, v.before} {
		for l := range may {
			n := 0
			for n < min(len(l), len(line)) && l[n] == line[n] {
				n++
			}
			m := 0
			for m < min(len(l), len(line))-n && l[len(l)-1-m] == line[len(line)-1-m] {
				m++
			}
			if n+m > most {
				best, most = l, n+m
			}
		}
	}
	return best
}
