package app_test

import (
	"os/exec"
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
		"internal/meter":  {root, "net", "log/slog"},
		"internal/dsmr":   {root + "internal/derive", root + "internal/source", root + "internal/hub", root + "internal/output", root + "internal/app", "net", "net/http", "log/slog"},
		"internal/derive": {root + "internal/dsmr", root + "internal/source", root + "internal/output", root + "internal/app", "net", "log/slog"},
		"internal/hub":    {root, "net"},
		"internal/source": {root + "internal/output", root + "internal/app", root + "internal/derive"},
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		imports := strings.Fields(line)
		name := strings.TrimPrefix(imports[0], root)
		rules := forbidden[name]
		if strings.HasPrefix(name, "internal/output/") {
			rules = []string{root + "internal/output/", root + "internal/app", root + "internal/source", root + "internal/dsmr"}
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
