//go:build supervisor

// Package supervisor_test reads the options files that the Supervisor's own code
// has written, as the script run has it.
package supervisor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

func TestOptions(t *testing.T) {
	data, err := os.ReadFile("inputs.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var inputs []struct {
		Name, Refused, Wrong string
		Options              map[string]any
		Read                 []string
	}
	if err := yaml.Unmarshal(data, &inputs); err != nil {
		t.Fatal(err)
	}
	for _, in := range inputs {
		if in.Refused != "" {
			continue
		}
		t.Run(in.Name, func(t *testing.T) {
			c, warnings, err := config.Load([]string{"SUPERVISOR_TOKEN=x"}, func(name string) ([]byte, error) {
				if name != config.DefaultOptions {
					return nil, os.ErrNotExist
				}
				return os.ReadFile(filepath.Join(os.Getenv("OPTIONS"), in.Name+".json"))
			})
			if in.Wrong != "" {
				if err == nil || !strings.HasPrefix(err.Error(), in.Wrong) {
					t.Errorf("got %v, want %s", err, in.Wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if in.Name != "everything" && len(warnings) > 0 {
				t.Errorf("warnings %q", warnings)
			}
			got := c.LogValue().String()
			for _, want := range in.Read {
				if !strings.Contains(got, want) {
					t.Errorf("%s lacks %s", got, want)
				}
			}
		})
	}
}
