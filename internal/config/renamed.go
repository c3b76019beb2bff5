package config

import (
	"fmt"
	"slices"
	"strings"
)

// renaming is an option's former name: its path in the options file, its
// variable without prefix, or both. now is the variable that it has today.
type renaming struct{ path, variable, now string }

// renamed are the former names, which go on to work. A name that was in the
// app's form also stays in the schema of its config.yaml, as an option that may
// be absent, because the Supervisor drops what is not there.
var renamed = []renaming{
	// smartmeter2mqtt's beta, in a file that has options of ours already.
	{path: "serialPort", now: "PORT"},
	{path: "socket", now: "SOCKET"},
	{path: "encryption.key", now: "ENC_KEY"},
	{path: "encryption.aad", now: "ENC_AAD"},
}

// former is a setting under its former name.
type former struct {
	option option
	setting
}

// formerly returns the option that had the path, if any.
func (l *loader) formerly(path string) (o option, ok bool) {
	i := slices.IndexFunc(renamed, func(r renaming) bool { return r.path == path && path != "" })
	if i < 0 {
		return option{}, false
	}
	return l.called(renamed[i].now), true
}

// formerGroup reports whether former names begin with the path and a dot.
func formerGroup(path string) bool {
	return slices.ContainsFunc(renamed, func(r renaming) bool { return strings.HasPrefix(r.path, path+".") })
}

// formerVariable returns the option whose variable had the folded name, if any.
func (l *loader) formerVariable(key string) (o option, ok bool) {
	i := slices.IndexFunc(renamed, func(r renaming) bool { return r.variable != "" && fold(r.variable) == key })
	if i < 0 {
		return option{}, false
	}
	return l.called(renamed[i].now), true
}

// called returns the option with the variable, which must exist.
func (l *loader) called(variable string) option {
	return l.list[slices.IndexFunc(l.list, func(o option) bool { return o.variable == variable })]
}

// takeFormer takes what the file says under former names, where the option's
// own name says nothing.
func (l *loader) takeFormer() {
	for _, f := range l.former {
		name := f.option.name()
		if _, ok := l.settings[f.option.variable]; ok {
			l.warnings = append(l.warnings, fmt.Sprintf("%s is called %s now, and that is used; remove %s", f.name, name, f.name))
			continue
		}
		l.warnings = append(l.warnings, fmt.Sprintf("%s is called %s now; it still works, but write %s", f.name, name, name))
		l.settings[f.option.variable] = f.setting
	}
}
