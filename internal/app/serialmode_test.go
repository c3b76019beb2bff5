package app_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// What may be chosen is what can be opened.
func TestSerialModesAgree(t *testing.T) {
	noFile := func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	_, _, err := config.Load([]string{"SMARTMETER_SERIAL_MODE=none"}, noFile)
	if err == nil {
		t.Fatal("a mode that is none is accepted")
	}
	choices := regexp.MustCompile(`auto|\d+ \d[A-Z]\d`).FindAllString(err.Error(), -1)
	if diff := cmp.Diff(source.Modes(), choices); diff != "" {
		t.Errorf("modes (-source +config):\n%s", diff)
	}
	for _, name := range source.Modes() {
		cfg, _, err := config.Load([]string{"SMARTMETER_SERIAL_MODE=" + name}, noFile)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if mode, err := source.ParseMode(string(cfg.Serial.Mode)); err != nil || mode.String() != name {
			t.Errorf("%s: parsed as %q, %v", name, mode, err)
		}
	}
	cfg, _, err := config.Load(nil, noFile)
	if err != nil || cfg.Serial.Mode != config.SerialAuto {
		t.Errorf("the default is %s, want auto; %v", cfg.Serial.Mode, err)
	}
}

// TestSerialModeIsFound: a meter of each mode, a cable, and nothing set but
// the device. A pseudo-terminal knows no speed and no parity, so the meter
// sends what a serial port would deliver in the mode that the program says it
// listens in.
func TestSerialModeIsFound(t *testing.T) {
	t.Parallel()
	tests := []struct {
		mode     string
		standard simulate.Standard
		speaks   string
	}{
		{"115200 8N1", simulate.DSMR50, "115200 8N1"},
		{"9600 7E1", simulate.DSMR22, "9600 7E1"},
		{"9600 7E1", simulate.Q3D, "9600 7E1"},
		{"115200 7E1", simulate.H1, "115200 7E1, read as 115200 8N1"},
		{"115200 8E1", simulate.H1, "115200 8E1"},
	}
	for _, test := range tests {
		t.Run(test.mode+" "+simulate.Standards[test.standard].Name, func(t *testing.T) {
			t.Parallel()
			master, tty, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer master.Close()
			defer tty.Close()
			p := start(t, "PORT="+tty.Name())
			lines := p.dial("json")
			waitFor(t, "the client and the open port", func() bool {
				return p.log.Count("client connected") == 1 && p.log.Count("line to the meter is open") == 1
			})

			ctx, cancel := context.WithCancel(t.Context())
			sending := make(chan error, 1)
			telegrams := make(chan string, 100)
			go func() { sending <- speak(ctx, master, p.log, test.mode, test.standard, telegrams) }()
			line := lines.line()
			cancel()
			if err := <-sending; err != nil {
				t.Error(err)
			}
			if n := len(telegrams); n > 3 {
				t.Errorf("telegram %d was the first that was read, want the third at the latest", n)
			}
			var reading struct{ Header string }
			if err := json.Unmarshal([]byte(line), &reading); err != nil {
				t.Fatal(err)
			}
			if header := "/" + reading.Header + "\r\n"; !strings.HasPrefix(<-telegrams, header) {
				t.Errorf("the reading is of the meter %q", reading.Header)
			}
			if n := p.log.Count("level=INFO", `msg="the meter speaks `+test.speaks+`"`); n != 1 {
				t.Errorf("the mode was told %d times, want once that it is %s", n, test.speaks)
			}
		})
	}
}

// speak sends telegrams every second, each as a 16550 hears it.
func speak(ctx context.Context, master *os.File, log *testkit.Log, mode string, standard simulate.Standard, sent chan<- string) error {
	said := regexp.MustCompile(`mode="(\d+ \d[NE]1)"`)
	meter := simulate.New(simulate.Options{Standard: standard})
	for {
		telegram := meter.Telegram(time.Now())
		modes := said.FindAllStringSubmatch(log.String(), -1)
		heard := modes[len(modes)-1][1]
		sent <- string(telegram)
		if _, err := master.Write(simulate.UART{Resync: true}.Hear(telegram, mode, heard)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}
