//go:build influxdb

// Package influxdb_test runs the real program against real databases: Debian's
// InfluxDB 1.6, which has the API of version 1 only, and VictoriaMetrics, which
// has that of version 2. It looks what they hold after they were killed and
// started again in the middle. It needs both installed, hence the build tag.
package influxdb_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// deadline is how long a test waits; it is no measure of speed.
const deadline = 2 * time.Minute

// database is a server of our own with what it takes to ask it.
type database struct {
	t       *testing.T
	addr    string
	command func() *exec.Cmd
	ready   string                   // answers with 2xx or 4xx when the server is up
	setUp   func(*testing.T, string) // once, when it is up
	times   func(*testing.T, string) []int64

	cmd *exec.Cmd
}

func get(t *testing.T, address string) []byte {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode/100 != 2 {
		t.Fatalf("%s: %s, %v: %s", address, answer.Status, err, body)
	}
	return body
}

func victoria(t *testing.T) *database {
	dir, addr := t.TempDir(), testkit.FreeAddr(t)
	return &database{t: t, addr: addr, ready: "/health",
		command: func() *exec.Cmd {
			return exec.Command("victoria-metrics", "-storageDataPath="+dir, "-httpListenAddr="+addr, "-retentionPeriod=100y", "-search.latencyOffset=0s", "-memory.allowedBytes=128MB")
		},
		setUp: func(*testing.T, string) {},
		times: func(t *testing.T, base string) []int64 {
			var times []int64
			lines := bufio.NewScanner(bytes.NewReader(get(t, base+"/api/v1/export?match[]="+url.QueryEscape(`{__name__="power-usage_usage"}`))))
			lines.Buffer(nil, 16<<20)
			for lines.Scan() {
				var series struct{ Timestamps []int64 }
				if err := json.Unmarshal(lines.Bytes(), &series); err != nil {
					t.Fatal(err)
				}
				times = append(times, series.Timestamps...)
			}
			return times
		},
	}
}

func influx1(t *testing.T) *database {
	dir, addr := t.TempDir(), testkit.FreeAddr(t)
	conf := fmt.Sprintf(`reporting-disabled = true
bind-address = %q
[meta]
  dir = "%[2]s/meta"
[data]
  dir = "%[2]s/data"
  wal-dir = "%[2]s/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = %[3]q
  log-enabled = false
`, testkit.FreeAddr(t), dir, addr)
	file := filepath.Join(dir, "influxdb.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return &database{t: t, addr: addr, ready: "/ping",
		command: func() *exec.Cmd { return exec.Command("influxd", "-config", file) },
		setUp: func(t *testing.T, base string) {
			answer, err := http.PostForm(base+"/query", url.Values{"q": {`CREATE DATABASE "energy"`}})
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
		},
		times: func(t *testing.T, base string) []int64 {
			var result struct {
				Results []struct {
					Series []struct{ Values [][]json.Number }
					Error  string
				}
			}
			query := url.Values{"db": {"energy"}, "epoch": {"ms"}, "q": {`SELECT "usage" FROM "power-usage"`}}
			if err := json.Unmarshal(get(t, base+"/query?"+query.Encode()), &result); err != nil {
				t.Fatal(err)
			}
			var times []int64
			for _, r := range result.Results {
				for _, s := range r.Series {
					for _, v := range s.Values {
						at, err := v[0].Int64()
						if err != nil {
							t.Fatal(err)
						}
						times = append(times, at)
					}
				}
			}
			return times
		},
	}
}

func (d *database) start() {
	d.t.Helper()
	d.cmd = d.command()
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	for end := time.Now().Add(deadline); ; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get("http://" + d.addr + d.ready)
		if err == nil {
			answer.Body.Close()
			return
		}
		if time.Now().After(end) {
			d.t.Fatal("the database does not start")
		}
	}
}

func (d *database) stop(signal syscall.Signal) {
	if d.cmd != nil {
		_ = d.cmd.Process.Signal(signal)
		_ = d.cmd.Wait()
		d.cmd = nil
	}
}

// house is a simulated meter whose clock goes a second with each telegram.
type house struct {
	line      *simulate.Server
	telegrams atomic.Int64
	stop      func()
}

func newHouse(t *testing.T) *house {
	t.Helper()
	line, err := simulate.Listen(testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{line: line}
	ctx, cancel := context.WithCancel(t.Context())
	meterCtx, stop := context.WithCancel(ctx)
	h.stop = stop
	begin := time.Now().Add(-time.Hour).Truncate(time.Second) // what lies ahead of now, databases do not show
	ended := make(chan error, 2)
	go func() { ended <- line.Run(ctx) }()
	go func() {
		ended <- simulate.New(simulate.Options{Seed: 1, Zone: time.UTC}).Run(meterCtx, line, 50*time.Millisecond, func() time.Time {
			return begin.Add(time.Duration(h.telegrams.Add(1)) * time.Second)
		})
	}()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	})
	return h
}

func TestDatabases(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "smartmeter")
	if out, err := exec.Command("go", "build", "-race", "-o", binary, "github.com/smartmeter-addon/smartmeter-addon/cmd/smartmeter").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	for name, open := range map[string]func(*testing.T) *database{"VictoriaMetrics": victoria, "InfluxDB 1.6": influx1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, h := open(t), newHouse(t)
			t.Cleanup(func() { d.stop(syscall.SIGKILL) })
			d.start()
			base := "http://" + d.addr
			d.setUp(t, base)

			logFile := filepath.Join(t.TempDir(), "log")
			log, err := os.Create(logFile)
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			program := exec.Command(binary)
			program.Stderr = log
			program.Env = append(os.Environ(), "TZ=UTC", "SMARTMETER_TCP_SERVER=0", "SMARTMETER_RAW_TCP_SERVER=0", "SMARTMETER_HEALTH=0", "SMARTMETER_DATA="+t.TempDir(),
				"SMARTMETER_SOCKET="+h.line.Addr(),
				"SMARTMETER_INFLUX_URL="+base, "SMARTMETER_INFLUX_TOKEN=user:secret-token", "SMARTMETER_INFLUX_ORG=home", "SMARTMETER_INFLUX_BUCKET=energy")
			if err := program.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = program.Process.Kill()
				text, _ := os.ReadFile(logFile)
				if t.Failed() {
					t.Logf("log of the program:\n%s", text)
				}
				if bytes.Contains(text, []byte("secret-token")) {
					t.Error("the token is in the log")
				}
			})
			said := func(what string) func() bool {
				return func() bool {
					text, err := os.ReadFile(logFile)
					return err == nil && strings.Contains(string(text), what)
				}
			}
			waitFor(t, "the first points", func() bool { return len(d.times(t, base)) > 0 })
			d.stop(syscall.SIGTERM) // what it has taken it keeps
			waitFor(t, "the outage", said("nothing listens at the database's address"))
			time.Sleep(3 * time.Second) // telegrams that it does not take
			d.start()
			waitFor(t, "the return", said("accepts readings again"))
			h.stop()
			last := h.telegrams.Load()
			time.Sleep(time.Second) // the last telegram arrives
			if err := program.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := program.Wait(); err != nil {
				t.Errorf("exit: %v", err)
			}
			// VictoriaMetrics shows what it took a moment later.
			var times []int64
			waitFor(t, "the last points", func() bool {
				times = d.times(t, base)
				slices.Sort(times)
				return len(times) > 0 && times[len(times)-1]-times[0] >= (last-3)*1000-60_000
			})
			for i := 1; i < len(times); i++ {
				if step := times[i] - times[i-1]; step != 1000 {
					t.Errorf("point %d of %d comes %d ms after the one before, want 1000", i, len(times), step)
				}
			}
			t.Logf("%d points of %d telegrams", len(times), last)
		})
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
