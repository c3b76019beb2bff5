//go:build image

package image_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// deadline is how long a test waits; it is no measure of speed.
const deadline = 30 * time.Second

// token is what the stand-in for the Supervisor gives the app.
const token = "0123456789abcdef"

// container is a file system from an image, with what Docker and the Supervisor
// put into it. It has no more rights than the app's real one needs.
type container struct {
	root   string
	config config
	env    []string // beside the image's
}

func newContainer(t *testing.T, image string) *container {
	t.Helper()
	c := &container{root: t.TempDir(), config: configOf(t, image)}
	if err := os.CopyFS(c.root, os.DirFS(file(image))); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"data", "dev/pts", "proc", "sys"} {
		if err := os.MkdirAll(filepath.Join(c.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	hosts := "127.0.0.1 localhost\n172.30.32.2 supervisor hassio\n172.30.33.2 core-mosquitto reader\n"
	for name, text := range map[string]string{"etc/hosts": hosts, "etc/hostname": "0a1b2c3d-smartmeter\n", "etc/resolv.conf": "nameserver 172.30.32.3\n"} {
		if err := os.WriteFile(filepath.Join(c.root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"/dev/pts", "/proc", "/sys"} {
		c.bind(t, dir)
	}
	return c
}

// bind shows a folder of the machine in the container.
func (c *container) bind(t *testing.T, dir string) {
	t.Helper()
	target := filepath.Join(c.root, dir)
	if err := syscall.Mount(dir, target, "", syscall.MS_BIND, ""); err != nil {
		t.Fatalf("mounting %s: %v", dir, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(target, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmounting %s: %v", target, err)
		}
	})
}

// seal makes the container's file system read-only but for /data, as Docker's
// read_only does.
func (c *container) seal(t *testing.T) {
	t.Helper()
	for _, m := range []struct {
		from, to string
		flags    uintptr
	}{
		{c.root, c.root, syscall.MS_BIND | syscall.MS_REC},
		{"", c.root, syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY},
		{t.TempDir(), filepath.Join(c.root, "data"), syscall.MS_BIND},
	} {
		if err := syscall.Mount(m.from, m.to, "", m.flags, ""); err != nil {
			t.Fatalf("mounting %s: %v", m.to, err)
		}
		if m.from != "" {
			t.Cleanup(func() {
				if err := syscall.Unmount(m.to, syscall.MNT_DETACH); err != nil {
					t.Errorf("unmounting %s: %v", m.to, err)
				}
			})
		}
	}
}

// powerless calls do so that a program it starts has no capabilities, as with
// Docker's cap_drop ALL.
func powerless(t *testing.T, do func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		// The thread stays for ever, locked and idle: with it would end the
		// processes that were started on it (Pdeathsig), such as the broker.
		runtime.LockOSThread()
		var err error
		for capability := uintptr(0); err == nil && unix.Prctl(unix.PR_CAPBSET_READ, capability, 0, 0, 0) == nil; capability++ {
			err = unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		}
		if err == nil {
			do()
		}
		done <- err
		select {}
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// plug makes a terminal appear as a cable does, and returns its stable name.
func (c *container) plug(t *testing.T, tty string) string {
	t.Helper()
	const name = "/dev/serial/by-id/usb-FTDI_P1_Cable-if00-port0"
	if err := os.MkdirAll(filepath.Join(c.root, filepath.Dir(name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(tty, filepath.Join(c.root, name)); err != nil {
		t.Fatal(err)
	}
	return name
}

// managed makes the container one of the Supervisor's, with the user's options
// over the app's defaults, in the form and with the rights that it writes.
func (c *container) managed(t *testing.T, user map[string]any) {
	t.Helper()
	options := app(t, folder)["options"].(map[string]any)
	for name, value := range user {
		if group, ok := options[name].(map[string]any); ok {
			maps.Copy(group, value.(map[string]any))
			continue
		}
		options[name] = value
	}
	data, err := json.MarshalIndent(options, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, string(data))
}

// write gives the container an options file of the Supervisor.
func (c *container) write(t *testing.T, options string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.root, "data/options.json"), []byte(options), 0o600); err != nil {
		t.Fatal(err)
	}
	c.env = append(c.env, "SUPERVISOR_TOKEN="+token, "HASSIO_TOKEN="+token, "TZ=Europe/Amsterdam")
}

// command is a program in the container. The app's own is process 1, as it is
// where Docker adds no init.
func (c *container) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = "/"
	cmd.Env = append(append([]string{}, c.config.Config.Env...), c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Cloneflags: syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// output runs a program in the container to its end.
func (c *container) output(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.command(args...).CombinedOutput()
	if err != nil {
		t.Errorf("%q: %v: %s", args, err, out)
	}
	return string(out)
}

// health runs the image's health check and returns its exit code and words.
func (c *container) health(t *testing.T) (code int, words string) {
	t.Helper()
	return exit(t, c.command(c.config.Config.Healthcheck.Test[1:]...))
}

func exit(t *testing.T, cmd *exec.Cmd) (code int, words string) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// start starts the image's entry point.
func (c *container) start(t *testing.T) *process {
	t.Helper()
	return begin(t, c.command(c.config.Config.Entrypoint...))
}

// process is the app while it runs.
type process struct {
	cmd *exec.Cmd
	log *testkit.Log
}

func begin(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd, new(testkit.Log)}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		if t.Failed() {
			t.Logf("log of the app:\n%s", p.log)
		}
	})
	return p
}

// stop ends the app as the Supervisor does, and wants it to end in peace before
// it would be killed. It returns how long that took.
func (p *process) stop(t *testing.T) time.Duration {
	t.Helper()
	const killed = 10 * time.Second
	begun := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(killed, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
	return time.Since(begun)
}

// await waits until the app's log has a line with all the parts.
func (p *process) await(t *testing.T, parts ...string) {
	t.Helper()
	wait(t, fmt.Sprintf("a line with %q in the log", parts), func() bool {
		for line := range strings.Lines(p.log.String()) {
			found := true
			for _, part := range parts {
				found = found && strings.Contains(line, part)
			}
			if found {
				return true
			}
		}
		return false
	})
}

// wait looks until it has come.
func wait(t *testing.T, what string, come func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !come(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
	}
}
