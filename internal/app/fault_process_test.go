package app_test

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.bug.st/serial"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// nobody is a user without any rights.
const nobody = 65534

// binaries are the programs that were built, in a folder that anyone may read.
var binaries struct {
	sync.Mutex
	dir   string
	built map[string]string
}

// binary builds cmd/smartmeter once for each set of arguments.
func binary(t *testing.T, name string, args ...string) string {
	t.Helper()
	binaries.Lock()
	defer binaries.Unlock()
	if path, ok := binaries.built[name]; ok {
		return path
	}
	if binaries.dir == "" {
		dir, err := os.MkdirTemp("", "smartmeter-fault-")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		binaries.dir, binaries.built = dir, make(map[string]string)
	}
	path := filepath.Join(binaries.dir, name)
	args = append([]string{"build", "-trimpath", "-o", path}, args...)
	if out, err := exec.Command("go", append(args, "../../cmd/smartmeter")...).CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	binaries.built[name] = path
	return path
}

// removeBinaries is called when all tests have ended.
func removeBinaries() {
	if binaries.dir != "" {
		_ = os.RemoveAll(binaries.dir)
	}
}

// openDir is a folder where anyone may do anything.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && len(d) > 1; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// process is the program as a process of its own, without any rights.
type process struct {
	*program
	cmd *exec.Cmd
}

var opened = regexp.MustCompile(`msg="(?:JSON|raw) socket is open" part="(json|raw) socket" address=(\S+)`)

// spawn starts the program's binary.
func spawn(t *testing.T, path string, variables ...string) *process {
	t.Helper()
	data := openDir(t)
	options := filepath.Join(data, "options.json")
	if err := os.WriteFile(options, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := &process{program: &program{t: t, log: new(testkit.Log), addresses: map[string]string{}, listening: make(chan struct{}, 16)}}
	p.cmd = exec.Command(path)
	p.cmd.Env = append(environment(t, append([]string{"OPTIONS=" + options, "DATA=" + data}, variables...)...), "TZ=Europe/Amsterdam")
	if os.Geteuid() == 0 {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewReader(stderr)
		for {
			line, err := lines.ReadString('\n')
			_, _ = p.log.Write([]byte(line))
			if m := opened.FindStringSubmatch(line); m != nil {
				p.mu.Lock()
				p.addresses[m[1]] = m[2]
				p.mu.Unlock()
				p.listening <- struct{}{}
			}
			if err != nil {
				return
			}
		}
	}()
	var once sync.Once
	p.stop = func() {
		once.Do(func() {
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
			kill := time.AfterFunc(deadline, func() { _ = p.cmd.Process.Kill() })
			defer kill.Stop()
			<-read
			_ = p.cmd.Wait()
		})
	}
	t.Cleanup(p.stop)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the program:\n%s", p.log)
		}
	})
	return p
}

// ended stops the process and fails unless it ended well.
func (p *process) ended() {
	p.t.Helper()
	p.stop()
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("the program ended with %v, want exit code 0", p.cmd.ProcessState)
	}
	if n := p.log.Count("not every output closed in time"); n != 0 {
		p.t.Error("the program left without an output that did not close in time")
	}
}

// TestFaultPortBusy: another program has the device open, and closes it after
// a while.
func TestFaultPortBusy(t *testing.T) {
	t.Parallel()
	c, b := newCable(t), newBroker(t, testkit.Addr(t))
	if err := os.Chmod(c.port.Name(), 0o666); err != nil {
		t.Fatal(err)
	}
	other, err := serial.Open(c.port.Name(), &serial.Mode{BaudRate: 115200})
	if err != nil {
		t.Fatal(err)
	}
	p := spawn(t, binary(t, "smartmeter"), "PORT="+c.link, b.variable())
	b.wait("smartmeter/connected", "1")
	waitFor(t, "a line about the port", func() bool { return p.log.Count("level=WARN", lineLost, "another program has the port open") == 1 })
	waitFor(t, "another try", func() bool { return p.log.Count("still no data from the meter") >= 1 })
	mark := p.mark()
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the open port", func() bool { return p.log.Count("line to the meter is open") == 1 })
	w := attend(p.program, c.meter, b)
	w.reading()
	b.wait("smartmeter/connected", "2")
	w.reading()
	if n := p.log.Count("level=WARN"); n != 1 {
		t.Errorf("%d warnings in the log, want 1", n)
	}
	waitFor(t, "a line at the return", func() bool { return strings.Contains(strings.Join(p.said(mark), "\n"), lineBack) })
	p.ended()
}

// TestFaultDataReadOnly: nothing can be kept, which is said once, and all the
// rest works.
func TestFaultDataReadOnly(t *testing.T) {
	t.Parallel()
	data := filepath.Join(openDir(t), "data")
	if err := os.Mkdir(data, 0o555); err != nil {
		t.Fatal(err)
	}
	meter, b := newLine(t), newBroker(t, testkit.Addr(t))
	p := spawn(t, binary(t, "smartmeter"), meter.variable(), b.variable(), "DATA="+data)
	conn := meter.accept()
	w := attend(p.program, conn, b)
	w.reading() // which is reason enough to keep what devices there are
	b.wait("homeassistant/device/smartmeter_p1/config", "power_net")
	waitFor(t, "a line about the folder", func() bool { return p.log.Count("level=WARN", "state cannot be kept") == 1 })
	for range 20 {
		w.reading()
	}
	p.ended()
	if n := p.log.Count("level=WARN"); n != 1 {
		t.Errorf("%d warnings in the log, want 1", n)
	}
	if _, err := os.Stat(filepath.Join(data, "mqtt_p1.json")); err == nil {
		t.Error("the folder could be written all the time")
	}
}

// TestFaultSigterm: whenever the signal comes, the program ends well, and
// whoever it told that it is there is told that it is not.
func TestFaultSigterm(t *testing.T) {
	t.Parallel()
	path := binary(t, "smartmeter")
	for i := range 12 {
		meter, b := newLine(t), newBroker(t, testkit.Addr(t))
		go func() { // a meter that never rests
			for n := 0; ; n++ {
				conn, ok := <-meter.conns
				if !ok {
					return
				}
				for {
					if _, err := conn.Write([]byte(numbered(n))); err != nil {
						break
					}
					time.Sleep(time.Millisecond)
				}
			}
		}()
		p := spawn(t, path, meter.variable(), b.variable(), "MQTT_INTERVAL=0")
		switch i % 3 {
		case 0: // while it starts
		case 1:
			waitFor(t, "the start", func() bool { return p.log.Count("smartmeter starts") == 1 })
		case 2:
			b.wait("smartmeter/p1/availability", "online")
			p.dial("json").line()
			p.dial("raw") // and does not read
		}
		time.Sleep(rand.N(40 * time.Millisecond)) // any moment will do
		p.stop()
		started := p.log.Count("smartmeter starts") == 1
		if state := p.cmd.ProcessState; state.ExitCode() != 0 && started {
			t.Errorf("stopped at moment %d the program ended with %v, want exit code 0", i, state)
		}
		if stopped := p.log.Count("smartmeter has stopped") == 1; stopped != started {
			t.Errorf("stopped at moment %d the log tells of the start: %v, of the end: %v\n%s", i, started, stopped, p.log)
		}
		if n := p.log.Count("not every output closed in time") + p.log.Count("level=ERROR"); n > 0 {
			t.Errorf("stopped at moment %d the program did not end well:\n%s", i, p.log)
		}
		waitFor(t, "the end of its connection", func() bool { return b.clients() == 0 })
		if told := b.last("smartmeter/connected"); told != "0" && told != "" { // it may not have come to say anything
			t.Errorf("stopped at moment %d it leaves connected at %s", i, told)
		}
		if told := b.last("smartmeter/p1/availability"); told == "online" {
			t.Errorf("stopped at moment %d it leaves its meter %s", i, told)
		}
	}
}

// clients counts the clients from outside. One that has gone has none of its
// messages under way.
func (b *broker) clients() (n int) {
	for _, c := range b.server.Clients.GetAll() {
		if !c.Net.Inline && !c.Closed() {
			n++
		}
	}
	return n
}

// last is the newest payload on a topic that no wait has taken.
func (b *broker) last(topic string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.messages[topic]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}
