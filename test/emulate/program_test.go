//go:build emulate

// Package emulate_test has the emulated meters of the real program asked by
// clients from PyPI, which the script run installs.
package emulate_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

const patience = time.Minute

var binary string // the program

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "emulate")
	if err == nil {
		binary = filepath.Join(dir, "smartmeter")
		build := exec.Command("go", "build", "-race", "-o", binary, "../../cmd/smartmeter")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, err)
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// program is the real one, which reads a simulated meter.
type program struct {
	t    *testing.T
	host string // where it listens
	log  *testkit.Log
	cmd  *exec.Cmd
}

// start starts the program with a meter that speaks at the interval.
func start(t *testing.T, interval time.Duration, variables ...string) *program {
	t.Helper()
	p := &program{t: t, host: testkit.Host(t), log: new(testkit.Log)}
	meter, err := simulate.Listen(testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- meter.Run(ctx) }()
	go func() { done <- simulate.New(simulate.Options{Seed: 1}).Run(ctx, meter, interval, time.Now) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	p.cmd = exec.Command(binary)
	p.cmd.Env = append(os.Environ(), "SMARTMETER_SOCKET="+meter.Addr(), "SMARTMETER_TCP_SERVER="+p.host+":3010", "SMARTMETER_RAW_TCP_SERVER=0",
		"SMARTMETER_API_SERVER="+p.host+":8080", "SMARTMETER_HEALTH="+p.host+":8098", "SMARTMETER_DATA="+t.TempDir(), "SMARTMETER_LOG_LEVEL=debug")
	for _, v := range variables {
		p.cmd.Env = append(p.cmd.Env, "SMARTMETER_"+strings.ReplaceAll(v, "HOST", p.host))
	}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	p.await("readings", func() bool { return p.log.Count("telegrams arrive") > 0 })
	return p
}

func (p *program) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(os.Interrupt)
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("the program ends with %v", err)
	}
	if p.log.Count("DATA RACE") > 0 || p.t.Failed() {
		p.t.Errorf("log of the program:\n%s", p.log)
	}
}

func (p *program) await(what string, is func() bool) {
	p.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("%s: not in time\n%s", what, p.log)
		}
	}
}

// readings returns a channel of what the JSON socket says from now on, and
// first what it said last.
func (p *program) readings() <-chan map[string]any {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.host+":3010")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	list := make(chan map[string]any, 1000)
	go func() {
		defer close(list)
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			var r map[string]any
			if json.Unmarshal(lines.Bytes(), &r) == nil {
				list <- r
			}
		}
	}()
	return list
}

// python runs a script and returns its lines.
func python(t *testing.T, script string, arguments ...string) <-chan []byte {
	t.Helper()
	name := os.Getenv("PYTHON")
	if name == "" {
		t.Fatal("PYTHON is not set: start these tests with the script run")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	cmd := exec.CommandContext(ctx, name, append([]string{"-u", script}, arguments...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	list := make(chan []byte, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(list)
		for lines := bufio.NewScanner(bufio.NewReaderSize(out, 1<<20)); lines.Scan(); {
			list <- []byte(lines.Text())
		}
	}()
	t.Cleanup(func() {
		<-done
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", script, err)
		}
		cancel()
	})
	return list
}

// next returns the next value of a channel, decoded.
func next[T any](t *testing.T, list <-chan []byte) (v T) {
	t.Helper()
	select {
	case line, ok := <-list:
		if !ok {
			t.Fatal("the client has ended")
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	case <-time.After(2 * patience):
		t.Fatal("the client says nothing")
	}
	return v
}
