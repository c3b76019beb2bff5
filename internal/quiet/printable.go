package quiet

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns text with every character that is not printable written
// as in a Go string literal: line ends, terminal escapes, C1 controls and the
// marks that turn the reading direction. Words of other programs - MQTT
// clients, inverters, databases - would otherwise forge lines of the log or
// steer the terminal that shows it. A byte that is not UTF-8 becomes U+FFFD.
func Printable(text string) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
