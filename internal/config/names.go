package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Names says how messages name options to users: by the labels of the app's
// form under Home Assistant, by their variables elsewhere. In the program's texts
// an option stands with its dotted path, mqtt.url, or in braces, {slot}; In
// replaces both before a text is shown.
type Names struct {
	Form     bool           // the labels of the form
	Language meter.Language // of the labels
}

// NamesFor returns the names that fit the environment the program runs in.
func NamesFor(environ []string, l meter.Language) Names { return Names{Supervised(environ), l} }

// quotes stand around a label, in the order of meter.Languages.
var quotes = [...][2]string{{"“", "”"}, {"‘", "’"}, {"„", "“"}, {"«\u00a0", "\u00a0»"}, {"”", "”"}}

// named matches what may be the name of an option in a message.
var named = sync.OnceValue(func() *regexp.Regexp {
	var groups []string
	for _, o := range optionsOf(new(Config)) {
		if group, _, isGroup := strings.Cut(o.path, "."); isGroup && !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	return regexp.MustCompile(`\{[a-z0-9_.]+\}|\b(?:` + strings.Join(groups, "|") + `)(?:\.[a-z0-9_]+)+\b`)
})

// variableOf returns the options' variables by their paths.
var variableOf = sync.OnceValue(func() map[string]string {
	variables := make(map[string]string)
	for _, o := range optionsOf(new(Config)) {
		variables[o.path] = prefix + o.variable
	}
	return variables
})

// In returns the message with the user's names of the options in it.
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
		element, entry := listed(path)
		label, isInForm := labels[element]
		if !isInForm {
			return variable
		}
		return quotes[i][0] + strings.Replace(label[i], " →", entry+" →", 1) + quotes[i][1]
	})
}

// listed returns the path of an option of a list without the number of its
// entry, and that number as a label shows it, from 1.
func listed(path string) (element, entry string) {
	group, rest, _ := strings.Cut(path, ".")
	number, field, isListed := strings.Cut(rest, ".")
	n, err := strconv.Atoi(number)
	if !isListed || err != nil {
		return path, ""
	}
	return group + "." + field, " " + strconv.Itoa(n+1)
}

// Speaking returns the same names in another language.
func (n Names) Speaking(l meter.Language) Names { return Names{n.Form, l} }
