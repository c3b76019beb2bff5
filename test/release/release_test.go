// Package release_test tries the scripts that a release rests on, in copies of
// the files that they read.
package release_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tree is a copy of the project's files, with the changes that replace makes.
func tree(t *testing.T, names []string, replace ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if !strings.HasPrefix(name, ".ci/") {
			text = strings.NewReplacer(replace...).Replace(text)
		}
		if err := os.WriteFile(target, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// call runs a script of a tree.
func call(t *testing.T, dir string, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command("bash", args...)
	cmd.Dir = dir
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	cmd.Env = append(os.Environ(), append([]string{"GITHUB_REPOSITORY_OWNER=", "GITHUB_SHA="}, env...)...)
	failed := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](failed); failed != nil && !ended {
		t.Fatal(failed)
	}
	return cmd.ProcessState.ExitCode(), out.String(), err.String()
}

func TestReleaseCheck(t *testing.T) {
	const commit = "0123456789012345678901234567890123456789"
	released := []string{`version: "0.1.0"`, `version: "1.2.3"`, "## 0.1.0\n", "## 1.2.3\n",
		"image: ghcr.io/smartmeter-addon/smartmeter-addon\n", "image: ghcr.io/an-owner/smartmeter\n"}
	for _, tt := range []struct {
		name    string
		replace []string // more of released
		env     []string
		args    []string
		want    string // part of the complaint; empty: all is well
	}{
		{name: "good", args: []string{"v1.2.3"}},
		{name: "good, with the program", env: []string{"GITHUB_REPOSITORY_OWNER=An-Owner", "GITHUB_SHA=" + commit},
			args: []string{"v1.2.3", "smartmeter 1.2.3, commit " + commit + ", go1.26.8 linux/amd64"}},
		{name: "other tag", args: []string{"v1.2.4"}, want: `the tag is v1.2.4, and smartmeter-addon/config.yaml has version "1.2.3"`},
		{name: "tag without v", args: []string{"1.2.3"}, want: "tag v1.2.3"},
		{name: "version of two numbers", replace: []string{`version: "0.1.0"`, `version: "1.2"`}, args: []string{"v1.2"}, want: "want three numbers"},
		{name: "old changelog", replace: []string{"## 0.1.0\n", "## 1.2.2\n"}, args: []string{"v1.2.3"}, want: "CHANGELOG.md begins with ## 1.2.2"},
		{name: "empty changelog", replace: []string{"## 0.1.0\n", "## 1.2.3\n\n## 1.2.2\n"}, args: []string{"v1.2.3"}, want: "says nothing under ## 1.2.3"},
		{name: "image with a tag", replace: []string{"image: ghcr.io/smartmeter-addon/smartmeter-addon\n", "image: ghcr.io/an-owner/smartmeter:1\n"},
			args: []string{"v1.2.3"}, want: "want ghcr.io/OWNER/NAME"},
		{name: "fork", env: []string{"GITHUB_REPOSITORY_OWNER=Somebody"}, args: []string{"v1.2.3"}, want: "call .ci/owner Somebody/REPOSITORY"},
		{name: "other program", args: []string{"v1.2.3", "smartmeter 1.2.30, commit"}, want: "want smartmeter 1.2.3"},
		{name: "other commit", env: []string{"GITHUB_SHA=" + commit}, args: []string{"v1.2.3", "smartmeter 1.2.3, commit unknown, go1.26.8"}, want: "want commit " + commit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := tree(t, []string{".ci/release-check", "smartmeter-addon/config.yaml", "smartmeter-addon/CHANGELOG.md"}, append(tt.replace, released...)...)
			code, stdout, stderr := call(t, dir, tt.env, append([]string{".ci/release-check"}, tt.args...)...)
			if tt.want == "" {
				const want = "version=1.2.3\nimage=ghcr.io/an-owner/smartmeter\nprefix=ghcr.io/an-owner\nname=smartmeter\n"
				if code != 0 || stdout != want || stderr != "" {
					t.Errorf("exit %d, %q, %q", code, stdout, stderr)
				}
				return
			}
			if code != 1 || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit %d, %q, %q, want %q", code, stdout, stderr, tt.want)
			}
		})
	}
}

// After the script no file may name the old owner.
func TestOwner(t *testing.T) {
	names := []string{".ci/owner", "go.mod", "README.md", "repository.yaml", "smartmeter-addon/config.yaml", "cmd/smartmeter/main.go",
		"internal/config/config.go", "test/release/release_test.go"}
	dir := tree(t, names)
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	if code, _, stderr := call(t, dir, nil, ".ci/owner", "nonsense"); code != 2 || stderr == "" {
		t.Errorf("exit %d, %q, want 2 and a help", code, stderr)
	}
	if code, stdout, stderr := call(t, dir, nil, ".ci/owner", "An-Owner/A.Meter"); code != 0 {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	for name, want := range map[string]string{
		"go.mod":                       "module github.com/An-Owner/A.Meter\n",
		"README.md":                    "repository_url=https%3A%2F%2Fgithub.com%2FAn-Owner%2FA.Meter)",
		"repository.yaml":              "url: https://github.com/An-Owner/A.Meter\n",
		"smartmeter-addon/config.yaml": "image: ghcr.io/an-owner/a.meter\n",
		"cmd/smartmeter/main.go":       `"github.com/An-Owner/A.Meter/internal/app"`,
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q", name, want)
		}
		for _, old := range []string{"github.com/smartmeter-addon", "github.com%2Fsmartmeter-addon", "ghcr.io/smartmeter-addon"} {
			if strings.Contains(text, old) {
				t.Errorf("%s still has %q", name, old)
			}
		}
	}
}

// TestPinned: what a build takes from others is named by its content. A tag
// can be moved to something else by whoever takes over an account.
func TestPinned(t *testing.T) {
	uses := regexp.MustCompile(`(?m)^\s*(?:- )?uses: (\S+)(.*)$`)
	pinned := regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v?[0-9]+\.[0-9]+\.[0-9]+$`)
	workflows, err := filepath.Glob("../../.github/workflows/*")
	if err != nil || len(workflows) == 0 {
		t.Fatalf("%d workflows, %v", len(workflows), err)
	}
	for _, name := range workflows {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range uses.FindAllStringSubmatch(string(text), -1) {
			if own := strings.HasPrefix(use[1], "./"); !own && !pinned.MatchString(use[1]+use[2]) {
				t.Errorf("%s: %s%s: want a commit, and its version behind", name, use[1], use[2])
			}
		}
	}
	text, err := os.ReadFile("../../smartmeter-addon/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range regexp.MustCompile(`(?m)^FROM (.*)$`).FindAllStringSubmatch(string(text), -1) {
		if from[1] != "scratch" && !regexp.MustCompile(`:\S+@sha256:[0-9a-f]{64}( |$)`).MatchString(from[1]) {
			t.Errorf("Dockerfile: FROM %s: want a digest behind the tag", from[1])
		}
	}
}
