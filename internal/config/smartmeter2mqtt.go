package config

import (
	"slices"
	"strings"
)

// isForeign reports whether the options file is that of smartmeter2mqtt's
// beta: a key of theirs at the top, and none that is ours alone. Users who
// come from there keep it: what this program has is taken, the rest is listed in
// a warning.
func (l *loader) isForeign(root map[string]any) bool {
	has := func(key string) bool {
		_, ok := root[key]
		return ok
	}
	ours := slices.ContainsFunc(l.list, func(o option) bool {
		top, _, _ := strings.Cut(o.path, ".")
		return has(top) && top != "solar" // which both have
	})
	return !ours && slices.ContainsFunc([]string{"serialPort", "socket", "outputs", "encryption"}, has)
}

// warnForeign warns once about smartmeter2mqtt's file, with what was not taken.
func (l *loader) warnForeign(file string) {
	left := ""
	if len(l.left) > 0 {
		left = "; this program has no option for " + strings.Join(l.left, ", ")
	}
	l.warn("%s is an options file of smartmeter2mqtt; it is understood, "+
		"but better written with this program's options%s",
		printable(file), left)
}
