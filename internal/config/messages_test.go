package config_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// TestMessagesNameOptions: every option and variable that a message of the
// program names is there.
func TestMessagesNameOptions(t *testing.T) {
	known := map[string]bool{"SMARTMETER_OPTIONS": true} // names the file of all others
	groups := []string{"web"}                            // one that there is not
	for _, option := range leaves(reflect.TypeFor[config.Config]()) {
		name := option.Tag.Get("json")
		known[name] = true
		known["SMARTMETER_"+option.Tag.Get("env")] = true
		if group, _, ok := strings.Cut(name, "."); ok {
			groups = append(groups, group)
		}
	}
	named := regexp.MustCompile(`SMARTMETER_[A-Z_]+\b|\{[a-z_.]+\}|\b(?:` + strings.Join(groups, "|") + `)\.[a-z_]+\b`)
	found := 0
	check := func(at token.Position, text string) {
		for _, name := range named.FindAllString(text, -1) {
			if name[0] == '{' && (!strings.Contains(text, " ") || strings.Contains(text, "/"+name)) { // a part of an address, not of a sentence
				continue
			}
			found++
			if !known[strings.Trim(name, "{}")] {
				t.Errorf("%v: there is no option %s: %q", at, name, text)
			}
		}
	}
	for _, root := range []string{"..", "../../cmd/smartmeter"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.Contains(path, "simulate") || strings.HasSuffix(path, "renamed.go") || strings.HasSuffix(path, "labels.go") { // names of others, and of lists
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if _, isImport := n.(*ast.ImportSpec); isImport {
					return false
				}
				if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
					text, err := strconv.Unquote(l.Value)
					if err != nil {
						t.Error(err)
					}
					check(files.Position(l.Pos()), text)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 50 {
		t.Errorf("only %d names were found", found)
	}
}
