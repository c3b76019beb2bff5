//go:build image

package image_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// healthy waits until the image's health check is content, and returns how long
// that took.
func (c *container) healthy(t *testing.T) time.Duration {
	t.Helper()
	begun := time.Now()
	wait(t, "healthy app", func() bool { code, _ := c.health(t); return code == 0 })
	return time.Since(begun)
}

// cable plugs in a meter as /dev/ttyUSB0, as Docker's devices do.
func (c *container) cable(t *testing.T) {
	t.Helper()
	meter, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { meter.Close() })
	defer tty.Close()
	if err := os.Symlink(tty.Name(), filepath.Join(c.root, "dev/ttyUSB0")); err != nil {
		t.Fatal(err)
	}
	run(t, meter)
}

func short(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1e3) }

func TestUnderTheSupervisor(t *testing.T) {
	check(t, "cable, broker from the Supervisor, all outputs", func(t *testing.T) string {
		h, c := newHouse(t), newContainer(t, "smartmeter-amd64")
		meter, tty, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { meter.Close() })
		c.managed(t, map[string]any{"serial": map[string]any{"device": c.plug(t, tty.Name())}})
		tty.Close()
		run(t, meter)
		p := c.start(t)
		healthy := c.healthy(t)
		h.await(t, "smartmeter/connected", "2")
		h.await(t, "smartmeter/p1/availability", "online")
		h.await(t, "smartmeter/p1/state", `"`)
		energy := h.await(t, "smartmeter/status/energy", `"crc":true`)
		// The zone is the Supervisor's, and the zones are in the program.
		var reading struct{ TS time.Time }
		if err := json.Unmarshal([]byte(energy.payload), &reading); err != nil {
			t.Fatal(err)
		}
		if _, offset := reading.TS.Zone(); offset != 3600 && offset != 7200 {
			t.Errorf("the meter's time is %s, want Amsterdam's offset", reading.TS)
		}
		if got := line(t, "3010"); !strings.HasPrefix(got, `{"crc":true`) || !strings.HasSuffix(got, "\r\n") {
			t.Errorf("JSON socket: %q", got)
		}
		if got := line(t, "3020"); !strings.HasPrefix(got, "/") {
			t.Errorf("raw socket: %q", got)
		}
		// The page is for the Supervisor, which has asked who the user is.
		for from, want := range map[string]int{"172.30.32.2": http.StatusOK, "172.30.33.2": http.StatusForbidden} {
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
			client := http.Client{Timeout: deadline, Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
			answer, err := client.Get("http://172.30.33.2:8099/")
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != want {
				t.Errorf("page, asked from %s: %s, want %d", from, answer.Status, want)
			}
		}
		if strings.Contains(p.log.String(), password) {
			t.Error("the password is in the log")
		}
		stopped := p.stop(t)
		h.await(t, "smartmeter/connected", "0")
		return "health check content after " + short(healthy) + ", SIGTERM to exit 0 " + short(stopped)
	})
	check(t, "reader in the network", func(t *testing.T) string {
		h, c := newHouse(t), newContainer(t, "smartmeter-amd64")
		reader(t)
		c.managed(t, map[string]any{"source": "network", "network": map[string]any{"address": readerAddress}})
		p := c.start(t)
		h.await(t, "smartmeter/connected", "2")
		h.await(t, "smartmeter/status/energy", `"totalT1Use"`)
		return "SIGTERM to exit 0 " + short(p.stop(t))
	})
	check(t, "broker that comes later", func(t *testing.T) string {
		h, c := newHouse(t), newContainer(t, "smartmeter-amd64")
		h.away.Store(true)
		reader(t)
		c.managed(t, map[string]any{"network": map[string]any{"address": readerAddress}})
		p := c.start(t)
		p.await(t, "INFO", "waiting for Home Assistant to name its MQTT broker")
		if code, words := c.health(t); code != 0 {
			t.Errorf("health check: %d, %s", code, words)
		}
		if got := line(t, "3010"); !strings.Contains(got, `"totalT1Use"`) {
			t.Errorf("JSON socket: %q", got)
		}
		h.away.Store(false)
		h.await(t, "smartmeter/connected", "2")
		p.stop(t)
		return ""
	})
	for _, options := range []string{"as installed", "{}"} {
		check(t, "options "+options+": runs, says what to set", func(t *testing.T) string {
			h, c := newHouse(t), newContainer(t, "smartmeter-amd64")
			if options == "as installed" {
				c.managed(t, nil)
			} else {
				c.write(t, options)
			}
			p := c.start(t)
			p.await(t, "P1 cable → Device", "P1 reader on the network → Address") // the form's labels
			h.await(t, "smartmeter/connected", "1")
			c.healthy(t)
			p.stop(t)
			return ""
		})
	}
}

// The Supervisor lets all of these through: it knows no more than the types.
func TestWrongOptions(t *testing.T) {
	wrong := []map[string]any{
		{"source": "serial"},
		{"source": "network"},
		{"network": map[string]any{"address": "192.168.1.20"}},
		{"decryption": map[string]any{"key": "0123"}},
		{"mqtt": map[string]any{"url": "http://broker"}},
		{"mqtt": map[string]any{"url": "mqtts://broker", "ca_file": "/ssl/absent.crt"}},
		{"mqtt": map[string]any{"topic": "/"}},
		{"slot": "P 1"},
	}
	for _, user := range wrong {
		name, _ := json.Marshal(user)
		check(t, "exit 2 for "+string(name), func(t *testing.T) string {
			c := newContainer(t, "smartmeter-amd64")
			c.managed(t, user)
			code, words := exit(t, c.command(c.config.Config.Entrypoint...))
			if code != 2 || strings.Count(words, "\n") != 1 || !strings.Contains(words, "ERROR: ") {
				t.Errorf("exit %d, %q, want 2 and one line", code, words)
			}
			_, words, _ = strings.Cut(words, "ERROR: ")
			return strings.TrimSpace(words)
		})
	}
}

// documented are the environments that smartmeter2mqtt's documents give, by
// what they read, with what they leave to be switched on.
var documented = map[string][]string{
	"cable": {"TZ=Europe/Amsterdam", "SMARTMETER_PORT=/dev/ttyUSB0", "SMARTMETER_web-server=3000", "SMARTMETER_tcp-server=3010", "SMARTMETER_raw-tcp-server=3020"},
	"reader, key, inverter": {"TZ=Europe/Amsterdam", "SMARTMETER_SOCKET=" + readerAddress, "SMARTMETER_web-server=3000", "SMARTMETER_tcp-server=3010",
		"SMARTMETER_raw-tcp-server=3020", "SMARTMETER_enc-key=056F9B0CFEDF150E889BEAD52FA7A174", "SMARTMETER_sunspec-modbus=192.168.1.30"},
	"its table's capitals": {"TZ=Europe/Amsterdam", "SMARTMETER_SOCKET=" + readerAddress, "SMARTMETER_WEB-SERVER=3000", "SMARTMETER_TCP-SERVER=3010",
		"SMARTMETER_RAW-TCP-SERVER=3020", "SMARTMETER_MQTT-URL=mqtt://" + brokerAddress},
}

func TestWithoutHomeAssistant(t *testing.T) {
	check(t, "variables only, broker of one's own", func(t *testing.T) string {
		h, c := newHouse(t), newContainer(t, "smartmeter-amd64")
		reader(t)
		c.env = []string{"SMARTMETER_socket=" + readerAddress, "SMARTMETER_mqtt-url=mqtt://" + brokerAddress, "SMARTMETER_MQTT_USERNAME=" + user,
			"SMARTMETER_MQTT_PASSWORD=" + password, "SMARTMETER_tcp-server=4010", "TZ=Europe/Amsterdam"}
		p := c.start(t)
		h.await(t, "smartmeter/status/energy", `"crc":true`)
		if got := line(t, "4010"); !strings.HasPrefix(got, "{") {
			t.Errorf("JSON socket: %q", got)
		}
		p.stop(t)
		return ""
	})
	check(t, "no capabilities, read-only file system", func(t *testing.T) string {
		h, c := newHouse(t), newContainer(t, "smartmeter-amd64")
		c.cable(t)
		c.env = []string{"SMARTMETER_PORT=/dev/ttyUSB0", "SMARTMETER_MQTT_URL=mqtt://" + brokerAddress, "SMARTMETER_MQTT_USERNAME=" + user, "SMARTMETER_MQTT_PASSWORD=" + password}
		c.seal(t)
		var p *process
		powerless(t, func() {
			cmd := c.command(c.config.Config.Entrypoint...)
			p = begin(t, cmd)
		})
		status := string(read(t, fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)))
		if !strings.Contains(status, "CapEff:\t0000000000000000\n") {
			t.Errorf("it has capabilities:\n%s", status)
		}
		h.await(t, "smartmeter/status/energy", `"crc":true`)
		p.stop(t)
		if kept, err := filepath.Glob(filepath.Join(c.root, "data/*.json")); err != nil || len(kept) == 0 {
			t.Errorf("nothing is kept in /data: %v", err)
		}
		return ""
	})
	for _, name := range slices.Sorted(maps.Keys(documented)) {
		check(t, "compose file of smartmeter2mqtt: "+name, func(t *testing.T) string {
			c := newContainer(t, "smartmeter-amd64")
			c.cable(t)
			reader(t)
			c.env = documented[name]
			p := c.start(t)
			if got := line(t, "3010"); !strings.HasPrefix(got, `{"crc":true`) || !strings.HasSuffix(got, "\r\n") {
				t.Errorf("JSON socket: %q", got)
			}
			if got := line(t, "3020"); !strings.HasPrefix(got, "/") {
				t.Errorf("raw socket: %q", got)
			}
			answer, err := http.Get("http://172.30.33.2:3000/api/reading")
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			var reading map[string]any
			if err := json.NewDecoder(answer.Body).Decode(&reading); err != nil || answer.StatusCode != http.StatusOK || reading["crc"] != true {
				t.Errorf("page: %s, %v, %v", answer.Status, reading, err)
			}
			p.stop(t)
			if strings.Contains(p.log.String(), "unknown") {
				t.Error("a variable is not known")
			}
			return ""
		})
	}
	check(t, "health check of an app that has ended: exit 1", func(t *testing.T) string {
		code, words := newContainer(t, "smartmeter-amd64").health(t)
		if code != 1 || strings.Count(words, "\n") != 1 {
			t.Errorf("exit %d, %q", code, words)
		}
		return ""
	})
}

// The other machine's program on this one.
func TestOtherMachine(t *testing.T) {
	program := []string{"qemu-aarch64", file("smartmeter-arm64/smartmeter")}
	check(t, "arm64: version, under qemu", func(t *testing.T) string {
		_, words := exit(t, exec.Command(program[0], program[1], "version"))
		if !strings.HasPrefix(words, "smartmeter ") || !strings.Contains(words, "linux/arm64") {
			t.Errorf("%q", words)
		}
		return strings.TrimSpace(words)
	})
	check(t, "arm64: reads, publishes, ends, under qemu", func(t *testing.T) string {
		h := newHouse(t)
		reader(t)
		options := filepath.Join(t.TempDir(), "options.json") // absent: nothing of this machine is read
		env := []string{"SMARTMETER_SOCKET=" + readerAddress, "SMARTMETER_MQTT_URL=mqtt://" + user + ":secret%3Awith%40signs@" + brokerAddress,
			"SMARTMETER_DATA=" + filepath.Dir(options), "TZ=Europe/Amsterdam"}
		cmd := exec.Command(program[0], program[1])
		cmd.Env = env
		p := begin(t, cmd)
		h.await(t, "smartmeter/connected", "2")
		h.await(t, "smartmeter/status/energy", `"crc":true`)
		health := exec.Command(program[0], program[1], "healthcheck")
		health.Env = env
		if code, words := exit(t, health); code != 0 {
			t.Errorf("health check: %d, %s", code, words)
		}
		return "SIGTERM to exit 0 " + short(p.stop(t))
	})
}

// The times are printed and not judged: they are the machine's of the moment.
func TestStartUp(t *testing.T) {
	const runs = 5
	check(t, "start to first reading, target below 100 ms after the first telegram", func(t *testing.T) string {
		var opened, published []time.Duration
		for i := range runs {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				h, c := newHouse(t), newContainer(t, "smartmeter-amd64")
				listener, err := net.Listen("tcp", readerAddress)
				if err != nil {
					t.Fatal(err)
				}
				sent := make(chan time.Time, 1)
				go func() { // the first telegram comes as soon as somebody listens
					defer close(sent)
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Write(simulate.New(simulate.Options{Seed: 1}).Telegram(time.Now()))
					sent <- time.Now()
				}()
				t.Cleanup(func() { listener.Close() })
				c.managed(t, map[string]any{"network": map[string]any{"address": readerAddress}})
				begun := time.Now()
				p := c.start(t)
				reading := h.await(t, "smartmeter/status/energy", `"crc":true`)
				first := <-sent
				opened, published = append(opened, first.Sub(begun)), append(published, reading.at.Sub(first))
				p.stop(t)
			})
		}
		if t.Failed() {
			return ""
		}
		slices.Sort(opened)
		slices.Sort(published)
		return fmt.Sprintf("median of %d: line open after %s, reading at the broker %s after the telegram (%s to %s)",
			runs, short(opened[runs/2]), short(published[runs/2]), short(published[0]), short(published[runs-1]))
	})
}
