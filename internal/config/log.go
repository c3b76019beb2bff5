package config

import (
	"log/slog"
	"reflect"
	"strings"
)

// Setting is an option and its value in effect.
type Setting struct {
	Name  string `json:"name"`  // dotted path; that of a variable without one in small letters
	Value any    `json:"value"` // a secret hides itself

	isVariable bool // the options file has no path for it
}

// Settings returns every option that is set or has a default. Passwords are
// hidden, also those in URLs.
func (c Config) Settings() []Setting {
	var list []Setting
	for _, o := range optionsOf(&c) {
		if o.value.IsZero() && o.value.Kind() == reflect.String && o.path != "" {
			continue
		}
		s := Setting{Name: o.path, Value: o.value.Interface(), isVariable: o.path == ""}
		if s.isVariable {
			s.Name = strings.ToLower(o.variable)
		}
		switch v := s.Value.(type) {
		case Listen:
			if v == "" {
				s.Value = "off"
			}
		case string:
			s.Value = mask(v)
		}
		list = append(list, s)
	}
	return list
}

// logName returns the name that a user would write: a path in the options file,
// or the variable where there is no path.
func (s Setting) logName() string {
	if s.isVariable {
		return prefix + strings.ToUpper(s.Name)
	}
	return s.Name
}

// LogValue returns the settings as a group of attributes.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, s := range c.Settings() {
		attrs = append(attrs, slog.Any(s.logName(), s.Value))
	}
	return slog.GroupValue(attrs...)
}
