package app_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLayers holds the rooms apart: telegrams are understood without network
// and log, readings are known to everybody and know nobody, and no output
// knows another.
func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "github.com/smartmeter-addon/smartmeter-addon/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	const root = "github.com/smartmeter-addon/smartmeter-addon/"
	forbidden := map[string][]string{
		"internal/meter":         {root, "net", "log/slog"},
		"internal/derive":        {root + "internal/dsmr", root + "internal/decode", root + "internal/source", root + "internal/output", root + "internal/app", "net", "log/slog"},
		"internal/diagnosis":     {root + "internal/dsmr", root + "internal/decode", root + "internal/source", root + "internal/status", root + "internal/output", root + "internal/app", "net", "log/slog"},
		"internal/hub":           {root, "net"},
		"internal/emulate":       {root + "internal/output", root + "internal/app", root + "internal/source", root + "internal/dsmr", root + "internal/decode", root + "internal/derive"},
		"internal/source":        {root + "internal/output", root + "internal/app", root + "internal/derive"},
		"internal/homeassistant": {root + "internal/output", root + "internal/app", root + "internal/hub", root + "internal/source", root + "internal/dsmr", root + "internal/decode", "net", "log/slog"},
		"internal/household":     {root + "internal/dsmr", root + "internal/decode", root + "internal/guard", root + "internal/derive", root + "internal/source", root + "internal/output", root + "internal/app", "net", "log/slog"},
		"internal/guard":         {root + "internal/dsmr", root + "internal/decode", root + "internal/derive", root + "internal/source", root + "internal/output", root + "internal/app", "net", "log/slog"},
	}
	// From bytes to readings: each may know those before it, and the language.
	pipeline := []string{"internal/meter", "internal/diagnosis", "internal/obis", "internal/axdr", "internal/cipher", "internal/frame",
		"internal/cosem", "internal/dlms", "internal/sml", "internal/dsmr", "internal/decode"}
	seen := 0
	for line := range strings.Lines(string(out)) {
		imports := strings.Fields(line)
		name := strings.TrimPrefix(imports[0], root)
		rules := forbidden[name]
		if i := slices.Index(pipeline, name); i >= 0 {
			for _, imported := range imports[1:] {
				if strings.HasPrefix(imported, root) && !slices.Contains(pipeline[:i], strings.TrimPrefix(imported, root)) {
					t.Errorf("%s imports %s", name, imported)
				}
			}
			rules = append(rules, "net", "net/http", "log/slog")
		}
		if strings.HasPrefix(name, "internal/output/") {
			rules = []string{root + "internal/output/", root + "internal/app", root + "internal/source", root + "internal/dsmr", root + "internal/frame", root + "internal/cipher", root + "internal/decode"}
		}
		if name != "internal/app" && strings.HasPrefix(name, "internal/") {
			rules = append(rules, root+"cmd/", root+"internal/app")
		}
		if !strings.HasPrefix(name, "cmd/demo") && !strings.HasPrefix(name, "test/") && name != "internal/simulate" {
			rules = append(rules, root+"internal/simulate", "github.com/mochi-mqtt")
		}
		if len(rules) > 0 {
			seen++
		}
		for _, imported := range imports[1:] {
			for _, rule := range rules {
				if imported == rule || strings.HasSuffix(rule, "/") && strings.HasPrefix(imported, rule) || strings.HasPrefix(imported, rule+"/") && strings.HasPrefix(rule, root) {
					t.Errorf("%s imports %s", name, imported)
				}
			}
		}
	}
	if seen < 12 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

// TestGoroutinesRecover: a panic in a goroutine that nobody watches would end
// the program, and with it every output.
func TestGoroutinesRecover(t *testing.T) {
	started := regexp.MustCompile(`(?s)\tgo [^\n]*\n([^\n]*\n){0,2}`)
	found := 0
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"simulate", "demo", "test", ".git"}, d.Name()):
			return fs.SkipDir
		case !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(name)
		for _, start := range started.FindAllString(string(text), -1) {
			found++
			if !strings.Contains(start, "retry.") {
				t.Errorf("%s starts a goroutine that does not begin with retry.Guard or retry.Recovered:\n%s", name, start)
			}
		}
		return err
	})
	if err != nil || found < 4 {
		t.Errorf("%d goroutines are started, %v", found, err)
	}
}
