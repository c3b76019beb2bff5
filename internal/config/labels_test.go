package config_test

import (
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var update = flag.Bool("update", false, "write the labels of the form anew")

// formText is an element of the form in a file of translations.
type formText struct {
	Name   string
	Fields map[string]formText
}

// formLabels returns the labels of the form in all languages by path: the group's, an
// arrow and the field's.
func formLabels(t *testing.T) map[string][]string {
	t.Helper()
	labels := make(map[string][]string)
	for _, l := range meter.Languages {
		var file struct{ Configuration map[string]formText }
		if err := yaml.Unmarshal([]byte(readFile(t, folder+"/translations/"+string(l)+".yaml")), &file); err != nil {
			t.Fatal(err)
		}
		for name, element := range file.Configuration {
			if len(element.Fields) == 0 {
				labels[name] = append(labels[name], element.Name)
			}
			for field, text := range element.Fields {
				labels[name+"."+field] = append(labels[name+"."+field], element.Name+" → "+text.Name)
			}
		}
	}
	return labels
}

// TestLabels holds the table of labels in step with the form.
func TestLabels(t *testing.T) {
	labels := formLabels(t)
	var b strings.Builder
	b.WriteString(`package config

// labels are what the app's form calls the options, in the order of
// meter.Languages: the group's label and the field's. The texts are those of
// smartmeter-addon/translations; "go test ./internal/config -run Labels -update"
// writes this table from them.
var labels = map[string][5]string{
`)
	for _, path := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&b, "%q: {", path)
		for _, text := range labels[path] {
			fmt.Fprintf(&b, "%q, ", text)
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
	want, err := format.Source([]byte(strings.ReplaceAll(b.String(), ", }", "}")))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("labels.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := readFile(t, "labels.go"); got != string(want) {
		t.Error("labels.go is stale: go test ./internal/config -run Labels -update")
	}
}

func TestNames(t *testing.T) {
	const text = "set mqtt.url and decryption.key, or the option {slot}; see mqtt.local, mqtt.urls, {word} and {\"a\":1}"
	for _, tt := range []struct {
		names config.Names
		want  string
	}{
		{config.Names{}, "set SMARTMETER_MQTT_URL and SMARTMETER_ENC_KEY, or the option SMARTMETER_SLOT; see mqtt.local, mqtt.urls, {word} and {\"a\":1}"},
		{config.Names{Form: true}, "set “MQTT → Broker” and “Encryption → Key”, or the option “Name of the meter in MQTT”; see mqtt.local, mqtt.urls, {word} and {\"a\":1}"},
		{config.Names{Form: true, Language: meter.Dutch}, "set ‘MQTT → Broker’ and ‘Versleuteling → Sleutel’, or the option ‘Naam van de meter in MQTT’; see mqtt.local, mqtt.urls, {word} and {\"a\":1}"},
	} {
		if got := tt.names.In(text); got != tt.want {
			t.Errorf("%+v\n got %s\nwant %s", tt.names, got, tt.want)
		}
	}
	if got, want := (config.Names{Form: true}).In("more_meters.1.device = x"), "“More meters 2 → Device” = x"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, path := range config.Paths() {
		if got := (config.Names{Form: true}).In("{" + path + "}"); path != "" && strings.Contains(got, "SMARTMETER") {
			t.Errorf("%s has no label", path)
		}
	}
}
