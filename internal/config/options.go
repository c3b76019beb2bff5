package config

import (
	"reflect"
	"slices"
	"strings"
)

// prefix stands before the name of every variable.
const prefix = "SMARTMETER_"

// naming is what an option is called: its dotted path in the options file and
// its variable without prefix, which is also its name on the command line.
// Either may be empty.
type naming struct{ path, variable string }

// has reports whether an option is called by the path, or by the variable,
// whose letters are folded.
func (n naming) has(path, folded string) bool {
	return path != "" && n.path == path || folded != "" && fold(n.variable) == folded
}

// option is one field of Config.
type option struct {
	naming
	value reflect.Value // the field
}

// isSwitch reports whether the option, if it is one, is either on or off.
func (o option) isSwitch() bool { return o.value.IsValid() && o.value.Kind() == reflect.Bool }

func (o option) secret() bool { return o.value.Type() == reflect.TypeFor[Secret]() }

// name returns the option's name for messages to a user who has not set it.
func (o option) name() string {
	if o.path != "" {
		return o.path
	}
	return prefix + o.variable
}

// optionsOf returns the fields of c in order.
func optionsOf(c *Config) []option {
	var list []option
	var walk func(v reflect.Value, within naming)
	walk = func(v reflect.Value, within naming) {
		for field, value := range v.Fields() {
			path := field.Tag.Get("json")
			if within.path != "" {
				path = within.path + "." + path
			}
			if value.Kind() == reflect.Struct {
				walk(value, naming{path, field.Tag.Get("envPrefix")})
				continue
			}
			list = append(list, option{naming{path, within.variable + field.Tag.Get("env")}, value})
		}
	}
	walk(reflect.ValueOf(c).Elem(), naming{})
	return list
}

// optionAt returns the option whose field the pointer points to. It must be
// one of them.
func optionAt(list []option, field any) option {
	return list[slices.IndexFunc(list, func(o option) bool { return o.value.Addr().Interface() == field })]
}

// fold returns a name without what may differ between spellings: case, "-", "_"
// and ".".
func fold(name string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", "_", "", ".", "").Replace(name))
}

// nearest returns the name that was probably meant, which differs in a few
// letters or is longer, or "" if there is none.
func nearest(name string, names []string) string {
	const far = 3
	got := fold(name)
	best, least := "", far
	for _, candidate := range names {
		want := fold(candidate)
		d := far
		if max(len(got), len(want)) < min(len(got), len(want))+far {
			d = distance(got, want)
		}
		if d >= far && len(got) >= 4 && strings.HasPrefix(want, got) {
			d = far - 1
		}
		if d < least && d < len(got) {
			best, least = candidate, d
		}
	}
	return best
}

// distance returns Levenshtein's distance: the number of bytes to insert,
// delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
