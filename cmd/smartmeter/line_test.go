package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// nowhere keeps a command from the app of the machine that the tests run on.
var nowhere = []string{"SMARTMETER_RAW_TCP_SERVER=0", "SMARTMETER_TCP_SERVER=0", "SMARTMETER_HEALTH=0", "SMARTMETER_LOG_LEVEL=error"}

const serialNumber = "4530303433303037303532383730333138" // E0043007052870318

func dutch(n int) string {
	body := fmt.Sprintf("/KFM5KAIFA-METER\r\n\r\n1-3:0.2.8(42)\r\n0-0:1.0.0(190514213620S)\r\n0-0:96.1.1("+serialNumber+")\r\n1-0:1.7.0(%06.3f*kW)\r\n"+
		"0-1:24.1.0(003)\r\n0-1:96.1.0(4730303339303031373633373738373137)\r\n0-1:24.2.1(190514210000S)(01543.012*m3)\r\n!", float64(n)/1000)
	return fmt.Sprintf("%s%04X\r\n", body, frame.Checksum([]byte(body)))
}

// reader is a network reader that sends a text every 20 ms to who connects,
// or once.
func reader(t *testing.T, text func(n int) string) string {
	t.Helper()
	listener, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for n := 1; ; n++ {
					if _, err := io.WriteString(conn, text(n)); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func cipheredFrame(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../internal/dsmr/testdata/encrypted/lu-encrypted-synthetic-aad.bin")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestCheck(t *testing.T) {
	encrypted := cipheredFrame(t)
	gone, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, test := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"good", []string{"-network", reader(t, dutch)}, exitGood, []string{
			"bytes arrive", "a good telegram", "Everything is known after", "3 good telegrams, 0 bad", "KFM5KAIFA-METER (DSMR 4.2, version 42)", "...0318",
			"checksum    right", "2019-05-14 21:36:20", "power imported: 0.003 kW", "M-Bus 1     gas (type 003), identifier ...8717, 1543.012 m3 at 2019-05-14 21:00:00",
			"SMARTMETER_SOCKET=127.", "Verdict: readings arrive."}},
		{"more than enough at once", []string{"-network", reader(t, func(n int) string { return strings.Repeat(dutch(n), 9) })}, exitGood, []string{
			"3 good telegrams, 0 bad", "Verdict: readings arrive."}},
		{"encrypted", []string{"-network", reader(t, func(int) string { return encrypted })}, exitBad, []string{"no key is set", "Everything is known", "Next: Ask your grid operator for the key"}},
		{"wrong key", []string{"-key", strings.Repeat("12", 16), "-network", reader(t, func(int) string { return encrypted })}, exitBad, []string{"Everything is known", "the key does not fit", "Next: Compare"}},
		{"a web server", []string{"-network", reader(t, func(int) string { return "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>" })}, exitBad, []string{"belongs to a web server", "Next: Use the port"}},
		{"refused", []string{"-network", gone.Addr().String()}, exitBad, []string{"refuses the connection", "Next: "}},
		{"no device", []string{"-serial", "/dev/none"}, exitBad, []string{"the serial device was not found", "Next: Is the cable plugged in?"}},
		{"nothing in time", []string{"-for", "200ms", "-network", reader(t, func(int) string { return "" })}, exitBad, []string{"0 bytes, 0 good telegrams", "Verdict: waiting for a telegram", "Next: Listen for longer"}},
		{"a wrong mode", []string{"-serial", "/dev/none", "-mode", "fast"}, exitCall, []string{`"fast" is not known`}},
		{"both", []string{"-serial", "/dev/none", "-network", "a:1"}, exitCall, []string{"give either"}},
		{"an argument", []string{"/dev/ttyUSB0"}, exitCall, []string{`unexpected argument "/dev/ttyUSB0"`}},
		{"nothing set", nil, exitCall, []string{"no source is set: name one with -serial DEVICE"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			code, out, stderr := call(t, "", nowhere, append([]string{"check"}, test.args...)...)
			if code != test.code {
				t.Errorf("exit %d, want %d", code, test.code)
			}
			for _, want := range test.want {
				if !strings.Contains(out+stderr, want) {
					t.Errorf("%q is missing", want)
				}
			}
			if strings.Contains(out, serialNumber) || strings.Contains(out, "E0043007052870318") {
				t.Error("a whole identifier is shown")
			}
			if t.Failed() {
				t.Logf("%s%s", out, stderr)
			}
		})
	}
}

func TestCapture(t *testing.T) {
	t.Run("as it comes", func(t *testing.T) {
		t.Parallel()
		code, out, stderr := call(t, "", nowhere, "capture", "-for", "300ms", "-network", reader(t, dutch))
		if code != exitGood || !strings.HasPrefix(out, "# smartmeter capture 1\n") || !strings.Contains(out, " = opened\n") || !strings.Contains(out, " < 0-0:96.1.1("+serialNumber+")\\r\\n\n") {
			t.Errorf("exit %d, %s%s", code, out, stderr)
		}
		if !strings.Contains(stderr, "good telegrams and 0 bad.") {
			t.Errorf("got %q", stderr)
		}
		// It is a file of telegrams for decode too.
		if code, decoded, _ := call(t, out, nil, "decode", "-json"); code != exitGood || !strings.Contains(decoded, `"calculatedUsage":2`) {
			t.Errorf("decode: exit %d, %.300s", code, decoded)
		}
		code, redacted, stderr := call(t, out, nowhere, "capture", "-redact", "-")
		if code != exitGood || strings.Contains(redacted, serialNumber) || !strings.Contains(redacted, "# redacted: yes\n") {
			t.Errorf("redacted: exit %d, %.300s%s", code, redacted, stderr)
		}
		if code, again, _ := call(t, redacted, nowhere, "capture", "-redact", "-"); code != exitGood || again != redacted {
			t.Errorf("redacted again: exit %d, %.300s", code, again)
		}
	})
	t.Run("redacted, to a file", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "report.txt")
		code, out, stderr := call(t, "", nowhere, "capture", "-redact", "-o", file, "-for", "300ms", "-network", reader(t, dutch))
		text, err := os.ReadFile(file)
		if code != exitGood || out != "" || err != nil || strings.Contains(string(text), serialNumber) || !strings.Contains(string(text), "# source: network\n") {
			t.Errorf("exit %d, %v, %s%.500s", code, err, stderr, text)
		}
		if code, _, _ := call(t, "", nil, "decode", file); code != exitGood {
			t.Errorf("its telegrams are not good: exit %d", code)
		}
	})
	t.Run("encrypted", func(t *testing.T) {
		t.Parallel()
		encrypted := cipheredFrame(t)
		address := reader(t, func(int) string { return encrypted })
		file := filepath.Join(t.TempDir(), "report.txt")
		code, _, stderr := call(t, "", nowhere, "capture", "-redact", "-o", file, "-network", address)
		if code != exitBad || !strings.Contains(stderr, "(the option SMARTMETER_ENC_KEY, or -key)") {
			t.Errorf("without key: exit %d, %s", code, stderr)
		}
		if _, err := os.Stat(file); err == nil {
			t.Error("a file is left that holds nothing")
		}
		code, out, stderr := call(t, "", nowhere, "capture", "-redact", "-for", "300ms", "-key", "50fb5fbd11976b2c635a0b020fd45336", "-network", address)
		if code != exitGood || !strings.Contains(out, `< /Lux5\\253663653_B\r\n`) {
			t.Errorf("with key: exit %d, %.500s%s", code, out, stderr)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		code, _, stderr := call(t, "", nowhere, "capture", "-for", "200ms", "-network", reader(t, func(int) string { return "" }))
		if code != exitBad || !strings.Contains(stderr, "0 bytes") || !strings.Contains(stderr, "Verdict: ") {
			t.Errorf("exit %d, %s", code, stderr)
		}
	})
	t.Run("to a file that is there", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		file, link := filepath.Join(dir, "a.txt"), filepath.Join(dir, "link.txt")
		if err := os.WriteFile(file, []byte(dutch(1)), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(file, link); err != nil {
			t.Fatal(err)
		}
		silent := reader(t, func(int) string { return "" })
		for _, args := range [][]string{{"/nowhere/a"}, {"-last"}, {"-for", "200ms", "-network", silent}, {"-redact", "-for", "200ms", "-network", silent}} {
			code, _, stderr := call(t, "", nowhere, append([]string{"capture", "-o", file}, args...)...)
			if text, err := os.ReadFile(file); code != exitBad || stderr == "" || err != nil || string(text) != dutch(1) {
				t.Errorf("%q: exit %d, %s%v\n%s", args, code, stderr, err, text)
			}
		}
		code, _, stderr := call(t, "", nowhere, "capture", "-redact", "-o", link, file)
		text, err := os.ReadFile(file)
		if code != exitGood || err != nil || !strings.Contains(string(text), "/KFM5KAIFA-METER") || strings.Contains(string(text), serialNumber) {
			t.Errorf("onto itself: exit %d, %s%v\n%s", code, stderr, err, text)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("the link is no link any more: %v", err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
			t.Errorf("left behind: %v, %v", left, err)
		}
		if code, _, stderr := call(t, dutch(1), nowhere, "capture", "-o", "/dev/null", "-"); code != exitGood {
			t.Errorf("to a device: exit %d, %s", code, stderr)
		}
	})
	for _, args := range [][]string{{"a", "b"}, {"-last", "a"}, {"-key", "12", "a"}} {
		if code, _, stderr := call(t, "", nowhere, append([]string{"capture"}, args...)...); code != exitCall || stderr == "" {
			t.Errorf("%q: exit %d, %q", args, code, stderr)
		}
	}
	for _, test := range []struct {
		args   []string
		health string
		want   string
	}{
		{[]string{"/nowhere/a"}, "0", "open /nowhere/a: no such file"},
		{[]string{"-last"}, "0", "switched off"},
		{[]string{"-last"}, "127.0.0.1:1", "does it run on this machine"},
		{[]string{"-o", "/nowhere/a", "-"}, "0", "open /nowhere/a: no such file"},
	} {
		environ := append(nowhere[:len(nowhere):len(nowhere)], "SMARTMETER_HEALTH="+test.health)
		code, _, stderr := call(t, "", environ, append([]string{"capture"}, test.args...)...)
		if code != exitBad || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: exit %d, %q, want %q", test.args, code, stderr, test.want)
		}
	}
}

// TestBesideTheApp: while the app has the port, the commands read its raw
// socket, and have from it what it kept.
func TestBesideTheApp(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer tty.Close()
	addresses := make(chan [2]string, 8)
	cfg, _, err := config.Load([]string{"SMARTMETER_PORT=" + tty.Name(), "SMARTMETER_TCP_SERVER=0", "SMARTMETER_RAW_TCP_SERVER=127.0.0.1:0", "SMARTMETER_HEALTH=127.0.0.1:0",
		"SMARTMETER_DATA=" + t.TempDir()}, func(string) ([]byte, error) { return nil, os.ErrNotExist })
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() {
		deps := app.Deps{Log: slog.New(slog.DiscardHandler), Listening: func(name, address string) { addresses <- [2]string{name, address} }}
		if err := app.Run(ctx, cfg, deps); err != nil {
			t.Error(err)
		}
	})
	at := map[string]string{}
	for len(at) < 2 {
		a := <-addresses
		at[a[0]] = a[1]
	}
	running.Go(func() {
		for n := 1; ctx.Err() == nil; n++ {
			_, _ = io.WriteString(master, dutch(n)) // who does not read shows below
			time.Sleep(20 * time.Millisecond)
		}
	})
	environ := []string{"SMARTMETER_PORT=" + tty.Name(), "SMARTMETER_RAW_TCP_SERVER=" + at["raw"], "SMARTMETER_HEALTH=" + at["health"]}
	for _, args := range [][]string{nil, {"-serial", tty.Name()}} {
		code, out, stderr := call(t, "", environ, append([]string{"check"}, args...)...)
		if code != exitGood || !strings.Contains(out, "listens to its raw socket at "+at["raw"]) || !strings.Contains(out, "those of the running app") {
			t.Errorf("check %q: exit %d, %s%s", args, code, out, stderr)
		}
	}
	code, out, stderr := call(t, "", environ, "capture", "-for", "200ms", "-redact")
	if code != exitGood || !strings.Contains(out, "/KFM5KAIFA-METER") || !strings.Contains(stderr, "raw socket") {
		t.Errorf("capture: exit %d, %.300s%s", code, out, stderr)
	}
	code, out, stderr = call(t, "", environ, "capture", "-last", "-redact")
	if code != exitGood || !strings.Contains(out, "0.000 = opened\n") || !strings.Contains(out, "/KFM5KAIFA-METER") || strings.Contains(out, serialNumber) {
		t.Errorf("capture -last: exit %d, %.300s%s", code, out, stderr)
	}
}

// TestCheckWithoutChecksums: check takes what the app would take.
func TestCheckWithoutChecksums(t *testing.T) {
	wrong := func(n int) string { return strings.Replace(dutch(n), "KAIFA-METER", "KAIFA-MITER", 1) } // the checksum is that of another text
	for set, want := range map[string]int{"auto": exitBad, "off": exitGood} {
		environ := append([]string{"SMARTMETER_CHECKSUM=" + set}, nowhere...)
		if code, out, stderr := call(t, "", environ, "check", "-for", "2s", "-network", reader(t, wrong)); code != want {
			t.Errorf("checksum %s: exit %d, want %d\n%s%s", set, code, want, out, stderr)
		}
	}
}

// TestCheckPushes: check reads what meters push, and tells how to have more of it.
func TestCheckPushes(t *testing.T) {
	start := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	for kind, want := range map[simulate.Push]string{simulate.SMLLocked: "PIN", simulate.Aidon: "once an hour\n"} {
		push := simulate.NewPush(kind, simulate.Options{Seed: 3, Start: start})
		message := func(n int) string { return string(push.Message(start.Add(time.Duration(10*n) * time.Second))) }
		code, out, stderr := call(t, "", nowhere, "check", "-for", "1m", "-network", reader(t, message))
		isHourly := strings.Contains(out, "once an hour")
		if code != exitGood || !strings.Contains(out, want) || !strings.Contains(out, "Everything is known") || isHourly != (kind == simulate.Aidon) {
			t.Errorf("%s: exit %d\n%s%s", simulate.Pushes[kind].Name, code, out, stderr)
		}
	}
}

// TestReplayCommand plays a file of telegrams to a broker and ends well.
func TestReplayCommand(t *testing.T) {
	server := mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := server.AddHook(new(auth.AllowHook), nil); err != nil {
		t.Fatal(err)
	}
	tcp := listeners.NewTCP(listeners.Config{ID: "test", Address: testkit.Addr(t)})
	if err := server.AddListener(tcp); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var got []string
	err := server.Subscribe("smartmeter/status/energy", 1, func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, string(p.Payload))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = simulate.CloseBroker(server) }()
	data := filepath.Join(t.TempDir(), "data")
	environ := append([]string{"SMARTMETER_MQTT_URL=mqtt://" + tcp.Address(), "SMARTMETER_PORT=/dev/none", "SMARTMETER_DATA=" + data}, nowhere...)
	code, _, stderr := call(t, dutch(1)+dutch(2)+dutch(3), environ, "replay", "-speed", "0", "-")
	if code != exitGood {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) > 0 {
		t.Errorf("of a replay stays behind: %v, %v", left, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(got) != 3 || !strings.Contains(got[2], `"calculatedUsage":3`) {
		t.Errorf("got %q", got)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{}, exitCall, "give one file"},
		{[]string{"-speed", "-1", "-"}, exitCall, "a speed of 0 or more"},
		{[]string{"/nowhere/a"}, exitBad, "no such file"},
		{[]string{"-"}, exitBad, "holds no message of a meter"},
	} {
		code, _, stderr := call(t, "", nowhere, append([]string{"replay"}, test.args...)...)
		if code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: exit %d, %q, want %d and %q", test.args, code, stderr, test.code, test.want)
		}
	}
	code, _, stderr = call(t, "# smartmeter capture 9\n", nowhere, "replay", "-")
	if code != exitBad || !strings.Contains(stderr, "use a newer smartmeter") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}
