package capture

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/obis"
)

const (
	shortest = 8  // fewer characters are no identifier that tells a meter
	longest  = 10 // number that a meter prints, in digits before the point, zeros at its start aside
	finest   = 7  // in digits behind it (EasyMeter)
)

// redactTelegram goes through the lines of a whole telegram, without its end mark,
// and redacts them in place by the table of objects. The header comes last: it
// may hold an identifier that an object has told.
func redactTelegram(body []byte, n *names) {
	header, rest, _ := bytes.Cut(body, []byte("\n"))
	var r redaction
	for len(rest) > 0 {
		line := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			line, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
		r.line(line, n)
	}
	redactHeader(header, n)
}

// redaction is where the redaction of a telegram stands.
type redaction struct {
	object *obis.Object // whose brackets come; nil: it is not known
	open   bool         // a message's bracket goes on in the next line
	digits int          // of it so far
}

func (r *redaction) line(p []byte, n *names) {
	if r.open && bytes.IndexByte(p, '(') < 0 {
		end := bytes.IndexByte(p, ')')
		if end < 0 {
			r.message(p)
			return
		}
		r.message(p[:end])
		r.open, p = false, p[end:]
	}
	r.open = false
	id := bytes.IndexByte(p, '(')
	if id < 0 {
		mask(p, false)
		return
	}
	if id > 0 {
		c, _, ok := obis.Parse(bytes.TrimSpace(p[:id]))
		r.object = c.Lookup()
		if !ok {
			r.object = nil
			mask(p[:id], false)
		}
	}
	for p = p[id:]; len(p) > 0; {
		if p[0] != '(' {
			mask(p[:1], false)
			p = p[1:]
			continue
		}
		p = p[1:]
		end := bytes.IndexByte(p, ')')
		if r.open = end < 0; r.open {
			end = len(p)
		}
		r.digits = 0
		r.group(p[:end], n)
		p = p[min(end+1, len(p)):]
	}
	r.open = r.open && r.object != nil && r.object.Kind == obis.Message
}

// group redacts what stands in a bracket.
func (r *redaction) group(p []byte, n *names) {
	kind := obis.NumKinds // not known
	if r.object != nil {
		kind = r.object.Kind
	}
	switch kind {
	case obis.Identifier, obis.ChannelIdentifier, obis.ChannelEAN:
		if !isError(p) {
			n.rename(p)
		}
	case obis.Message:
		r.message(p)
	case obis.NumKinds:
		if !isValue(p) {
			mask(p, false)
		}
	case obis.Version:
		if len(p) > len("3530323137") { // five characters as hex text
			mask(p, false)
		}
	default:
		if len(p) >= shortest && !isValue(p) {
			mask(p, false)
		}
	}
}

// message masks a text. One in hex digits becomes zeros that are text too.
func (r *redaction) message(p []byte) {
	if !isHexWord(bytes.TrimRight(p, "\r")) {
		mask(p, false)
		return
	}
	for i, c := range p {
		if c != '\r' {
			p[i] = "30"[r.digits%2]
			r.digits++
		}
	}
}

// isError reports whether Iskra says that an object has no value: ER23.
func isError(p []byte) bool {
	return len(p) == 4 && p[0] == 'E' && p[1] == 'R' && isDigit(p[2]) && isDigit(p[3])
}

// isValue reports whether p has the form of a value, a time or a code, which no
// identifier has.
func isValue(p []byte) bool {
	if _, ok := dsmr.ParseTimestamp(p); ok || isNoTime(p) {
		return true
	}
	if _, _, ok := obis.Parse(p); ok && bytes.IndexByte(p, ':') >= 0 {
		return true
	}
	_, rest, ok := dsmr.Number(p)
	whole, decimals, point := bytes.Cut(p[:len(p)-len(rest)], []byte("."))
	if !ok || len(bytes.TrimLeft(whole, " -0")) > longest || len(decimals) > finest {
		return false
	}
	rest = bytes.TrimSpace(bytes.TrimPrefix(rest, []byte("*")))
	_, _, unit := meter.ParseUnit(rest)
	return unit || len(rest) == 0 && (point || len(bytes.Trim(p, "0")) == 0)
}

// isNoTime reports whether p is what meters print for "never": digits in the
// place of a time that does not exist.
func isNoTime(p []byte) bool {
	digits := bytes.TrimRight(p, "SWsw")
	for _, month := range []string{"25", "52"} { // 632525252525W, 35255255255255255S
		if len(digits) >= 12 && len(p)-len(digits) == 1 && bytes.Count(digits, []byte(month)) >= 4 && isDigits(digits) {
			return true
		}
	}
	zero := bytes.HasPrefix(p, []byte("0001010000")) || bytes.HasPrefix(p, []byte("700101"))
	return zero && len(digits) == 12 && isDigits(digits)
}

func isDigits(p []byte) bool {
	for _, c := range p {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// redactHeader renames the numbers in an identification line, which p begins
// with. The letters tell the model.
func redactHeader(p []byte, n *names) {
	i := 1
	if len(p) > 5 && isLetter(p[1]) && isLetter(p[2]) && isLetter(p[3]) {
		i = 5 // the maker's letters and the speed
	}
	for i < len(p) {
		end := i
		for end < len(p) && isWord(p[end]) {
			end++
		}
		if end == i {
			i++
			continue
		}
		word := p[i:end]
		switch _, asHex := dsmr.HexText(word); {
		case n.knows(word), asHex && len(word) >= shortest:
			n.rename(word)
		case !isSagemcom(p[i-1:], len(word)):
			renameNumbers(word, n)
		}
		i = end
	}
}

// isSagemcom reports whether p[1:] is the number of a model, which stands in
// place of a name ("FLU5\253770234_A"): many meters have the same.
func isSagemcom(p []byte, n int) bool {
	return n == 9 && len(p) > 11 && bytes.HasPrefix(p, []byte(`\253`)) && p[10] == '_' && isLetter(p[11])
}

// renameNumbers renames what has six digits and more in a row.
func renameNumbers(p []byte, n *names) {
	for i := 0; i < len(p); i++ {
		end := i
		for end < len(p) && isDigit(p[end]) {
			end++
		}
		if end-i >= 6 {
			n.rename(p[i:end])
		}
		i = max(i, end)
	}
}
