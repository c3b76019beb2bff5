package config

import (
	"fmt"
	"slices"
	"strings"
)

// variable is one set variable of ours.
type variable struct {
	name string // as written
	key  string // without prefix, folded
	text string
}

// variables picks ours out of the environment, and the name of the options
// file; named says that the user chose it.
func (l *loader) variables(environ []string) (file string, named bool, vars []variable) {
	file = DefaultOptions
	for _, line := range environ {
		name, text, _ := strings.Cut(line, "=")
		if len(name) <= len(prefix) || !strings.EqualFold(strings.ReplaceAll(name[:len(prefix)], "-", "_"), prefix) || strings.TrimSpace(text) == "" {
			continue
		}
		switch key := fold(name[len(prefix):]); key {
		case fold(OptionsVariable[len(prefix):]):
			file, named = strings.TrimSpace(text), true
		case fold(SupervisorVariable[len(prefix):]):
		default:
			vars = append(vars, variable{name, key, text})
		}
	}
	// One option may be set by several spellings: ours comes last and wins.
	slices.SortStableFunc(vars, func(a, b variable) int { return l.rank(a) - l.rank(b) })
	return file, named, vars
}

// rank is 1 for a variable spelt exactly as the option's, -1 for a former name,
// else 0.
func (l *loader) rank(v variable) int {
	if _, ok := l.formerVariable(v.key); ok {
		return -1
	}
	if slices.ContainsFunc(l.list, func(o option) bool { return v.name == prefix+o.variable }) {
		return 1
	}
	return 0
}

// overlay puts the variables over what the options file set.
func (l *loader) overlay(vars []variable) {
	from := make(map[string]string) // the option's variable -> the name it was set by
	for _, v := range vars {
		var o option
		if i := slices.IndexFunc(l.list, func(o option) bool { return fold(o.variable) == v.key }); i >= 0 {
			o = l.list[i]
		} else if old, ok := l.formerVariable(v.key); ok {
			o = old
			l.warnings = append(l.warnings, fmt.Sprintf("the variable %s is called %s now; it still works, but write that", printable(v.name), prefix+o.variable))
		} else {
			l.warnings = append(l.warnings, l.unknownVariable(v.name))
			continue
		}
		if before, ok := from[o.variable]; ok && before != v.name {
			l.warnings = append(l.warnings, fmt.Sprintf("%s and %s are the same variable, and %s is used; remove one",
				printable(before), printable(v.name), printable(v.name)))
		}
		from[o.variable] = v.name
		l.settings[o.variable] = setting{v.name, clean(o, v.text)}
	}
}

func (l *loader) unknownVariable(name string) string {
	names := []string{OptionsVariable}
	for _, o := range l.list {
		names = append(names, prefix+o.variable)
	}
	text := "the variable " + printable(name) + " is unknown and not used"
	if meant := nearest(name, names); meant != "" {
		text += "; did you mean " + meant + "?"
	}
	return text
}
