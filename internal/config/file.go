package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// file takes the settings out of an options file: ours, or smartmeter2mqtt's.
func (l *loader) file(name string, data []byte, c *Config) error {
	root, err := object(data)
	if err != nil {
		return &Error{Option: name, Mend: err.Error(), Err: err}
	}
	if l.foreign(root) {
		return l.takeForeign(name, root, c)
	}
	if err := l.take("", root); err != nil {
		return err
	}
	l.takeFormer()
	return nil
}

// object decodes JSON that must be one object. Numbers stay as written.
func object(data []byte) (map[string]any, error) {
	const mend = `write one JSON object, such as {"source": "auto"}`
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors put it first
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var root map[string]any
	err := decoder.Decode(&root)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line := 1 + bytes.Count(data[:min(syntax.Offset, int64(len(data)))], []byte("\n"))
		return nil, fmt.Errorf("is not JSON: line %d: %w; %s", line, err, mend)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("ends too early; %s", mend)
	}
	if err != nil || root == nil {
		return nil, errors.New("is not a JSON object; " + mend)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("has more text after the JSON object; remove that")
	}
	return root, nil
}

// take takes the settings out of one group of our own file.
func (l *loader) take(group string, members map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(members)) {
		path, value := group+key, members[key]
		if i := slices.IndexFunc(l.list, func(o option) bool { return o.path != "" && o.path == path }); i >= 0 {
			if err := l.set(l.list[i], path, value); err != nil {
				return err
			}
			continue
		}
		if o, ok := l.formerly(path); ok {
			text, err := text(o, path, value)
			if err != nil {
				return err
			}
			if text != "" {
				l.former = append(l.former, former{o, setting{path, text}})
			}
			continue
		}
		first := slices.IndexFunc(l.list, func(o option) bool { return strings.HasPrefix(o.path, path+".") })
		if first < 0 {
			if members, ok := value.(map[string]any); ok && formerGroup(path) {
				if err := l.take(path+".", members); err != nil {
					return err
				}
				continue
			}
			return l.unknownOption(path, value)
		}
		switch value := value.(type) {
		case nil:
		case map[string]any:
			if err := l.take(path+".", value); err != nil {
				return err
			}
		default:
			member := strings.TrimPrefix(l.list[first].path, path+".")
			return &Error{Option: path, Value: describe(value), Mend: fmt.Sprintf(`this is a group of options; write {%q: ...}`, member)}
		}
	}
	return nil
}

// set takes one setting. null and "" are no setting.
func (l *loader) set(o option, name string, value any) error {
	text, err := text(o, name, value)
	if err == nil && text != "" {
		l.settings[o.variable] = setting{name, text}
	}
	return err
}

// text returns what a JSON value sets an option to, empty for no setting.
func text(o option, name string, value any) (string, error) {
	switch value := value.(type) {
	case nil:
		return "", nil
	case string:
		return clean(o, value), nil
	case json.Number:
		return value.String(), nil
	case bool:
		if o.value.Kind() == reflect.String {
			return "", wrongType(o, name, value, "this is not a switch; write text in double quotes")
		}
		return fmt.Sprint(value), nil
	case []any:
		if o.value.Type() != reflect.TypeFor[List]() {
			return "", wrongType(o, name, value, "write one value")
		}
		var names []string
		for _, v := range value {
			names = append(names, fmt.Sprint(v))
		}
		return strings.Join(names, ","), nil
	default:
		return "", wrongType(o, name, value, "write one value")
	}
}

func wrongType(o option, name string, value any, mend string) error {
	e := &Error{Option: name, Value: describe(value), Mend: mend}
	if o.secret() {
		e.Value = hidden
	}
	return e
}

// describe is a JSON value as shown in a message.
func describe(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "{...}"
	case []any:
		return "[...]"
	default:
		return mask(fmt.Sprint(value))
	}
}

func (l *loader) unknownOption(path string, value any) error {
	var names []string
	for _, o := range l.list {
		names = append(names, o.path)
		if group, _, ok := strings.Cut(o.path, "."); ok {
			names = append(names, group)
		}
	}
	names = slices.DeleteFunc(names, func(s string) bool { return s == "" })
	e := &Error{Option: path, Value: describe(value), Mend: "there is no such option; remove it"}
	meant := nearest(path, names)
	if meant != "" {
		e.Mend = fmt.Sprintf("there is no such option; did you mean %s?", meant)
	}
	// What an unknown option holds is unknown too.
	for _, word := range []string{"PASS", "PWD", "SECRET", "TOKEN", "KEY", "AUTH", "CRED"} {
		if strings.Contains(fold(path), word) || strings.Contains(fold(meant), word) {
			e.Value = hidden
		}
	}
	return e
}
