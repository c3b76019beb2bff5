//go:build image

// Package image_test is the check list of the app's image. The script run
// builds the images and calls it, as root and in a network of its own, with the
// folder of the images in IMAGES.
package image_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// rows are the lines of the table that is printed at the end.
var rows [][3]string

// check is one row of the table: do returns the figure to show, if there is one.
func check(t *testing.T, name string, do func(t *testing.T) string) {
	t.Helper()
	figure := ""
	passed := t.Run(name, func(t *testing.T) { figure = do(t) })
	result := "good"
	if !passed {
		result = "FAILED"
	}
	rows = append(rows, [3]string{name, result, figure})
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", row[0], row[1], row[2])
	}
	w.Flush()
	os.Exit(code)
}

// file is a path in the folder of the images.
func file(name string) string { return filepath.Join(os.Getenv("IMAGES"), name) }

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// config is what an image says of itself, as Docker reads it.
type config struct {
	Architecture string `json:"architecture"`
	Config       struct {
		User         string
		Env          []string
		Entrypoint   []string
		ExposedPorts map[string]struct{}
		Labels       map[string]string
		Healthcheck  *struct {
			Test                           []string
			Interval, Timeout, StartPeriod time.Duration
			Retries                        int
		}
	} `json:"config"`
}

func configOf(t *testing.T, image string) config {
	t.Helper()
	var inspected struct{ Docker config }
	if err := json.Unmarshal(read(t, file(image+".json")), &inspected); err != nil {
		t.Fatal(err)
	}
	if inspected.Docker.Config.Healthcheck == nil || len(inspected.Docker.Config.Entrypoint) == 0 {
		t.Fatal("no health check, or no entry point")
	}
	return inspected.Docker
}

// app is the app's config.yaml, or the one of a staged local app.
func app(t *testing.T, folder string) (keys map[string]any) {
	t.Helper()
	if err := yaml.Unmarshal(read(t, filepath.Join(folder, "config.yaml")), &keys); err != nil {
		t.Fatal(err)
	}
	return keys
}

const folder = "../../smartmeter-addon"

func TestImages(t *testing.T) {
	version := os.Getenv("VERSION")
	for _, arch := range []string{"amd64", "arm64"} {
		image := "smartmeter-" + arch
		check(t, arch+": configuration and labels", func(t *testing.T) string {
			c := configOf(t, image)
			health := c.Config.Healthcheck
			if c.Architecture != arch || c.Config.User != "" || !slices.Equal(c.Config.Entrypoint, []string{"/smartmeter"}) ||
				!slices.Equal(health.Test, []string{"CMD", "/smartmeter", "healthcheck"}) || health.Interval < 10*time.Second || health.StartPeriod == 0 {
				t.Errorf("%+v", c)
			}
			config := app(t, folder)
			for name, want := range map[string]any{
				"io.hass.version": version, "io.hass.type": "app", "io.hass.arch": "aarch64|amd64",
				"io.hass.name": config["name"], "io.hass.description": config["description"],
			} {
				if got := c.Config.Labels[name]; got != want {
					t.Errorf("label %s is %q, want %q", name, got, want)
				}
			}
			for port := range config["ports"].(map[string]any) {
				if _, ok := c.Config.ExposedPorts[port]; !ok {
					t.Errorf("port %s is not exposed", port)
				}
			}
			return fmt.Sprintf("health check every %s", health.Interval)
		})
		check(t, arch+": files", func(t *testing.T) string {
			var files []string
			root := file(image)
			err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					files = append(files, strings.TrimPrefix(path, root))
				}
				return err
			})
			if diff := cmp.Diff([]string{"/etc/ssl/certs/ca-certificates.crt", "/smartmeter"}, files); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			return strings.Join(files, ", ")
		})
		check(t, arch+": below 10 MB compressed", func(t *testing.T) string {
			size := compressed(t, image)
			if size > 10e6 {
				t.Errorf("%d bytes", size)
			}
			return fmt.Sprintf("%.2f MB, program %.2f MB", float64(size)/1e6, float64(len(read(t, file(image+"/smartmeter"))))/1e6)
		})
		check(t, arch+": the same program without an image", func(t *testing.T) string {
			return same(t, image+"/smartmeter", "host-"+arch)
		})
	}
	check(t, "amd64: the same program twice", func(t *testing.T) string { return same(t, "smartmeter-amd64/smartmeter", "again-amd64/smartmeter") })
	check(t, "amd64: version", func(t *testing.T) string {
		got := strings.TrimSpace(newContainer(t, "smartmeter-amd64").output(t, "/smartmeter", "version"))
		if want := fmt.Sprintf("smartmeter %s, commit %s, ", version, os.Getenv("COMMIT")); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		return got
	})
	check(t, "local app: staged and built", func(t *testing.T) string {
		staged := app(t, file("../local"))
		if staged["image"] != nil || staged["version"] != version+"-dev" {
			t.Errorf("image %v, version %v", staged["image"], staged["version"])
		}
		got := newContainer(t, "local-amd64").output(t, "/smartmeter", "version")
		if !strings.HasPrefix(got, "smartmeter "+version+"-dev, commit "+os.Getenv("COMMIT")) {
			t.Errorf("%q", got)
		}
		return strings.TrimSpace(got)
	})
}

// compressed is what a machine downloads for the image, in bytes.
func compressed(t *testing.T, image string) (size int64) {
	t.Helper()
	var manifest struct{ Layers []struct{ Size int64 } }
	if err := json.Unmarshal(read(t, file(image+".pushed/manifest.json")), &manifest); err != nil {
		t.Fatal(err)
	}
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	if size == 0 {
		t.Error("no layers")
	}
	return size
}

// same tells whether two files are the same, and returns their sum.
func same(t *testing.T, a, b string) string {
	t.Helper()
	one, other := read(t, file(a)), read(t, file(b))
	if !bytes.Equal(one, other) {
		t.Errorf("%s and %s differ: %x, %x", a, b, sha256.Sum256(one), sha256.Sum256(other))
	}
	return fmt.Sprintf("sha256 %.16x...", sha256.Sum256(one))
}
