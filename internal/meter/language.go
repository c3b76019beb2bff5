package meter

import "strings"

// Language is one that entities can be named in, by its ISO 639-1 code.
type Language string

// The languages. English is the one of the tables of quantities and media.
const (
	English Language = "en"
	Dutch   Language = "nl"
	German  Language = "de"
	French  Language = "fr"
	Swedish Language = "sv"
)

// Languages are all of them.
var Languages = []Language{English, Dutch, German, French, Swedish}

// UnmarshalText takes any case. What is no language is taken too, for
// whoever judges it.
func (l *Language) UnmarshalText(text []byte) error {
	*l = Language(strings.ToLower(string(text)))
	return nil
}
