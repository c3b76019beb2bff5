package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// variable is a variable of ours that is set, or an argument of the command
// line, which has the same names.
type variable struct {
	name     string // as written
	key      string // without prefix, folded
	text     string
	argument bool
}

// kind returns what messages call it.
func (v variable) kind() string {
	if v.argument {
		return "argument"
	}
	return "variable"
}

// of returns an option's name in the same spelling: as a variable or as an
// argument.
func (v variable) of(variable string) string {
	if v.argument {
		return "--" + strings.ToLower(strings.ReplaceAll(variable, "_", "-"))
	}
	return prefix + variable
}

// variables returns the program's variables in the environment.
func variables(environ []string) (vars []variable) {
	for _, line := range environ {
		name, text, _ := strings.Cut(line, "=")
		if len(name) <= len(prefix) || strings.TrimSpace(text) == "" {
			continue
		}
		if begin := strings.ReplaceAll(name[:len(prefix)], "-", "_"); strings.EqualFold(begin, prefix) {
			vars = append(vars, variable{name: name, key: fold(name[len(prefix):]), text: text})
		}
	}
	return vars
}

// optionsFile takes the name of the options file out of the variables and
// arguments. by is what the user named it with, empty for the default.
func optionsFile(environ []string, vars []variable) (file, by string, rest []variable) {
	file = DefaultOptions
	for _, line := range environ {
		if name, is := strings.CutPrefix(line, formerOptionsVariable+"="); is && strings.TrimSpace(name) != "" {
			file, by = strings.TrimSpace(name), formerOptionsVariable
		}
	}
	rest = slices.DeleteFunc(vars, func(v variable) bool {
		switch v.key {
		case fold(OptionsVariable[len(prefix):]):
			file, by = strings.TrimSpace(v.text), v.name
			return true
		case fold(SupervisorVariable[len(prefix):]):
			return !v.argument
		}
		return false
	})
	return file, by, rest
}

// overlay puts variables and arguments over what the options file set.
func (l *loader) overlay(vars []variable) error {
	// One option may be set in several spellings: the exact one comes last and wins.
	slices.SortStableFunc(vars, func(a, b variable) int { return l.rank(a) - l.rank(b) })
	from := make(map[string]variable) // by the option's variable
	for _, v := range vars {
		o, found := l.find("", v.key)
		switch found {
		case former:
			l.warn("the %s %s is called %s now; it still works, but write that",
				v.kind(), printable(v.name), v.of(o.variable))
		case gone:
			l.warn("the %s %s has no option in this program; remove it", v.kind(), printable(v.name))
			continue
		case unknown:
			if err := l.unknownVariable(v); err != nil {
				return err
			}
			continue
		}
		before, ok := from[o.variable]
		if ok && before.name != v.name && before.argument == v.argument { // an argument is there to win over a variable
			l.warn("%s and %s are the same %s, and %s is used; remove one",
				printable(before.name), printable(v.name), v.kind(), printable(v.name))
		}
		from[o.variable] = v
		l.settings[o.variable] = setting{v.name, clean(o, v.text)}
	}
	return nil
}

// rank orders the names of one option: former ones first, then other
// spellings, its own, and arguments last.
func (l *loader) rank(v variable) int {
	o, found := l.find("", v.key)
	switch {
	case v.argument:
		return 2
	case found == former:
		return -1
	case v.name == prefix+o.variable:
		return 1
	}
	return 0
}

// entry matches the folded name of an option of a list's entry, in its parts.
var entry = regexp.MustCompile(`^([A-Z]+)([0-9]+)([A-Z]+)$`)

// entries returns how many entries the list may have that the name, which is no
// option's, would be in; 0: it names no list.
func (l *loader) entries(folded string) (most int) {
	parts := entry.FindStringSubmatch(folded)
	if parts == nil {
		return 0
	}
	for {
		if _, found := l.find("", parts[1]+strconv.Itoa(most)+parts[3]); found != current {
			return most
		}
		most++
	}
}

// unknownVariable warns about a variable, which another program may use, and
// rejects an argument, and an entry that its list cannot have.
func (l *loader) unknownVariable(v variable) error {
	if most := l.entries(v.key); most > 0 {
		mend := fmt.Sprintf("write %d at most, numbered from 0 to %d", most, most-1)
		return &Error{Option: v.name, Mend: mend}
	}
	options := []string{v.of(OptionsVariable[len(prefix):])}
	for _, o := range l.list {
		options = append(options, v.of(o.variable))
	}
	meant := ""
	if name := nearest(v.name, options); name != "" {
		meant = "; did you mean " + name + "?"
	}
	if v.argument {
		return &Error{Option: v.name, Mend: "there is no such argument" + meant}
	}
	l.warn("the variable %s is unknown and not used%s", printable(v.name), meant)
	return nil
}

// arguments reads the command line, whose options have the names of the
// variables, as those of smartmeter2mqtt have: --mqtt-url URL, or
// --mqtt-url=URL. A switch needs no value, and --no-NAME turns it off.
func (l *loader) arguments(args []string) (vars []variable, err error) {
	for len(args) > 0 {
		name, text, hasText := strings.Cut(args[0], "=")
		bare := strings.TrimPrefix(strings.TrimPrefix(name, "-"), "-")
		args = args[1:]
		if bare == name || bare == "" { // may be part of a password, so it is not shown
			mend := "an argument begins with --"
			if len(vars) > 0 {
				mend = "one value was expected; put quotes around a value that has spaces"
				name = vars[len(vars)-1].name
			}
			return nil, &Error{Option: name, Mend: mend}
		}
		v := variable{name: name, key: fold(bare), text: text, argument: true}
		o, found := l.find("", v.key)
		if off, isOff := strings.CutPrefix(v.key, "NO"); isOff && found == unknown {
			if negated, _ := l.find("", off); negated.isSwitch() {
				o, v.key, v.text, hasText = negated, off, "false", true
			}
		}
		next := ""
		if len(args) > 0 && !hasText && !strings.HasPrefix(args[0], "-") {
			next = args[0]
		}
		switch {
		case hasText:
		case o.isSwitch() && next != "true" && next != "false":
			v.text = "true"
		case next != "":
			v.text, args = next, args[1:]
		case found == current || found == former:
			return nil, &Error{Option: name, Mend: fmt.Sprintf("write its value: %s=VALUE", name)}
		}
		if found == gone || found == unknown || strings.TrimSpace(v.text) != "" {
			vars = append(vars, v)
		}
	}
	return vars, nil
}
