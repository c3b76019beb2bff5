//go:build apparmor

// Package apparmor_test runs the image's program under the app's AppArmor
// profile. It is for the emulated machine that the script run boots, where it is
// started by process 1.
package apparmor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		code, err := 0, error(nil)
		switch os.Args[1] {
		case "enter":
			err = enter(os.Args[2], os.Args[3:])
		case "join":
			code, err = join(os.Args[2], os.Args[3:])
		case "cable":
			err = cable(os.Args[2])
		default:
			os.Exit(m.Run())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, os.Args[1], err)
			code = 125
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// reading are permissions that nothing here can need, each with the reason why
// Home Assistant OS may.
var reading = map[string]string{
	"x of /sbin/docker-init ix,": "who starts it is not confined; a Docker whose runc is would need it",
}

func TestProfile(t *testing.T) {
	profile := load(t)
	h := newHouse(t)
	t.Run("what is forbidden", func(t *testing.T) { forbidden(t) })
	t.Run("no options", noOptions)
	t.Run("cable, files that were in /ssl", func(t *testing.T) { overCable(t, h) })
	t.Run("network reader", func(t *testing.T) { overNetwork(t, h) })

	list := accesses(t)
	table(list)
	own, all, err := testkit.ProfileRules(profile)
	if err != nil {
		t.Fatal(err)
	}
	denied(t, list)
	list = slices.DeleteFunc(list, func(a access) bool { return a.verdict != "AUDIT" })
	for _, a := range list {
		if a.operation == "getattr" && a.path != "" && !inVain(a.path) && !slices.ContainsFunc(all, func(r testkit.Rule) bool { return r.Path.MatchString(a.path) }) {
			t.Errorf("no rule names %s, which this kernel lets everybody ask about, and a later one may not", a.path)
		}
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	lines := append(unused(own, list), unusedSockets(string(text), list)...)
	for _, line := range lines {
		if reading[line] == "" {
			t.Errorf("nothing needs %q: take it out, or say why it rests on reading", line)
		}
	}
	for line := range reading {
		if !slices.Contains(lines, line) {
			t.Errorf("%q is needed after all", line)
		}
	}
}

// denied wants the kernel to have refused what the test did in vain, and no more.
func denied(t *testing.T, list []access) {
	t.Helper()
	for _, path := range denials {
		if !slices.ContainsFunc(list, func(a access) bool { return a.verdict == "DENIED" && strings.HasPrefix(a.path, path) }) {
			t.Errorf("access to %s was not denied, so nothing is enforced", path)
		}
	}
	for _, a := range list {
		if a.verdict != "AUDIT" && !inVain(a.path) {
			t.Errorf("%s: %s %s of %s", a.verdict, a.operation, a.mask, a.object)
		}
	}
}

// denials are the file and the folder that the test makes the program touch in vain.
var denials = []string{"/etc/shadow", "/opt/"}

func inVain(path string) bool {
	return slices.ContainsFunc(denials, func(d string) bool { return strings.HasPrefix(path, d) })
}

// forbidden shows that the profile bites: root's program may not read or write
// what the profile does not name.
func forbidden(t *testing.T) {
	c := newContainer(t)
	c.write(t, "etc/shadow", "/secret\r\n\r\n!\r\n")
	if err := os.Mkdir(filepath.Join(c.root, "opt"), 0o777); err != nil {
		t.Fatal(err)
	}
	c.write(t, "data/telegram", "/ISk5secret\r\n\r\n!\r\n")
	for _, program := range [][]string{
		{"/smartmeter", "decode", denials[0]},
		{"/smartmeter", "capture", "-redact", "-o", denials[1] + "out", "/data/telegram"},
	} {
		if code, words := c.run(t, program...); code != 1 || !strings.Contains(words, "permission denied") {
			t.Errorf("%q: exit %d, %q, want 1 and a permission denied", program, code, words)
		}
	}
	if code, words := c.run(t, "/smartmeter", "decode", "/data/telegram"); strings.Contains(words, "permission denied") {
		t.Errorf("what the profile allows: exit %d, %q", code, words)
	}
}

// link is the cable's lasting name, which udev makes where there is one.
const link = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL-if00-port0"

// noOptions runs the app as it is installed: it lists the serial ports and waits.
func noOptions(t *testing.T) {
	c := newContainer(t)
	c.configure(t, nil)
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../ttyUSB0", link); err != nil {
		t.Fatal(err)
	}
	p := c.start(t)
	wait(t, "list of the serial ports", func() bool { return p.log.Count("no source", link) > 0 })
	p.stop(t)
}

func overCable(t *testing.T, h *house) {
	c := newContainer(t)
	c.secrets(t, h)
	c.configure(t, map[string]any{
		"serial":   map[string]any{"device": link},
		"mqtt":     mqttOptions("/ssl"),
		"influxdb": map[string]any{"url": "http://influx.house:8086", "token": "secret", "org": "home", "bucket": "meter"},
	})
	p := c.start(t)
	h.await(t, "smartmeter/status/energy", `"crc":true`)
	h.await(t, "smartmeter/p1/availability", "online")
	p.confined(t)
	if code, words := p.health(t, c.env); code != 0 {
		t.Errorf("health check: exit %d, %s", code, words)
	}
	if !h.wasAsked("broker.house") {
		t.Error("nobody has asked for the broker")
	}

	if got := row(t, "3010"); !strings.HasPrefix(got, `{"crc":true`) {
		t.Errorf("JSON socket: %q", got)
	}
	if got := row(t, "3020"); !strings.HasPrefix(got, "/") {
		t.Errorf("raw socket: %q", got)
	}
	for path, want := range map[string]string{
		"/api/reading": `"crc":true`, "/api/status": `"`, "/api/history": `"`, "/api/telegram": "/ISk5", "/metrics": "smartmeter_",
	} {
		if got := get(t, api+path); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", path, got, want)
		}
	}
	if got := get(t, page+"api/capture"); !strings.Contains(got, "!") {
		t.Errorf("capture: %q", got)
	}
	if got := get(t, page); !strings.Contains(got, "<html") {
		t.Errorf("page: %q", got)
	}

	// Pulled out and plugged in again.
	plug := usb(t)
	h.forget()
	plug(false)
	h.await(t, "smartmeter/p1/availability", "offline")
	plug(true)
	h.await(t, "smartmeter/p1/availability", "online")

	// Meanwhile no database was there: what it is to have lies on the disk.
	p.stop(t)
	if len(c.kept(t, "influxdb*/*")) == 0 {
		t.Error("nothing is kept for the database")
	}
	if len(c.kept(t, "*.json")) < 2 {
		t.Errorf("kept: %q", c.kept(t, "*"))
	}

	h.forget()
	h.influxdb(t)
	p = c.start(t)
	h.await(t, "smartmeter/status/energy", `"crc":true`)
	wait(t, "emptied queue", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.points.Len() > 0 && len(c.kept(t, "influxdb*/*")) == 0
	})
	p.confined(t)
	p.stop(t)
}

func overNetwork(t *testing.T, h *house) {
	c := newContainer(t)
	c.secrets(t, h)
	posted := h.postbox(t)
	c.configure(t, map[string]any{
		"network": map[string]any{"address": "reader.house:23"},
		"mqtt":    mqttOptions("/config"),
		// Of an authority that is none of the public ones.
		"influxdb": map[string]any{"url": "https://post.house", "token": "secret", "org": "home", "bucket": "meter"},
		"post":     map[string]any{"url": "https://post.house/", "interval": 1, "ca_file": "/config/ca.crt"},
		"emulate":  []map[string]any{{"kind": "shelly_pro_3em"}},
	})
	asked := supervisor(t)
	h.forget()
	reader(t)
	p := c.start(t)
	h.await(t, "smartmeter/status/energy", `"crc":true`)
	if !h.wasAsked("reader.house") {
		t.Error("nobody has asked for the reader")
	}
	wait(t, "post", func() bool { return posted() > 0 })
	if got := get(t, "http://"+address+":8082/rpc/EM.GetStatus?id=0"); !strings.Contains(got, `"total_act_power":`) {
		t.Errorf("emulated meter: %q", got)
	}
	if got := battery(t); !strings.Contains(got, `"total_act_power":`) {
		t.Errorf("emulated meter, by UDP: %q", got)
	}
	wait(t, "question for the machine's name", func() bool { return asked("/addons/self/info") && asked("/info") })
	wait(t, "refusal of the database's certificate", func() bool { return p.log.Count("database", "certificate") > 0 })
	if code, words := p.health(t, c.env); code != 0 {
		t.Errorf("health check: exit %d, %s", code, words)
	}
	p.stop(t)
}

// The page is for the Supervisor only, which the loopback address stands for; the
// API is for all.
const (
	page = "http://127.0.0.1:8099/"
	api  = "http://" + address + ":8080"
)

// secrets puts the certificates of a broker's client into the app's own folder.
func (c *container) secrets(t *testing.T, h *house) {
	t.Helper()
	cert, key := h.authority.issue(t, "app.house")
	for name, text := range map[string]string{"ca.crt": h.authority.pem(), "client.crt": cert, "client.key": key} {
		c.write(t, filepath.Join("config", name), text)
	}
}

func mqttOptions(folder string) map[string]any {
	return map[string]any{
		"url": "mqtts://broker.house:8883", "ca_file": folder + "/ca.crt", "cert_file": folder + "/client.crt", "key_file": folder + "/client.key",
	}
}

// kept returns the files of the data folder that match.
func (c *container) kept(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.root, "data", pattern))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// usb returns a function that takes the cable out of the machine and plugs it in.
func usb(t *testing.T) (plug func(in bool)) {
	t.Helper()
	device, err := filepath.EvalSymlinks("/sys/class/tty/ttyUSB0/device/../..")
	if err != nil {
		t.Fatal(err)
	}
	return func(in bool) {
		value := "0"
		if in {
			value = "1"
		}
		if err := os.WriteFile(filepath.Join(device, "authorized"), []byte(value), 0); err != nil {
			t.Fatal(err)
		}
		wait(t, fmt.Sprintf("ttyUSB0 %v", in), func() bool {
			_, err := os.Stat("/dev/ttyUSB0")
			return (err == nil) == in
		})
	}
}
