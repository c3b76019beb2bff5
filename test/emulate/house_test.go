//go:build emulate

package emulate_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// telegrams are real ones of many countries.
const telegrams = "../../internal/dsmr/testdata/telegrams/"

// house is the real program with an emulated meter, and the line to its meter.
type house struct {
	meter   net.Conn // what is written there the meter sends
	address string   // of the emulated meter
}

// newHouse starts the program, which emulates a meter of that kind.
func newHouse(t *testing.T, kind string) *house {
	t.Helper()
	line, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	environ := []string{
		"SMARTMETER_SOCKET=" + line.Addr().String(), "SMARTMETER_DATA=" + t.TempDir(),
		"SMARTMETER_TCP_SERVER=0", "SMARTMETER_RAW_TCP_SERVER=0", "SMARTMETER_HEALTH=0",
		"SMARTMETER_EMULATE_0_KIND=" + kind, "SMARTMETER_EMULATE_0_PORT=" + testkit.Addr(t),
	}
	cfg, _, err := config.Load(environ, func(string) ([]byte, error) { return nil, os.ErrNotExist })
	if err != nil {
		t.Fatal(err)
	}
	ready, done := make(chan string, 1), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	log := new(testkit.Log)
	go func() {
		done <- app.Run(ctx, cfg, app.Deps{
			Log: slog.New(slog.NewTextHandler(log, nil)), Environ: environ, Listening: func(_, addr string) { ready <- addr },
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("log of the program:\n%s", log)
		}
	})
	h := &house{address: <-ready}
	if h.meter, err = line.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.meter.Close() })
	return h
}

// sends writes a telegram as the meter does.
func (h *house) sends(t *testing.T, telegram string) {
	t.Helper()
	if _, err := io.WriteString(h.meter, telegram); err != nil {
		t.Fatal(err)
	}
}

// client is a script that asks the emulated meter on command.
type client struct {
	in     io.Writer
	out    *bufio.Scanner
	stderr strings.Builder
}

// newClient starts a script of this folder.
func newClient(t *testing.T, script, address string) *client {
	t.Helper()
	c := new(client)
	python := exec.Command(os.Getenv("PYTHON"), script, address)
	python.Stderr = &c.stderr
	in, err := python.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := python.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.in, c.out = in, bufio.NewScanner(out)
	c.out.Buffer(nil, 1<<20)
	if err := python.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := python.Wait(); err != nil {
			t.Errorf("%s: %v: %s", script, err, &c.stderr)
		}
	})
	return c
}

// does has the client do something and reads what came of it.
func (c *client) does(t *testing.T, command string, into any) {
	t.Helper()
	if _, err := io.WriteString(c.in, command+"\n"); err != nil {
		t.Fatal(err)
	}
	if !c.out.Scan() || json.Unmarshal(c.out.Bytes(), into) != nil {
		t.Fatalf("%s: %s\n%s", command, c.out.Text(), &c.stderr)
	}
}

// object is a line of a telegram: its code and its last bracket.
var object = regexp.MustCompile(`(?m)^(\d-\d:[0-9.]+)\(.*?([^()]*)\)\r?$`)

// objects are the numbers of a telegram by code, power and energy in kW and kWh,
// read without the program.
func objects(telegram string) map[string]float64 {
	list := make(map[string]float64)
	for _, m := range object.FindAllStringSubmatch(telegram, -1) {
		number, unit, _ := strings.Cut(m[2], "*")
		if n, err := strconv.ParseFloat(number, 64); err == nil {
			if unit == "W" || unit == "Wh" {
				n /= 1000
			}
			list[m[1]] = n
		}
	}
	return list
}
