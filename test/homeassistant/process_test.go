//go:build homeassistant

package homeassistant_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// process is a program that can be started more than once. What it prints is
// kept with the test's artifacts.
type process struct {
	args []string
	env  []string // beside the test's own
	log  string   // path
	cmd  *exec.Cmd
}

func newProcess(t *testing.T, name string, args ...string) *process {
	p := &process{args: args, log: filepath.Join(t.ArtifactDir(), name+".log")}
	t.Cleanup(p.kill)
	return p
}

func (p *process) start(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.cmd = exec.Command(p.args[0], p.args[1:]...)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // nothing outlives the test
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// stop ends the process as a service manager does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	hangs := time.AfterFunc(deadline, func() { _ = p.cmd.Process.Kill() })
	err := p.cmd.Wait()
	if !hangs.Stop() {
		t.Errorf("%s did not stop within %s", p.args[0], deadline)
	} else if err != nil {
		t.Errorf("%s: %v", p.args[0], err)
	}
	p.cmd = nil
}

// kill ends the process as a power cut does.
func (p *process) kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		p.cmd = nil
	}
}
