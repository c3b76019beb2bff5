package app_test

import (
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

const (
	key     = "50fb5fbd11976b2c635a0b020fd45336"
	authKey = "00112233445566778899aabbccddeeff"
)

// luxembourg makes n telegrams of a Smarty meter, and the frames around them.
func luxembourg(t *testing.T, n int) (telegrams, frames []string) {
	t.Helper()
	k, err := hex.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	encrypter := simulate.NewEncrypter([16]byte(k))
	start := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	meter := simulate.New(simulate.Options{Standard: simulate.Smarty, Seed: 3, Start: start})
	for i := range n {
		telegram := meter.Telegram(start.Add(time.Duration(i*10) * time.Second))
		telegrams = append(telegrams, string(telegram))
		frames = append(frames, string(encrypter.AppendFrame(nil, telegram)))
	}
	return telegrams, frames
}

// TestEncrypted: an encrypted Luxembourg stream, over serial and TCP, ends as
// entities, JSON, and plain telegrams on the raw socket.
func TestEncrypted(t *testing.T) {
	telegrams, frames := luxembourg(t, 3)
	check := func(t *testing.T, line func(t *testing.T) (variable string, connect func(p *program) io.Writer)) {
		variable, connect := line(t)
		b := newBroker(t, testkit.Addr(t))
		p := start(t, variable, b.variable(), "ENC_KEY="+strings.ToUpper(key), "MQTT_INTERVAL=0")
		raw, lines := p.dial("raw"), p.dial("json")
		waitFor(t, "clients on both sockets", func() bool { return p.log.Count("client connected") == 2 })
		w := connect(p)
		write(t, w, frames[0][500:]) // joined in the middle of a frame
		write(t, w, frames[0][:300])
		write(t, w, frames[0][300:]+frames[1]) // split and merged
		write(t, w, frames[1])                 // a repeat
		write(t, w, frames[2])
		want := strings.Join(telegrams, "")
		got := raw.bytes(len(want))
		for !strings.HasSuffix(got, want) { // what is left of the first frame is noise
			got += raw.bytes(1)
		}
		for range telegrams {
			if got := lines.line(); !strings.Contains(got, `"crc":true,"header":"Lux5`) {
				t.Errorf("JSON socket: got %s", got)
			}
		}
		b.wait("homeassistant/device/smartmeter_p1/config", "energy_import_total")
		b.wait("smartmeter/p1/state", `"energy_import_total":`)
		for _, secret := range []string{key, strings.ToUpper(key), authKey} {
			if p.log.Count(secret) > 0 {
				t.Error("the key is in the log")
			}
		}
	}
	t.Run("network", func(t *testing.T) {
		check(t, func(t *testing.T) (string, func(*program) io.Writer) {
			meter := newLine(t)
			return meter.variable(), func(*program) io.Writer { return meter.accept() }
		})
	})
	t.Run("serial", func(t *testing.T) {
		check(t, func(t *testing.T) (string, func(*program) io.Writer) {
			master, tty, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { master.Close(); tty.Close() })
			return "PORT=" + tty.Name(), func(p *program) io.Writer {
				waitFor(t, "the open port", func() bool { return p.log.Count("line to the meter is open") == 1 })
				return master
			}
		})
	})
}

// TestEncryptedWithoutKey: the raw socket carries the line's own bytes, and
// nothing else comes of them.
func TestEncryptedWithoutKey(t *testing.T) {
	_, frames := luxembourg(t, 2)
	meter := newLine(t)
	p := start(t, meter.variable())
	raw := p.dial("raw")
	waitFor(t, "the client", func() bool { return p.log.Count("client connected") == 1 })
	conn := meter.accept()
	want := numbered(7) + frames[0] + frames[1] // a client is started at a telegram
	write(t, conn, want)
	if got := raw.bytes(len(want)); got != want {
		t.Errorf("got %.100q, want %.100q", got, want)
	}
	waitFor(t, "the verdict on both frames", func() bool { return p.log.Count("frame dropped", "no key is set") == 2 })
}

// TestUnverified: once a tag has fitted, a plain telegram gives no reading,
// neither in this run nor in the next one, until the option allows it.
func TestUnverified(t *testing.T) {
	_, frames := luxembourg(t, 3)
	meter, data := newLine(t), "DATA="+t.TempDir()
	variables := []string{meter.variable(), data, "ENC_KEY=" + key}
	run := func(more []string, send, want string, warns bool) {
		t.Helper()
		p := start(t, append(variables, more...)...)
		raw, lines := p.dial("raw"), p.dial("json")
		waitFor(t, "clients on both sockets", func() bool { return p.log.Count("client connected") == 2 })
		write(t, meter.accept(), send)
		if got := lines.line(); !strings.Contains(got, want) {
			t.Errorf("JSON socket: got %s, want %s", got, want)
		}
		if got := raw.bytes(len("/Lux5")); got != "/Lux5" && got != "/KFM5" {
			t.Errorf("raw socket: got %q", got)
		}
		p.stop()
		if warned := p.log.Count("the key does not verify") > 0; warned != warns {
			t.Errorf("a warning: %v, want %v", warned, warns)
		}
	}
	run(nil, frames[0]+numbered(7), `"header":"Lux5`, true)
	run(nil, numbered(8)+frames[1], `"header":"Lux5`, true)
	run([]string{"ENC_ALLOW_UNVERIFIED=true"}, numbered(9)+frames[2], `"currentUsage":0.009`, false)
}
