package config

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Names is what options are called where a person reads of them: by the labels
// of the app's form under Home Assistant, by their variables elsewhere. Messages
// of the program name an option by its dotted path, mqtt.url, or where that has
// no dot in braces, {slot}; whoever shows a message passes it through In.
type Names struct {
	Form     bool           // the labels of the form
	Language meter.Language // of the labels
}

// quotes stand around a label, in the order of meter.Languages.
var quotes = [...][2]string{{"“", "”"}, {"‘", "’"}, {"„", "“"}, {"«\u00a0", "\u00a0»"}, {"”", "”"}}

// named matches what may be an option's name in a message.
var named = sync.OnceValue(func() *regexp.Regexp {
	var groups []string
	for _, o := range optionsOf(new(Config)) {
		if group, _, isGroup := strings.Cut(o.path, "."); isGroup && !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	return regexp.MustCompile(`\{[a-z_.]+\}|\b(?:` + strings.Join(groups, "|") + `)\.[a-z_]+\b`)
})

// variableOf has the variable of each option by its path.
var variableOf = sync.OnceValue(func() map[string]string {
	variables := make(map[string]string)
	for _, o := range optionsOf(new(Config)) {
		variables[o.path] = prefix + o.variable
	}
	return variables
})

// In returns a message with the options in it called by their names.
func (n Names) In(text string) string {
	if !strings.ContainsAny(text, ".{") {
		return text
	}
	return named().ReplaceAllStringFunc(text, func(found string) string {
		path := strings.Trim(found, "{}")
		variable, isOption := variableOf()[path]
		if !isOption {
			return found
		}
		if !n.Form {
			return variable
		}
		i := max(0, slices.Index(meter.Languages, n.Language))
		label, isInForm := labels[path]
		if !isInForm {
			return variable
		}
		return quotes[i][0] + label[i] + quotes[i][1]
	})
}

// Speaking returns the same names in another language.
func (n Names) Speaking(l meter.Language) Names { return Names{n.Form, l} }
