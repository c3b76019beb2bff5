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

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// TestProfile holds what the app does with files, as strace sees it, against the
// profile, where no kernel enforces it; test/apparmor has one that does.
func TestProfile(t *testing.T) {
	check(t, "AppArmor profile allows what the app does with files", func(t *testing.T) string {
		_, rules, err := testkit.ProfileRules(filepath.Join(folder, "apparmor.txt"))
		if err != nil {
			t.Fatal(err)
		}
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
			if !begun || m == nil || strings.Contains(m[3], "= -1 ENOENT") { // what is not there cannot be denied
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
					allowed = allowed || r.Path.MatchString(whole) && strings.Contains(r.Permissions, permission)
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
