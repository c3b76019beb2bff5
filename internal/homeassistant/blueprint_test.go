package homeassistant

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestBlueprint: the automation for people to import asks for what is
// published.
func TestBlueprint(t *testing.T) {
	text, err := os.ReadFile("../../docs/blueprints/problem.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var blueprint struct {
		Blueprint struct {
			Name, Domain string
			Input        map[string]struct {
				Selector map[string]struct {
					Filter []struct {
						Integration, Domain string
						Class               string `yaml:"device_class"`
					}
				}
			}
		}
		Triggers, Actions []any
	}
	if err := yaml.Unmarshal(text, &blueprint); err != nil {
		t.Fatal(err)
	}
	b := blueprint.Blueprint
	if b.Name == "" || b.Domain != "automation" || len(blueprint.Triggers) != 1 || len(blueprint.Actions) == 0 {
		t.Errorf("it is no automation: %+v", b)
	}
	if f := b.Input["problem"].Selector["entity"].Filter; len(f) != 1 || f[0].Integration != "mqtt" || f[0].Domain != BinarySensor || f[0].Class != "problem" {
		t.Errorf("it does not ask for the problem: %+v", f)
	}
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`!input (\w+)`).FindAllStringSubmatch(string(text), -1) {
		used[m[1]] = true
		if _, ok := b.Input[m[1]]; !ok {
			t.Errorf("there is no input %q", m[1])
		}
	}
	if len(used) != len(b.Input) {
		t.Errorf("uses %v of %d inputs", used, len(b.Input))
	}
	var details map[string]any
	if err := json.Unmarshal(appendVerdict(nil, new(meter.Status), &View{Language: meter.English}), &details); err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`state_attr\(entity, '(\w+)'\)`).FindAllStringSubmatch(string(text), -1)
	if len(asked) == 0 {
		t.Error("it says nothing of the problem")
	}
	for _, m := range asked {
		if _, ok := details[m[1]]; !ok {
			t.Errorf("the entity has no attribute %q", m[1])
		}
	}
	if strings.Contains(string(text), "\t") {
		t.Error("a tab, which YAML does not allow")
	}
}
