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
	"strconv"
	"strings"
)

// file takes the settings out of an options file: ours, or smartmeter2mqtt's.
func (l *loader) file(name string, data []byte) error {
	root, err := object(data)
	if err != nil {
		return &Error{Option: name, Mend: err.Error(), Err: err}
	}
	l.foreign = l.isForeign(root)
	if err := l.take("", root); err != nil {
		return err
	}
	if l.foreign {
		l.warnForeign(name)
	}
	l.takeFormer()
	return nil
}

// object decodes JSON, which must be one object. Numbers stay as written.
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

// take takes the settings out of one group of the file.
func (l *loader) take(group string, members map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(members)) {
		path, value := group+key, members[key]
		o, found := l.find(path, "")
		var err error
		switch found {
		case current:
			err = l.set(o, path, value)
		case former:
			err = l.setFormer(o, path, value)
		case gone:
			l.leave(path, value)
		default:
			err = l.takeGroup(path, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeGroup takes the settings under a path that is not an option's.
func (l *loader) takeGroup(path string, value any) error {
	first := slices.IndexFunc(l.list, func(o option) bool { return strings.HasPrefix(o.path, path+".") })
	members, isGroup := value.(map[string]any)
	if list, isList := value.([]any); isList && slices.ContainsFunc(l.list, func(o option) bool { return strings.HasPrefix(o.path, path+".0.") }) {
		return l.takeList(path, list)
	}
	switch {
	case isGroup && (first >= 0 || formerGroup(path) || l.foreign):
		return l.take(path+".", members)
	case l.foreign:
		l.leave(path, value)
		return nil
	case first < 0:
		if o, found := l.find("", fold(path)); found == current && o.path == "" {
			return l.variableOnly(o, path, value)
		}
		return l.unknownOption(path, value)
	case value == nil:
		return nil
	}
	member := strings.TrimPrefix(l.list[first].path, path+".")
	mend := fmt.Sprintf(`this is a group of options; write {%q: ...}`, member)
	return &Error{Option: path, Value: describe(value), Mend: mend}
}

// variableOnly returns the error of an option in the file that is set elsewhere.
func (l *loader) variableOnly(o option, path string, value any) error {
	e := &Error{Option: path, Value: describe(value), Mend: "not in this file: set the variable " + o.name()}
	if slices.Contains([]string{"TCP_SERVER", "RAW_TCP_SERVER", "API_SERVER"}, o.variable) {
		e.Mend += "; under Home Assistant, choose the port on the app's Configuration tab, under Network"
	}
	return e
}

// takeList takes a list of groups, whose paths have the place in the list in
// them.
func (l *loader) takeList(path string, list []any) error {
	for i, value := range list {
		if value == nil {
			continue
		}
		place := path + "." + strconv.Itoa(i)
		if _, isGroup := value.(map[string]any); !isGroup {
			return &Error{Option: place, Value: describe(value), Mend: "write one group of options for each, in braces"}
		}
		if !slices.ContainsFunc(l.list, func(o option) bool { return strings.HasPrefix(o.path, place+".") }) {
			mend := fmt.Sprintf("%d are more than there can be; write %d at most", len(list), i)
			return &Error{Option: path, Value: describe(list), Mend: mend}
		}
		if err := l.takeGroup(place, value); err != nil {
			return err
		}
	}
	return nil
}

// leave records that there is no option for what the file sets under the path.
func (l *loader) leave(path string, value any) {
	switch {
	case value == nil || value == "" || value == false:
	case l.foreign:
		l.left = append(l.left, printable(path))
	default:
		l.warn("%s has no option in this program; remove it", printable(path))
	}
}

// setFormer takes one setting under a former name.
func (l *loader) setFormer(o option, name string, value any) error {
	text, err := text(o, name, value)
	if err == nil && text != "" {
		l.former = append(l.former, formerSetting{o, setting{name, text}})
	}
	return err
}

// set takes one setting. null and "" set nothing.
func (l *loader) set(o option, name string, value any) error {
	text, err := text(o, name, value)
	if err == nil && text != "" {
		l.settings[o.variable] = setting{name, text}
	}
	return err
}

// text returns the text that a JSON value sets an option to; empty: it sets
// nothing.
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

// describe returns a JSON value as messages show it.
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
	// The value of an unknown option may be a secret.
	for _, word := range []string{"PASS", "PWD", "SECRET", "TOKEN", "KEY", "AUTH", "CRED"} {
		if strings.Contains(fold(path), word) || strings.Contains(fold(meant), word) {
			e.Value = hidden
		}
	}
	return e
}
