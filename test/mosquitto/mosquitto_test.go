//go:build mosquitto

// Package mosquitto_test runs the real program against Debian's mosquitto,
// with a password, and looks with mosquitto_sub as a user would. It needs both
// installed, hence the build tag.
package mosquitto_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

const (
	user, password = "meter", "secret:with@signs"

	// deadline is how long a test waits; it is no measure of speed.
	deadline = 30 * time.Second
)

// broker is a mosquitto of our own.
type broker struct {
	t    *testing.T
	host string
	port string
	dir  string
	cmd  *exec.Cmd
}

func newBroker(t *testing.T) *broker {
	t.Helper()
	b := &broker{t: t, dir: t.TempDir()}
	b.host, b.port, _ = net.SplitHostPort(testkit.FreeAddr(t))
	b.setPassword(password)
	conf := fmt.Sprintf("listener %s %s\nallow_anonymous false\npassword_file %s\n", b.port, b.host, filepath.Join(b.dir, "passwords"))
	if os.Getuid() == 0 {
		conf += "user root\n" // else it may not read our files
	}
	if err := os.WriteFile(filepath.Join(b.dir, "mosquitto.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	b.start()
	t.Cleanup(b.stop)
	return b
}

func (b *broker) setPassword(password string) {
	b.t.Helper()
	out, err := exec.Command("mosquitto_passwd", "-b", "-c", filepath.Join(b.dir, "passwords"), user, password).CombinedOutput()
	if err != nil {
		b.t.Fatalf("mosquitto_passwd: %v: %s", err, out)
	}
}

func (b *broker) start() {
	b.t.Helper()
	b.cmd = exec.Command("mosquitto", "-c", filepath.Join(b.dir, "mosquitto.conf"))
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *broker) stop() {
	if b.cmd != nil {
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
		b.cmd = nil
	}
}

// wait runs mosquitto_sub until a payload on the topic has what is wanted.
func (b *broker) wait(topic, want string) string {
	b.t.Helper()
	end := time.Now().Add(deadline)
	for {
		left := time.Until(end)
		if left < time.Second {
			b.t.Fatalf("no %q on %s", want, topic)
		}
		// One message at a time: a retained one comes first.
		out, err := exec.Command("mosquitto_sub", "-h", b.host, "-p", b.port, "-u", user, "-P", password, "-t", topic, "-C", "1", "-W", "2").Output()
		if err == nil && strings.Contains(string(out), want) {
			return string(out)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// publish leaves a retained message with the broker; an empty one removes it.
func (b *broker) publish(topic, payload string) {
	b.t.Helper()
	how := "-s" // from standard input
	if payload == "" {
		how = "-n"
	}
	cmd := exec.Command("mosquitto_pub", "-h", b.host, "-p", b.port, "-u", user, "-P", password, "-t", topic, "-r", how)
	cmd.Stdin = strings.NewReader(payload)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("mosquitto_pub: %v: %s", err, out)
	}
}

// readerTopic is where a reader publishes telegrams, of which the broker has kept
// an old one.
const (
	readerTopic = "reader/telegram"
	oldTelegram = "/ISK5\\2M550T-1012\r\n\r\n0-0:1.0.0(210226121534W)\r\n1-0:1.7.0(01.193*kW)\r\n!0000\r\n"
)

// publisher is a command that publishes its standard input on the reader's topic.
func (b *broker) publisher(how string) *exec.Cmd {
	return exec.Command("mosquitto_pub", "-h", b.host, "-p", b.port, "-u", user, "-P", password, "-t", readerTopic, how)
}

// publishTelegrams publishes a telegram by each command, a second of the meter
// apart, until it is stopped.
func (b *broker) publishTelegrams(command func() *exec.Cmd) (stop func()) {
	ended, stopped := make(chan error, 1), make(chan struct{})
	begin := time.Now()
	meter := simulate.New(simulate.Options{Seed: 1, Start: begin})
	go func() {
		for n := 0; ; n++ {
			telegram := meter.AppendTelegram(nil, begin.Add(time.Duration(n)*time.Second))
			cmd := command()
			cmd.Stdin = bytes.NewReader(telegram)
			if out, err := cmd.CombinedOutput(); err != nil {
				ended <- fmt.Errorf("mosquitto_pub: %w: %s", err, out)
				return
			}
			select {
			case <-stopped:
				ended <- nil
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() {
		close(stopped)
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	}
}

// program is the binary as it is shipped.
type program struct {
	t   *testing.T
	cmd *exec.Cmd
	log string
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "smartmeter")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/smartmeter-addon/smartmeter-addon/cmd/smartmeter").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return binary
}

func start(t *testing.T, binary string, variables ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(binary), log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.cmd.Stderr = log
	p.cmd.Env = append(os.Environ(), "SMARTMETER_TCP_SERVER=0", "SMARTMETER_RAW_TCP_SERVER=0", "SMARTMETER_HEALTH=0", "SMARTMETER_DATA="+t.TempDir())
	p.cmd.Env = append(p.cmd.Env, variables...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(p.log)
			t.Logf("log of the program:\n%s", text)
		}
	})
	return p
}

// end stops the program in order.
func (p *program) end() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("exit: got %v, want 0", err)
	}
}

func (p *program) waitLog(parts ...string) {
	p.t.Helper()
	for end := time.Now().Add(deadline); ; time.Sleep(50 * time.Millisecond) {
		text, err := os.ReadFile(p.log)
		if err != nil {
			p.t.Fatal(err)
		}
		if strings.Contains(string(text), password) {
			p.t.Fatal("the password is in the log")
		}
		for line := range strings.Lines(string(text)) {
			found := true
			for _, part := range parts {
				found = found && strings.Contains(line, part)
			}
			if found {
				return
			}
		}
		if time.Now().After(end) {
			p.t.Fatalf("no line with %q in the log", parts)
		}
	}
}

// meter is a simulated network reader that sends a telegram each 100 ms.
func meter(t *testing.T) string {
	t.Helper()
	line, err := simulate.Listen(testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- line.Run(ctx) }()
	go func() {
		ended <- simulate.New(simulate.Options{Seed: 1}).Run(ctx, line, 100*time.Millisecond, time.Now)
	}()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	})
	return line.Addr()
}

func TestMosquitto(t *testing.T) {
	b, binary, source := newBroker(t), build(t), "SMARTMETER_SOCKET="+meter(t)
	broker := []string{source, "SMARTMETER_MQTT_URL=mqtt://" + net.JoinHostPort(b.host, b.port), "SMARTMETER_MQTT_USERNAME=" + user, "SMARTMETER_MQTT_PASSWORD=" + password, "SMARTMETER_MQTT_INTERVAL=1"}

	t.Run("topics", func(t *testing.T) {
		start(t, binary, broker...)
		b.t = t
		b.wait("smartmeter/status/energy", `"crc":true`)
		b.wait("smartmeter/connected", "2")
		b.wait("homeassistant/device/smartmeter_p1/config", "energy_import_total")
		b.wait("homeassistant/device/smartmeter_p1_gas/config", "gas_total")
		b.wait("smartmeter/p1/state", `"power_net":`)
		b.wait("smartmeter/p1/availability", "online")
	})
	t.Run("telegrams from a topic", func(t *testing.T) {
		b.t = t
		for how, publish := range map[string]func() *exec.Cmd{
			"whole": func() *exec.Cmd { return b.publisher("-s") },
			"rows":  func() *exec.Cmd { return b.publisher("-l") }, // each row a message, without its line end
		} {
			b.publish(readerTopic, oldTelegram)
			p := start(t, binary, append(broker, "SMARTMETER_SOCKET=mqtt:"+readerTopic, "SMARTMETER_SLOT="+how, "SMARTMETER_LOG_LEVEL=debug")...)
			p.waitLog("line to the meter is open")
			stop := b.publishTelegrams(publish)
			b.wait("smartmeter/"+how+"_bridge/state", `"verdict":"good"`)
			stop()
			p.end()
			if text, err := os.ReadFile(p.log); err != nil || strings.Contains(string(text), "dropped") {
				t.Errorf("%s: %v\n%s", how, err, text)
			}
		}
	})
	t.Run("last will", func(t *testing.T) {
		b.t = t
		p := start(t, binary, broker...)
		b.wait("smartmeter/connected", "2")
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		b.wait("smartmeter/connected", "0")
	})
	t.Run("SIGTERM", func(t *testing.T) {
		b.t = t
		p := start(t, binary, broker...)
		b.wait("smartmeter/connected", "2")
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("exit: got %v, want 0", err)
		}
		b.wait("smartmeter/connected", "0")
	})
	t.Run("broker restarted", func(t *testing.T) {
		b.t = t
		p := start(t, binary, broker...)
		b.wait("smartmeter/status/energy", `"crc":true`)
		b.stop() // without persistence: what was retained is gone
		p.waitLog("level=WARN", "part=mqtt")
		b.start()
		b.wait("smartmeter/status/energy", `"crc":true`)
		b.wait("homeassistant/device/smartmeter_p1/config", "energy_import_total")
		b.wait("smartmeter/p1/state", `"power_net":`)
		b.wait("smartmeter/connected", "2")
	})
	t.Run("broker absent at start", func(t *testing.T) {
		b.t = t
		b.stop()
		p := start(t, binary, broker...)
		p.waitLog("level=WARN", "part=mqtt")
		b.start()
		b.wait("smartmeter/status/energy", `"crc":true`)
	})
	t.Run("two of one slot", func(t *testing.T) {
		b.t = t
		first := start(t, binary, broker...)
		b.wait("smartmeter/p1/availability", "online")
		second := start(t, binary, append(broker, "SMARTMETER_SOCKET="+meter(t))...)
		second.waitLog("level=WARN", "part=mqtt", "stands by and publishes nothing")
		first.waitLog("level=WARN", "part=mqtt", "it stands by")
		b.wait("smartmeter/p1_bridge/state", `"problem_p1":"ON"`)
		second.end()
		b.wait("smartmeter/p1/availability", "online")
		b.wait("smartmeter/connected", "2")
		first.end()
		b.wait("smartmeter/connected", "0")
		start(t, binary, append(broker, "SMARTMETER_SOCKET="+meter(t))...) // a data folder of its own
		b.wait("smartmeter/p1/availability", "online")
	})
	t.Run("a dead twin's leftovers", func(t *testing.T) {
		b.t = t
		twin := start(t, binary, append(broker, "SMARTMETER_MQTT_TOPIC=garage")...)
		b.wait("garage/p1/availability", "online")
		left := b.wait("homeassistant/device/smartmeter_p1_bridge/config", "garage/p1_bridge/reannounce")
		twin.end()
		start(t, binary, broker...)
		b.wait("homeassistant/device/smartmeter_p1_bridge/config", "smartmeter/p1_bridge/reannounce")
		b.wait("smartmeter/p1/availability", "online")
		b.publish("homeassistant/device/smartmeter_p1_bridge/config", left)
		b.publish("smartmeter/p1/availability", "offline")
		b.wait("homeassistant/device/smartmeter_p1_bridge/config", "smartmeter/p1_bridge/reannounce")
		b.wait("smartmeter/p1/availability", "online")
	})
	t.Run("a long retained message", func(t *testing.T) {
		b.t = t
		const topic = "smartmeter/p1_bridge/reannounce"
		b.publish(topic, strings.Repeat("x", 50<<20))
		p := start(t, binary, broker...)
		p.waitLog("level=WARN", "part=mqtt", "far too long")
		b.wait("smartmeter/p1/availability", "online")
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(status)) {
			if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				var kib int
				if _, err := fmt.Sscan(text, &kib); err != nil || kib > 40<<10 {
					t.Errorf("its memory was %s", strings.TrimSpace(text))
				}
			}
		}
		b.publish(topic, "")
	})
	t.Run("wrong password", func(t *testing.T) {
		b.t = t
		p := start(t, binary, append(broker, "SMARTMETER_MQTT_PASSWORD=wrong")...)
		p.waitLog("level=WARN", "part=mqtt", user)
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Wait(); err != nil { // it lived on until then
			t.Errorf("exit: got %v, want 0", err)
		}
	})
}
