package config_test

import (
	"bytes"
	"image"
	"image/png"
	"io/fs"
	"maps"
	"net/url"
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

// entry is the text of one option. One bad entry drops the whole language.
type entry struct {
	Name        string           `yaml:"name"`
	Description string           `yaml:"description"`
	Fields      map[string]entry `yaml:"fields"`
}

func TestAppTranslations(t *testing.T) {
	a := readApp(t)
	elements, groups := schemaOf(t, a)
	want := slices.Sorted(maps.Keys(elements))
	want = append(want, slices.Collect(maps.Keys(groups))...)
	for i := range want {
		want[i] = strings.Replace(want[i], ".0.", ".", 1)
	}
	slices.Sort(want)
	languages := []string{"en", "de", "fr", "nl", "sv"}
	files, err := filepath.Glob(folder + "/translations/*")
	if err != nil || len(files) != len(languages) {
		t.Errorf("texts are %v (%v), want one file for each of %v", files, err, languages)
	}
	english := make(map[string]string) // descriptions by dotted path
	for _, language := range languages {
		file := filepath.Join(folder, "translations", language+".yaml")
		var texts struct {
			Configuration map[string]entry  `yaml:"configuration"`
			Network       map[string]string `yaml:"network"`
		}
		decoder := yaml.NewDecoder(bytes.NewReader([]byte(readFile(t, file))))
		decoder.KnownFields(true)
		if err := decoder.Decode(&texts); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var got []string
		var walk func(prefix string, entries map[string]entry)
		walk = func(prefix string, entries map[string]entry) {
			for key, e := range entries {
				got = append(got, prefix+key)
				if e.Name == "" || e.Description == "" {
					t.Errorf("%s: %s%s has no name or no description", file, prefix, key)
				}
				if language == "en" {
					english[prefix+key] = e.Description
				} else if e.Description == english[prefix+key] {
					t.Errorf("%s: the description of %s%s is still English", file, prefix, key)
				}
				walk(prefix+key+".", e.Fields)
			}
		}
		walk("", texts.Configuration)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: options (-schema +texts):\n%s", file, diff)
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(a.Ports)), slices.Sorted(maps.Keys(texts.Network))); diff != "" {
			t.Errorf("%s: ports (-config.yaml +texts):\n%s", file, diff)
		}
	}
}

// Home Assistant's update card shows the changelog down to "# <version>" of what
// is installed, so the headings are versions and no more, the newest first. The
// next version may have begun: config.yaml follows when its image is there.
func TestAppChangelog(t *testing.T) {
	log := readFile(t, folder+"/CHANGELOG.md")
	if !strings.HasPrefix(log, "# Changelog\n\n## ") {
		t.Errorf("CHANGELOG.md begins with %.40q", log)
	}
	headings := regexp.MustCompile(`(?m)^#+ .*$`).FindAllString(log, -1)[1:]
	for _, heading := range headings {
		if !regexp.MustCompile(`^## [0-9]+\.[0-9]+\.[0-9]+$`).MatchString(heading) {
			t.Errorf("the heading %q is no version", heading)
		}
	}
	if i := slices.Index(headings, "## "+readApp(t).Version); i < 0 || i > 1 {
		t.Errorf("the headings are %q, want the version of config.yaml, or one newer and then that", headings)
	}
}

// go.mod names the owner of the project. Everything else that must say it again
// follows; .ci/owner writes it.
func TestAppOwner(t *testing.T) {
	name, _, _ := strings.Cut(strings.TrimPrefix(readFile(t, root+"/go.mod"), "module github.com/"), "\n")
	address := "https://github.com/" + name
	for file, want := range map[string]string{
		root + "/repository.yaml": "\nurl: " + address + "\n",
		folder + "/config.yaml":   "\nurl: " + address + "/tree/main/smartmeter-addon\nimage: ghcr.io/" + strings.ToLower(name) + "\n",
		root + "/README.md":       "/redirect/supervisor_add_addon_repository/?repository_url=" + url.QueryEscape(address) + ")",
	} {
		if !strings.Contains(readFile(t, file), want) {
			t.Errorf("%s lacks %q", file, want)
		}
	}
}

func TestAppDocs(t *testing.T) {
	rows := make(map[string][]string) // by variable
	for line := range strings.Lines(readFile(t, folder+"/DOCS.md")) {
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		if len(cells) >= 4 && strings.HasPrefix(cells[1], " `SMARTMETER_") {
			rows[strings.Trim(cells[1], " `")] = cells
		}
	}
	for _, field := range leaves(reflect.TypeFor[config.Config]()) {
		variable := "SMARTMETER_" + field.Tag.Get("env")
		cells, ok := rows[variable]
		if !ok {
			t.Errorf("DOCS.md does not explain %s", variable)
			continue
		}
		delete(rows, variable)
		if path := field.Tag.Get("json"); path != "" && strings.Trim(cells[0], " `") != path {
			t.Errorf("DOCS.md: %s is called %s, want %s", variable, cells[0], path)
		}
		preset := field.Tag.Get("envDefault")
		if field.Type.Kind() == reflect.Bool && preset == "" {
			preset = "false"
		}
		if got := strings.Trim(cells[2], " `"); got != preset {
			t.Errorf("DOCS.md: the default of %s is %q, want %q", variable, got, preset)
		}
	}
	for variable := range rows {
		t.Errorf("DOCS.md explains %s, which does not exist", variable)
	}
}

func TestAppImage(t *testing.T) {
	a := readApp(t)
	dockerfile := readFile(t, folder+"/Dockerfile")
	for _, want := range []string{`io.hass.name="` + a.Name + `"`, `io.hass.description="` + a.Description + `"`, `io.hass.arch="aarch64|amd64"`} {
		if !strings.Contains(dockerfile, want) {
			t.Errorf("the Dockerfile lacks the label %s", want)
		}
	}
}

// The store shows the pictures in these sizes.
func TestAppPictures(t *testing.T) {
	for name, want := range map[string]image.Point{"icon.png": {X: 128, Y: 128}, "logo.png": {X: 250, Y: 100}} {
		picture, err := png.DecodeConfig(strings.NewReader(readFile(t, folder+"/"+name)))
		if got := image.Pt(picture.Width, picture.Height); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
}

// What people without Home Assistant copy must work as it is.
func TestStandaloneFiles(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Image                   string
			Environment             map[string]string
			Devices, Ports, Volumes []string
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, root+"/docs/compose.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	service := compose.Services["smartmeter"]
	if want := readApp(t).Image + ":latest"; service.Image != want {
		t.Errorf("image %q, want %q", service.Image, want)
	}
	var environ []string
	for name, value := range service.Environment {
		environ = append(environ, name+"="+value)
	}
	c, warnings, err := config.Load(environ, files(nil).read)
	if err != nil || warnings != nil {
		t.Fatalf("compose.yaml: %v, %v", warnings, err)
	}
	for _, l := range []config.Listen{c.WebServer, c.JSONSocket, c.RawSocket} {
		port := strings.TrimPrefix(string(l), ":")
		if !slices.Contains(service.Ports, port+":"+port) {
			t.Errorf("compose.yaml: the ports %q lack %s", service.Ports, port)
		}
	}
	if !strings.HasSuffix(service.Devices[0], ":"+c.Serial.Device) {
		t.Errorf("compose.yaml: the devices %q lack %s", service.Devices, c.Serial.Device)
	}

	var unit []string
	for line := range strings.Lines(readFile(t, root+"/docs/smartmeter.service") + readFile(t, root+"/docs/standalone.md")) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "Environment=")
		if strings.HasPrefix(line, "SMARTMETER_") && strings.Contains(line, "=") {
			unit = append(unit, line)
		}
	}
	c, warnings, err = config.Load(unit, files(nil).read)
	if err != nil || warnings != nil || c.Data != "/var/lib/smartmeter" || c.Serial.Device == "" {
		t.Errorf("smartmeter.service: %v, %v, %+v", warnings, err, c)
	}
}

// The Supervisor finds the profile by its line, of which there must be one, and
// puts its own name in the place of this one. A wrong profile that is enforced
// stops the app on every machine: it must have been seen to work before.
func TestAppProfile(t *testing.T) {
	lines := regexp.MustCompile(`(?m)^profile ([^ ]+).*$`).FindAllStringSubmatch(readFile(t, folder+"/apparmor.txt"), -1)
	if len(lines) != 1 || lines[0][1] != readApp(t).Slug || strings.Count(lines[0][0], lines[0][1]) != 1 {
		t.Errorf("profiles %q, want one that is called as the app", lines)
	}
}

// The Supervisor takes every config.* of the whole repository for an app, and
// the first repository.* that it meets for the store.
func TestStoreScan(t *testing.T) {
	kinds := []string{".yaml", ".yml", ".json"}
	var configs, repositories, builds []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		if d.IsDir() {
			switch relative {
			case ".git", ".cache", "dist": // not in the repository
				return filepath.SkipDir
			}
			return nil
		}
		if !slices.Contains(kinds, filepath.Ext(path)) {
			return nil
		}
		skipped := slices.ContainsFunc(strings.Split(relative, "/"), func(part string) bool {
			return strings.HasPrefix(part, ".") || part == "rootfs"
		})
		switch name := d.Name(); {
		case strings.HasPrefix(name, "config.") && !skipped:
			configs = append(configs, relative)
		case strings.HasPrefix(name, "repository."):
			repositories = append(repositories, relative)
		case strings.HasPrefix(name, "build.") && strings.HasPrefix(relative, "smartmeter-addon/"):
			builds = append(builds, relative)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"smartmeter-addon/config.yaml"}, configs); diff != "" {
		t.Errorf("apps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"repository.yaml"}, repositories); diff != "" {
		t.Errorf("stores (-want +got):\n%s", diff)
	}
	if builds != nil {
		t.Errorf("%v: deprecated", builds)
	}
	var store struct {
		Name       string `yaml:"name"`
		URL        string `yaml:"url"`
		Maintainer string `yaml:"maintainer"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(readFile(t, root+"/repository.yaml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&store); err != nil || store.Name == "" {
		t.Errorf("repository.yaml: %+v, %v", store, err)
	}
}
