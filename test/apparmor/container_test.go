//go:build apparmor

package apparmor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"gopkg.in/yaml.v3"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// profileName is what the Supervisor makes of the profile's name: the app's full slug.
const profileName = "0a1b2c3d_smartmeter"

// deadline is how long a test waits; it is no measure of speed.
const deadline = time.Minute

// container is a file system with the image's files and what Docker and the
// Supervisor add to them.
type container struct {
	root string
	env  []string
}

func newContainer(t *testing.T) *container {
	t.Helper()
	c := &container{root: t.TempDir(), env: []string{"SMARTMETER_DATA=/data", "SUPERVISOR_TOKEN=0123456789abcdef", "TZ=Europe/Amsterdam"}}
	if err := os.CopyFS(c.root, os.DirFS("/image")); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"data", "config", "dev", "proc", "sys", "sbin"} {
		if err := os.MkdirAll(filepath.Join(c.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c.write(t, "etc/hosts", "127.0.0.1 localhost\n172.30.32.2 supervisor hassio\n")
	c.write(t, "etc/hostname", "0a1b2c3d-smartmeter\n")
	c.write(t, "etc/resolv.conf", "search local.hass.io\nnameserver 172.30.32.3\noptions ndots:0\n")
	docker, err := os.ReadFile("/bin/docker-init")
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, "sbin/docker-init", string(docker))
	for _, program := range []string{"smartmeter", "sbin/docker-init"} {
		if err := os.Chmod(filepath.Join(c.root, program), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// write gives the container a file that only root reads.
func (c *container) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.root, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// configure writes the user's options over the app's defaults, as the Supervisor does.
func (c *container) configure(t *testing.T, user map[string]any) {
	t.Helper()
	text, err := os.ReadFile("smartmeter-addon/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var app struct{ Options map[string]any }
	if err := yaml.Unmarshal(text, &app); err != nil {
		t.Fatal(err)
	}
	for name, value := range user {
		if group, ok := app.Options[name].(map[string]any); ok {
			maps.Copy(group, value.(map[string]any))
			continue
		}
		app.Options[name] = value
	}
	data, err := json.MarshalIndent(app.Options, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, "data/options.json", string(data))
}

// The rights that Docker leaves to a container's root.
var capabilities = []uintptr{
	unix.CAP_AUDIT_WRITE, unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_FSETID, unix.CAP_KILL, unix.CAP_MKNOD,
	unix.CAP_NET_BIND_SERVICE, unix.CAP_NET_RAW, unix.CAP_SETFCAP, unix.CAP_SETGID, unix.CAP_SETPCAP, unix.CAP_SETUID, unix.CAP_SYS_CHROOT,
}

// enter is what this program does in a container's new namespaces: it makes root
// the file system, confines the process to the profile as runc does, and turns
// into the program. It returns only an error.
func enter(root string, program []string) error {
	runtime.LockOSThread()
	// A group of its own, and no other to be seen from there.
	if err := os.WriteFile("/sys/fs/cgroup/app/cgroup.procs", []byte("0"), 0); err != nil {
		return err
	}
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("a group of its own: %w", err)
	}
	mounts := []struct {
		from, to, kind string
		flags          uintptr
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE},
		{root, root, "", unix.MS_BIND},
		{"/dev", root + "/dev", "", unix.MS_BIND | unix.MS_REC},
		{"", root + "/dev", "", unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY},
		{"proc", root + "/proc", "proc", unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV},
		{"sysfs", root + "/sys", "sysfs", unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV},
		{"cgroup", root + "/sys/fs/cgroup", "cgroup2", unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV},
		{root + "/config", root + "/config", "", unix.MS_BIND},
		{"", root + "/config", "", unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY},
		{root + "/data", root + "/data", "", unix.MS_BIND},
	}
	for _, m := range mounts {
		if err := unix.Mount(m.from, m.to, m.kind, m.flags, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", m.to, err)
		}
	}
	if err := unix.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leaving the old root: %w", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return err
	}
	attribute, err := os.OpenFile(profileAttribute, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := confine(attribute); err != nil {
		return err
	}
	return unix.Exec(program[0], program, os.Environ())
}

// join runs a program in the namespaces of the container whose first process is
// pid, confined to the profile, as docker exec does, and returns its exit code.
func join(pid string, program []string) (code int, err error) {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return 0, err
	}
	// The thread's own entry, which the container's /proc has not.
	attribute, err := os.OpenFile(profileAttribute, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	var spaces []int
	for _, space := range []string{"cgroup", "pid", "mnt"} {
		fd, err := unix.Open("/proc/"+pid+"/ns/"+space, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return 0, err
		}
		spaces = append(spaces, fd)
	}
	for _, fd := range spaces {
		if err := unix.Setns(fd, 0); err != nil {
			return 0, fmt.Errorf("setns: %w", err)
		}
	}
	if err := confine(attribute); err != nil {
		return 0, err
	}
	cmd := exec.Command(program[0], program[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		err = nil
	}
	return cmd.ProcessState.ExitCode(), err
}

// profileAttribute takes the profile of the program that a thread turns into.
const profileAttribute = "/proc/thread-self/attr/exec"

// confine makes the program that this thread turns into one with Docker's
// capabilities, under the profile.
func confine(attribute *os.File) error {
	keep := [2]unix.CapUserData{}
	for _, c := range capabilities {
		keep[c/32].Effective |= 1 << (c % 32)
	}
	for i := range keep {
		keep[i].Permitted = keep[i].Effective
	}
	for c := uintptr(0); unix.Prctl(unix.PR_CAPBSET_READ, c, 0, 0, 0) == nil; c++ {
		if keep[c/32].Effective&(1<<(c%32)) == 0 {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
				return fmt.Errorf("dropping capability %d: %w", c, err)
			}
		}
	}
	if _, err := attribute.WriteString("exec " + profileName); err != nil {
		return fmt.Errorf("asking for the profile: %w", err)
	}
	return attribute.Close()
}

// process is the app while it runs.
type process struct {
	cmd *exec.Cmd
	log *testkit.Log
}

// start starts the image's entry point under Docker's init.
func (c *container) start(t *testing.T) *process {
	t.Helper()
	p := &process{c.command("/sbin/docker-init", "--", "/smartmeter"), new(testkit.Log)}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("log of the app:\n%s", p.log)
		}
	})
	return p
}

// command is a program in the container, as the first process there.
func (c *container) command(program ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", append([]string{"enter", c.root}, program...)...)
	cmd.Env = c.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// run runs a program in the container to its end, and returns its exit code and words.
func (c *container) run(t *testing.T, program ...string) (code int, words string) {
	t.Helper()
	return exit(t, c.command(program...))
}

func exit(t *testing.T, cmd *exec.Cmd) (code int, words string) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// health runs the image's health check beside the app.
func (p *process) health(t *testing.T, env []string) (code int, words string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "join", strconv.Itoa(p.cmd.Process.Pid), "/smartmeter", "healthcheck")
	cmd.Env = env
	return exit(t, cmd)
}

// confined wants every process of the app to be under the enforced profile.
func (p *process) confined(t *testing.T) {
	t.Helper()
	pid := strconv.Itoa(p.cmd.Process.Pid)
	children, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	if err != nil {
		t.Fatal(err)
	}
	pids := append(strings.Fields(string(children)), pid)
	if len(pids) < 2 {
		t.Error("docker-init has no child")
	}
	for _, pid := range pids {
		label, err := os.ReadFile("/proc/" + pid + "/attr/current")
		if err != nil || strings.TrimSpace(string(label)) != profileName+" (enforce)" {
			t.Errorf("process %s runs under %q, %v", pid, label, err)
		}
	}
}

// stop ends the app as the Supervisor does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(deadline, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// wait polls until come reports true.
func wait(t *testing.T, what string, come func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !come(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
	}
}
