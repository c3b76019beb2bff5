package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// The files of the app say again what Config says, in Home Assistant's own
// terms. These tests keep the two in step, and the files within the rules that
// the Supervisor checks silently or only on a user's machine.

const (
	root   = "../.."
	folder = root + "/smartmeter-addon"
)

// app is what config.yaml says, as far as the tests look into it.
type app struct {
	Name, Version, Slug, Description, Image string

	Ports   map[string]*int
	Options map[string]any
	Schema  map[string]any
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readApp(t *testing.T) app {
	t.Helper()
	var a app
	if err := yaml.Unmarshal([]byte(readFile(t, folder+"/config.yaml")), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// flatten lists the leaves of nested groups by dotted path, and the groups.
func flatten(t *testing.T, prefix string, members map[string]any, leaves map[string]any, groups map[string]bool) {
	t.Helper()
	for key, value := range members {
		path := prefix + key
		switch value := value.(type) {
		case map[string]any:
			groups[path] = true
			flatten(t, path+".", value, leaves, groups)
			continue
		case []any: // of groups; its first stands for all
			groups[path] = true
			for _, first := range value[:min(len(value), 1)] {
				flatten(t, path+".0.", first.(map[string]any), leaves, groups)
			}
			continue
		}
		leaves[path] = value
	}
}

// schemaOf returns the elements of the schema by dotted path, and the groups.
func schemaOf(t *testing.T, a app) (elements map[string]string, groups map[string]bool) {
	t.Helper()
	leaves := make(map[string]any)
	elements, groups = make(map[string]string), make(map[string]bool)
	flatten(t, "", a.Schema, leaves, groups)
	for path, value := range leaves {
		text, ok := value.(string)
		if !ok {
			t.Errorf("schema %s: %v is no type", path, value)
		}
		elements[path] = text
	}
	return elements, groups
}

// The Supervisor drops keys that it does not know without a word, and the
// linter of apps refuses keys at their default.
func TestAppKeys(t *testing.T) {
	defaults := map[string]any{ // nil: none
		"name": nil, "version": nil, "slug": nil, "description": nil, "url": nil, "image": nil, "arch": nil,
		"startup": "application", "stage": "stable", "boot": "auto", "init": true, "homeassistant": nil, "timeout": 10,
		"uart": false, "services": nil, "map": nil, "apparmor": true, "backup": "hot", "backup_exclude": nil, "tmpfs": false,
		"ingress": false, "ingress_port": 8099, "panel_icon": "mdi:puzzle", "panel_title": nil, "panel_admin": true,
		"ports": nil, "options": nil, "schema": nil,
	}
	var keys map[string]any
	if err := yaml.Unmarshal([]byte(readFile(t, folder+"/config.yaml")), &keys); err != nil {
		t.Fatal(err)
	}
	for key, value := range keys {
		if preset, ok := defaults[key]; !ok {
			t.Errorf("%s: unknown key", key)
		} else if reflect.DeepEqual(value, preset) {
			t.Errorf("%s: %v is the default; leave it out", key, value)
		}
	}
	for _, key := range []string{"name", "version", "slug", "description", "arch", "url", "image"} {
		if keys[key] == nil {
			t.Errorf("%s is missing", key)
		}
	}
	if want := []any{"aarch64", "amd64"}; !reflect.DeepEqual(keys["arch"], want) {
		t.Errorf("arch %v, want %v", keys["arch"], want)
	}
	a := readApp(t)
	if strings.HasSuffix(a.Description, ".") {
		t.Error("description: the frontend adds the full stop")
	}
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9./_-]*$`).MatchString(a.Image) {
		t.Errorf("image %s: want small letters and no tag", a.Image)
	}
}

func TestAppSchema(t *testing.T) {
	// A str or password with bounds could not be saved before Supervisor 2026.07.
	grammar := regexp.MustCompile(`^(bool|url|port|email|str|password|int(\(-?\d*,-?\d*\))?|float(\([^()]*,[^()]*\))?|match\(.*\)|list\(.+\)|device(\(subsystem=[a-z]+\))?)\??$`)
	a := readApp(t)
	elements, groups := schemaOf(t, a)
	leaves, given := make(map[string]any), make(map[string]bool)
	flatten(t, "", a.Options, leaves, given)
	for path, element := range elements {
		if !grammar.MatchString(element) {
			t.Errorf("schema %s: %q is not in the grammar", path, element)
		}
		isOfList := strings.Contains(path, ".0.") // which has no default of its own
		if leaves[path] == nil && !strings.HasSuffix(element, "?") && !isOfList {
			t.Errorf("schema %s: %q needs a default, or a ?", path, element)
		}
	}
	for path, value := range leaves {
		if _, ok := elements[path]; !ok {
			t.Errorf("the default of %s is not in the schema", path)
		}
		if value == nil {
			t.Errorf("the default of %s is null, which is never valid", path)
		}
	}
	// A group is always required, so it needs a default at every level.
	if diff := cmp.Diff(groups, given); diff != "" {
		t.Errorf("groups without default, or defaults without group (-schema +options):\n%s", diff)
	}
}

func TestAppOptionsAreConfigs(t *testing.T) {
	elements, _ := schemaOf(t, readApp(t))
	for _, field := range leaves(reflect.TypeFor[config.Config]()) {
		path := field.Tag.Get("json")
		if path == "" {
			continue
		}
		element, ok := elements[path]
		if !ok {
			t.Errorf("%s is in Config, but not in the schema", path)
			continue
		}
		delete(elements, path)
		element = strings.TrimSuffix(element, "?")
		kinds := []string{"str", "match", "device", "list"}
		switch field.Type.Kind() {
		case reflect.Int:
			kinds = []string{"int"}
		case reflect.Bool:
			kinds = []string{"bool"}
		}
		if field.Type == reflect.TypeFor[config.Secret]() {
			kinds = []string{"password"}
		}
		kind, _, _ := strings.Cut(element, "(")
		if !slices.Contains(kinds, kind) {
			t.Errorf("schema %s: %q, want one of %v", path, element, kinds)
		}
		if values, ok := config.Values[field.Type]; ok {
			if got, want := element, "list("+strings.Join(values, "|")+")"; got != want {
				t.Errorf("schema %s: %q, want %q", path, got, want)
			}
		}
	}
	for path, element := range elements {
		if !config.Renamed(path) || !strings.HasSuffix(element, "?") {
			t.Errorf("%s is in the schema, but not in Config", path)
		}
	}
}

func TestAppDefaultsAreConfigs(t *testing.T) {
	data, err := json.Marshal(readApp(t).Options)
	if err != nil {
		t.Fatal(err)
	}
	got, warnings, err := config.Load(nil, options(string(data)).read)
	if err != nil || warnings != nil {
		t.Fatalf("loading the defaults: %v, %v", warnings, err)
	}
	if diff := cmp.Diff(defaults(), got); diff != "" {
		t.Errorf("(-code +config.yaml):\n%s", diff)
	}
}

func TestAppPorts(t *testing.T) {
	supervised, _, err := config.Load([]string{"SUPERVISOR_TOKEN=x"}, options("{}").read)
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]int) // 0: not published
	for _, l := range []struct {
		address   config.Listen
		published bool
	}{
		{supervised.JSONSocket, true}, {":3011", false}, {":3012", false}, {":3013", false},
		{supervised.RawSocket, true}, {":3021", false}, {":3022", false}, {":3023", false},
		{supervised.APIServer, false}, {":8084", false}, // for a second emulated meter of a kind
	} {
		port := strings.TrimPrefix(string(l.address), ":")
		want[port+"/tcp"] = 0
		if l.published {
			n, err := json.Number(port).Int64()
			if err != nil {
				t.Fatal(err)
			}
			want[port+"/tcp"] = int(n)
		}
	}
	for _, kind := range config.Values[reflect.TypeFor[config.EmulatedKind]()] {
		c, _, err := config.Load([]string{"SMARTMETER_EMULATE_0_KIND=" + kind}, options("{}").read)
		if err != nil {
			t.Fatal(err)
		}
		want[strings.TrimPrefix(string(c.Emulated()[0].Listen), ":")+"/tcp"] = 0
	}
	want["1010/udp"], want["2220/udp"] = 0, 0 // where batteries ask a Shelly
	got := make(map[string]int)
	for name, port := range readApp(t).Ports {
		got[name] = 0
		if port != nil {
			got[name] = *port
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("published ports (-code +config.yaml):\n%s", diff)
	}
	// The Supervisor's own default: another one would have to be named.
	if supervised.WebServer != ":8099" {
		t.Errorf("ingress is served at %s", supervised.WebServer)
	}
}

// TestAppFolders: Home Assistant's own private key lies in ssl, and what waits
// for a database makes every backup large.
func TestAppFolders(t *testing.T) {
	var keys struct {
		Map     []map[string]any `yaml:"map"`
		Exclude []string         `yaml:"backup_exclude"`
	}
	if err := yaml.Unmarshal([]byte(readFile(t, folder+"/config.yaml")), &keys); err != nil {
		t.Fatal(err)
	}
	if want := []map[string]any{{"type": "addon_config"}}; !reflect.DeepEqual(keys.Map, want) {
		t.Errorf("map is %v, want %v, read-only", keys.Map, want)
	}
	// The Supervisor matches from the right, as Python's PurePath.match.
	for path, want := range map[string]bool{"/mnt/data/supervisor/addons/data/x_smartmeter/influxdb_p1": true, "/mnt/data/supervisor/addons/data/x_smartmeter/totals_p1.json": false} {
		got := slices.ContainsFunc(keys.Exclude, func(glob string) bool {
			ok, err := filepath.Match(glob, filepath.Base(path))
			return ok && err == nil
		})
		if got != want {
			t.Errorf("%s is left out of backups: %v", path, got)
		}
	}
}
