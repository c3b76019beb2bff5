package config

import (
	"log/slog"
	"reflect"
	"strings"
)

// Setting is an option in effect.
type Setting struct {
	Name  string `json:"name"`  // dotted path; that of a variable without one in small letters
	Value any    `json:"value"` // a secret hides itself
}

// Settings lists every option that is set or has a default. Passwords are
// hidden, also those in URLs.
func (c Config) Settings() []Setting {
	var list []Setting
	for _, o := range optionsOf(&c) {
		if o.value.IsZero() && o.value.Kind() == reflect.String && o.path != "" {
			continue
		}
		s := Setting{o.path, o.value.Interface()}
		if s.Name == "" {
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

// LogValue lists the settings for a line at the start.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, s := range c.Settings() {
		attrs = append(attrs, slog.Any(s.Name, s.Value))
	}
	return slog.GroupValue(attrs...)
}
