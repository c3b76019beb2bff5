package capture

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// walker goes through the lines of a stream and renames identifiers in place.
// It does not rely on whole telegrams: where bytes were lost, an identifier
// may stand anywhere. So besides what identifying objects hold, every word
// goes that looks like an identifier, or holds a piece of one that is known.
type walker struct {
	names    *names
	learning bool // only learn what is there

	class  class
	open   bool // a message's bracket goes on in the next line
	digits int  // of it so far: where the next byte of hex text begins
}

// walk goes through p, which has no parity bits.
func (w *walker) walk(p []byte) {
	w.class, w.open = strange, false
	for len(p) > 0 {
		end := bytes.IndexAny(p, "\r\n")
		if end < 0 {
			end = len(p)
		}
		w.line(p[:end])
		p = p[min(end+1, len(p)):]
	}
}

func (w *walker) line(p []byte) {
	if len(p) == 0 {
		return
	}
	i := 0
	if w.open {
		end := bytes.IndexByte(p, ')')
		if p[0] == '/' || p[0] == '!' || bytes.IndexByte(p, '(') >= 0 {
			w.open, w.class = false, strange
		} else if end < 0 {
			w.mask(p)
			return
		} else {
			w.mask(p[:end])
			w.open, i = false, end
		}
	}
	header := headerStart(p)
	inside := false
	for i < header {
		switch c := p[i]; {
		case c == '(':
			if i > 0 && p[i-1] != ')' && p[i-1] != '(' {
				w.class = classOf(p[:i])
			}
			inside = true
			if i++; w.class == message {
				i += w.message(p[i:header])
			}
		case c == ')':
			inside = false
			i++
		case isWord(c):
			end := i
			for end < header && isWord(p[end]) {
				end++
			}
			w.word(p, i, end, inside)
			i = end
		default:
			i++
		}
	}
	if header < len(p) {
		w.header(p[header:])
	}
}

// headerStart tells where an identification begins, which has no brackets; a
// line that was cut may stand before it.
func headerStart(p []byte) int {
	from := bytes.LastIndexByte(p, '(') + 1
	if i := bytes.IndexByte(p[from:], '/'); i >= 0 {
		return from + i
	}
	return len(p)
}

// message masks what stands in a message's bracket and returns how much that
// is.
func (w *walker) message(p []byte) int {
	w.digits = 0
	end := bytes.IndexByte(p, ')')
	if end < 0 {
		end = len(p)
		w.open = isHexWord(p) // else the line is damaged
	}
	w.mask(p[:end])
	return end
}

// mask makes every letter x and every digit 0, also in text that is written
// as hex digits.
func (w *walker) mask(p []byte) {
	if w.learning {
		return
	}
	if !isHexWord(p) {
		for i, c := range p {
			p[i] = masked(c)
		}
		return
	}
	for i := 0; i < len(p); i++ {
		second := w.digits%2 == 1
		w.digits++
		switch {
		case second || i+1 == len(p): // its other half stands in another line
			p[i] = '0'
		default:
			text, _ := dsmr.HexText(p[i : i+2])
			c := byte(0xFF)
			if len(text) == 1 {
				c = text[0]
			} else if p[i] < '8' || bytes.EqualFold(p[i:i+2], []byte("FF")) {
				i++ // a control character, or what fills an empty message
				w.digits++
				continue
			}
			c = masked(c)
			p[i], p[i+1] = hexDigits[c>>4], hexDigits[c&15]
			i++
			w.digits++
		}
	}
}

func masked(c byte) byte {
	switch {
	case isDigit(c):
		return '0'
	case isLetter(c):
		return 'x'
	case c > '~':
		return 0xFF
	}
	return c
}

// header renames the numbers in an identification line, which p begins with.
// The letters tell the model.
func (w *walker) header(p []byte) {
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
		switch _, asHex := dsmr.HexText(p[i:end]); {
		case asHex && end-i >= shortest, !asHex && w.names.knows(p[i:end]):
			w.use(p[i:end])
		case !isSagemcom(p[i-1:], end-i):
			w.numbers(p[i:end])
		}
		i = end
	}
}

// isSagemcom tells the number of a model, which stands in place of a name
// ("FLU5\253770234_A"): many meters have the same.
func isSagemcom(p []byte, n int) bool {
	return n == 9 && len(p) > 11 && p[0] == '\\' && bytes.HasPrefix(p[1:], []byte("253")) && p[10] == '_' && isLetter(p[11])
}

// numbers renames what has six digits and more in a row.
func (w *walker) numbers(p []byte) {
	for i := 0; i < len(p); i++ {
		end := i
		for end < len(p) && isDigit(p[end]) {
			end++
		}
		if end-i >= 6 {
			w.use(p[i:end])
		}
		i = max(i, end)
	}
}

// word looks at p[i:end].
func (w *walker) word(p []byte, i, end int, inside bool) {
	c := strange
	if inside {
		c = w.class
	}
	word := p[i:end]
	switch {
	case c == ident && !isError(word):
		if w.learning {
			w.names.learn(word)
		}
		w.use(word)
	case c == version && len(word) <= longest: // five characters as hex text
	case w.suspect(p, i, end, c):
		w.use(word)
	case w.learning:
		w.names.reserve(word)
	}
}

// use renames a word, or reserves it where it has a new name's form.
func (w *walker) use(word []byte) {
	if w.learning {
		w.names.reserve(word)
		return
	}
	w.names.rename(word)
}

// isError tells how Iskra says that an object has no value: ER23.
func isError(word []byte) bool {
	return len(word) == 4 && word[0] == 'E' && word[1] == 'R' && isDigit(word[2]) && isDigit(word[3])
}

const (
	shortest = 8  // fewer characters are no identifier that tells a meter
	longest  = 10 // number that a meter prints, in digits before or behind the point
)

// suspect tells whether the word p[i:end] may be an identifier.
func (w *walker) suspect(p []byte, i, end int, c class) bool {
	word := p[i:end]
	before, after := byte(0), byte(0)
	if i > 0 {
		before = p[i-1]
	}
	if end < len(p) {
		after = p[end]
	}
	digits := 0
	for _, c := range word {
		if isDigit(c) {
			digits++
		}
	}
	part := before == '.' || after == '.' || after == '*' // of a number
	if w.names.knows(word) {
		return len(word) >= gram || !part
	}
	if len(word) < shortest || digits < shortest-3 {
		return false
	}
	whole := before == '(' && after == ')'
	switch _, _, unit := meter.ParseUnit(word[leading(word):]); {
	case digits == len(word) && digits <= longest && (part || whole && c == value):
		return false
	case unit && leading(word) == digits && digits <= longest && c == value: // "00123Wh"
		return false
	}
	return !isTime(p, i, end) && !(whole && c == value && isNoTime(word))
}

// leading counts the digits that a word begins with.
func leading(word []byte) int {
	n := 0
	for n < len(word) && isDigit(word[n]) {
		n++
	}
	return n
}

// isNoTime tells what meters print for "never": digits in the place of a time.
func isNoTime(word []byte) bool {
	return leading(word) == 12 && (len(word) == 12 || len(word) == 13 && (word[12]|0x20 == 's' || word[12]|0x20 == 'w'))
}

// isTime tells that the word is a time, or the date that one begins with.
func isTime(p []byte, i, end int) bool {
	if _, ok := dsmr.ParseTimestamp(p[i:end]); ok {
		return true
	}
	const long = len("20240111 09:35:00")
	if i+long > len(p) {
		return false
	}
	_, ok := dsmr.ParseTimestamp(p[i : i+long])
	return ok
}
