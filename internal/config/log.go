package config

import (
	"log/slog"
	"reflect"
	"strings"
)

// LogValue lists every option that is set or has a default, for a line at the
// start. Passwords are hidden, also those in URLs.
func (c Config) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, o := range optionsOf(&c) {
		if o.value.IsZero() && o.value.Kind() == reflect.String && o.path != "" {
			continue
		}
		name := o.path
		if name == "" {
			name = strings.ToLower(o.variable)
		}
		value := o.value.Interface()
		switch v := value.(type) {
		case Listen:
			if v == "" {
				value = "off"
			}
		case string:
			value = mask(v)
		}
		attrs = append(attrs, slog.Any(name, value))
	}
	return slog.GroupValue(attrs...)
}
