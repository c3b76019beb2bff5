package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// Rule is a line of an AppArmor profile about files.
type Rule struct {
	Line        string
	Path        *regexp.Regexp
	Permissions string
}

var fileRule = regexp.MustCompile(`^(?:owner )?([/@]\S*)\s+([a-z]+),`)

// ProfileRules returns the rules about files of the profile in the file called
// name: own are the lines of the file itself, all those that it includes too.
func ProfileRules(name string) (own, all []Rule, err error) {
	expanded, err := exec.Command("apparmor_parser", "--quiet", "--preprocess", name).Output()
	if err != nil {
		return nil, nil, fmt.Errorf("apparmor_parser --preprocess %s: %w", name, err)
	}
	variables := make(map[string]string)
	definition := regexp.MustCompile(`(?m)^\s*@\{(\w+)\}\s*\+?=\s*(.*)$`)
	for _, m := range definition.FindAllStringSubmatch(string(expanded), -1) {
		values := strings.Fields(m[2])
		for i := range values {
			values[i] = strings.TrimSuffix(values[i], "/")
		}
		variables[m[1]] = "{" + strings.Join(values, ",") + "}"
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	if own, err = fileRules(string(text), variables); err != nil {
		return nil, nil, err
	}
	all, err = fileRules(string(expanded), variables)
	return own, all, err
}

func fileRules(profile string, variables map[string]string) (rules []Rule, err error) {
	for line := range strings.Lines(profile) {
		line = strings.TrimSpace(line)
		m := fileRule.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		path, err := regexp.Compile("^" + pattern(m[1], variables) + "$")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		rules = append(rules, Rule{line, path, m[2]})
	}
	return rules, nil
}

// pattern returns a path with AppArmor's wildcards as a regular expression.
func pattern(path string, variables map[string]string) string {
	used := regexp.MustCompile(`@\{(\w+)\}`)
	for used.MatchString(path) {
		path = used.ReplaceAllStringFunc(path, func(s string) string { return variables[used.FindStringSubmatch(s)[1]] })
	}
	depth, class := 0, false
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case class:
			b.WriteByte(c)
			class = c != ']'
		case strings.HasPrefix(path[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[':
			b.WriteByte(c)
			class = true
		case c == '{':
			b.WriteString("(?:")
			depth++
		case c == '}':
			b.WriteByte(')')
			depth--
		case c == ',' && depth > 0:
			b.WriteByte('|')
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}
