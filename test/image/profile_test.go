//go:build image

package image_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// rule is a line of the AppArmor profile about files.
type rule struct {
	path        *regexp.Regexp
	permissions string
}

// profile returns the rules about files, with what the profile includes.
func profile(t *testing.T) (rules []rule) {
	t.Helper()
	text, err := exec.Command("apparmor_parser", "--quiet", "--preprocess", filepath.Join(folder, "apparmor.txt")).Output()
	if err != nil {
		t.Fatal(err)
	}
	variables := make(map[string]string)
	definition := regexp.MustCompile(`^@\{(\w+)\}\s*=\s*(.*)$`)
	file := regexp.MustCompile(`^(?:owner )?([/@]\S*)\s+([a-z]+),`)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if m := definition.FindStringSubmatch(line); m != nil {
			values := strings.Fields(m[2])
			for i := range values {
				values[i] = strings.TrimSuffix(values[i], "/")
			}
			variables[m[1]] = "{" + strings.Join(values, ",") + "}"
		} else if m := file.FindStringSubmatch(line); m != nil {
			rules = append(rules, rule{pattern(t, m[1], variables), m[2]})
		}
	}
	return rules
}

// pattern is a path with AppArmor's wildcards as a regular expression.
func pattern(t *testing.T, path string, variables map[string]string) *regexp.Regexp {
	t.Helper()
	used := regexp.MustCompile(`@\{(\w+)\}`)
	for used.MatchString(path) {
		path = used.ReplaceAllStringFunc(path, func(s string) string { return variables[used.FindStringSubmatch(s)[1]] })
	}
	depth, class := 0, false
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case class:
			b.WriteByte(c)
			class = c != ']'
		case strings.HasPrefix(path[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[':
			b.WriteByte(c)
			class = true
		case c == '{':
			b.WriteString("(?:")
			depth++
		case c == '}':
			b.WriteByte(')')
			depth--
		case c == ',' && depth > 0:
			b.WriteByte('|')
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	compiled, err := regexp.Compile("^" + b.String() + "$")
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return compiled
}

// No kernel here may have AppArmor. This holds what the app does with files, as
// strace sees it, against the profile.
func TestProfile(t *testing.T) {
	check(t, "AppArmor profile allows what the app does with files", func(t *testing.T) string {
		rules := profile(t)
		h, c := newHouse(t), newContainer(t, "smartmeter-amd64")
		reader(t)
		c.managed(t, map[string]any{"network": map[string]any{"address": readerAddress}})
		trace := filepath.Join(t.TempDir(), "trace")
		// strace stays outside; what it starts is the app's own process.
		chroot, err := exec.LookPath("chroot")
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("strace", "-D", "-f", "-qq", "-e", "trace=%file", "-o", trace, chroot, c.root, c.config.Config.Entrypoint[0])
		cmd.Env = append(append([]string{}, c.config.Config.Env...), c.env...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		p := begin(t, cmd)
		h.await(t, "smartmeter/status/energy", `"crc":true`)
		answer, err := http.Get("http://172.30.33.2:8080/api/status")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		p.stop(t)

		call := regexp.MustCompile(`^\d+ +(\w+)\((?:AT_FDCWD, )?"(/[^"]*)"(.*)$`)
		seen := make(map[string]bool)
		begun := false
		for line := range strings.Lines(string(read(t, trace))) {
			begun = begun || strings.Contains(line, `execve("`+c.config.Config.Entrypoint[0]+`"`)
			m := call.FindStringSubmatch(strings.TrimSpace(line))
			if !begun || m == nil {
				continue
			}
			path, permission := strings.Replace(m[2], "/proc/self/", fmt.Sprintf("/proc/%d/", cmd.Process.Pid), 1), "r"
			switch {
			case m[1] == "execve":
				permission = "x"
			case strings.Contains(m[3], "O_WRONLY"), strings.Contains(m[3], "O_RDWR"), strings.Contains(m[3], "O_CREAT"),
				strings.HasPrefix(m[1], "rename"), strings.HasPrefix(m[1], "unlink"), strings.HasPrefix(m[1], "mkdir"):
				permission = "w"
			}
			if seen[path+permission] {
				continue
			}
			seen[path+permission] = true
			allowed := false
			for _, r := range rules {
				for _, whole := range []string{path, path + "/"} { // the rule of a folder ends with /
					allowed = allowed || r.path.MatchString(whole) && strings.Contains(r.permissions, permission)
				}
			}
			if !allowed {
				t.Errorf("the profile would refuse %s of %s", permission, line)
			}
		}
		if len(seen) < 5 {
			t.Errorf("strace has seen %d files only", len(seen))
		}
		return fmt.Sprintf("%d files, %d rules", len(seen), len(rules))
	})
}
