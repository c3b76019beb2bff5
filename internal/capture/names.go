package capture

import (
	"bytes"
	"encoding/hex"
	"slices"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
)

// names gives every identifier another one of the same length and form: its
// digits become a small number with zeros before it, its letters X, save those
// of the maker at its start. E0043007052870318 becomes E0000000000000001. An
// identifier that has this form already stays, so that what is redacted does
// not change when it is redacted again.
type names struct {
	taken map[string]bool   // new names that are in use
	given map[string]string // the new name of an identifier
	last  map[string]int    // number given last, by form

	reserving bool // nothing is given yet: names that are there already are taken
}

func newNames() *names {
	return &names{taken: map[string]bool{}, given: map[string]string{}, last: map[string]int{}}
}

// knows reports whether a word is an identifier that an object has told.
func (n *names) knows(word []byte) bool { return n.given[string(word)] != "" }

// rename replaces an identifier in place, word by word.
func (n *names) rename(id []byte) {
	if _, asHex := dsmr.HexText(id); asHex {
		copy(id, n.each(id, n.named))
		return
	}
	for i := 0; i < len(id); {
		end := i
		for end < len(id) && isWord(id[end]) {
			end++
		}
		copy(id[i:end], n.named(id[i:end]))
		i = end + 1
	}
}

// each takes an identifier apart that is text in hex digits (DSMR 5.0.2 section
// 6.5), where the words of that text are what counts. It returns id with what do
// made of each word.
func (n *names) each(id []byte, do func(word []byte) []byte) []byte {
	text, _ := dsmr.HexText(id)
	var out []byte
	for len(text) > 0 {
		end := 0
		for end < len(text) && isWord(text[end]) {
			end++
		}
		if end > 0 {
			out = append(out, do(text[:end])...)
		} else {
			end = 1
			out = append(out, text[0])
		}
		text = text[end:]
	}
	digits := hex.AppendEncode(nil, out)
	if !bytes.ContainsAny(id, "abcdef") {
		digits = bytes.ToUpper(digits)
	}
	return digits
}

// named returns the new name of a word.
func (n *names) named(word []byte) []byte { return n.namedAs(word, formOfWord(word)) }

// namedAs returns the new name of a word in a form.
func (n *names) namedAs(word, form []byte) []byte {
	if isNamed(word, form) {
		n.taken[string(word)] = true
		return word
	}
	if n.reserving || len(word) == 0 {
		return word
	}
	if name, found := n.given[string(word)]; found {
		return []byte(name)
	}
	name, most := form, mostNames(form)
	for i := n.last[string(form)] + 1; i <= most; i++ {
		n.last[string(form)] = i
		if next := numbered(form, i); !n.taken[string(next)] {
			name = next
			break
		}
	}
	n.given[string(word)] = string(name)
	n.taken[string(name)] = true
	return name
}

// isNamed reports whether a word is a new name of a form.
func isNamed(word, form []byte) bool {
	number := 0
	for i, c := range word {
		if !isDigit(c) {
			if form[i] != c {
				return false
			}
			continue
		}
		if number = number*10 + int(c-'0'); number > mostNames(form) {
			return false
		}
	}
	return true
}

// formOfWord is the word with its letters as they become, and zeros for its
// digits.
func formOfWord(word []byte) []byte {
	form := slices.Clone(word)
	asHex := len(word)%2 == 0 && isHexWord(word) // a byte string, such as an M-Bus address
	maker := makerEnd(word)
	for i, c := range word {
		switch {
		case isDigit(c):
			form[i] = '0'
		case i < maker:
		case asHex && c >= 'a':
			form[i] = 'a'
		case asHex:
			form[i] = 'A'
		case c >= 'a':
			form[i] = 'x'
		default:
			form[i] = 'X'
		}
	}
	return form
}

// makerEnd returns where the letters of the maker end: up to three, one digit
// may stand before them (the M-Bus device type, DIN 43863-5).
func makerEnd(word []byte) int {
	i := 0
	if len(word) > 0 && isDigit(word[0]) {
		i = 1
	}
	for first := i; i < len(word) && i < first+3 && !isDigit(word[i]); {
		i++
	}
	return i
}

// mostNames is how many names there are of a form; what is more becomes zeros.
func mostNames(form []byte) int {
	switch digits := bytes.Count(form, []byte("0")); {
	case digits == 0:
		return 0
	case digits < 6:
		return 9
	}
	return 999
}

// numbered writes n into the digits of form.
func numbered(form []byte, n int) []byte {
	name := slices.Clone(form)
	for i := len(name) - 1; i >= 0 && n > 0; i-- {
		if name[i] == '0' {
			name[i] = '0' + byte(n%10)
			n /= 10
		}
	}
	return name
}

func isDigit(c byte) bool  { return c-'0' <= 9 }
func isLetter(c byte) bool { return (c|0x20)-'a' < 26 }
func isWord(c byte) bool   { return isDigit(c) || isLetter(c) }

func isHexWord(p []byte) bool {
	for _, c := range p {
		if !isDigit(c) && (c|0x20)-'a' > 5 {
			return false
		}
	}
	return true
}
