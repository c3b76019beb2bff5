package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const source = "github.com/smartmeter-addon/smartmeter-addon/cmd/smartmeter"

// loopback is any free port that only this machine reaches.
const loopback = "127.0.0.1:0"

// build makes the program as the image has it.
func build(ctx context.Context, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "timetzdata", "-ldflags", "-s -w", "-o", binary, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}

// program is the program while it runs.
type program struct {
	cmd       *exec.Cmd
	stop      context.CancelFunc
	started   time.Time
	json, raw string // addresses
	health    string // too
	tail      tail
}

// start starts the program. Nothing of the caller's environment reaches it,
// and no options file of this machine.
func start(ctx context.Context, binary, dir, line, broker string, clients int, log io.Writer, variables ...string) (*program, error) {
	options := filepath.Join(dir, "options.json")
	if err := os.WriteFile(options, []byte("{}"), 0o600); err != nil {
		return nil, fmt.Errorf("writing the options: %w", err)
	}
	p := new(program)
	for _, addr := range []*string{&p.json, &p.raw, &p.health} {
		var err error
		if *addr, err = freeAddr(); err != nil {
			return nil, err
		}
	}
	ctx, p.stop = context.WithCancel(ctx)
	p.cmd = exec.CommandContext(ctx, binary)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = patience
	p.cmd.Env = append(variables,
		"TZ=Europe/Amsterdam",
		"SMARTMETER_OPTIONS="+options,
		"SMARTMETER_DATA="+filepath.Dir(options),
		"SMARTMETER_SOCKET="+line,
		"SMARTMETER_MQTT_URL=mqtt://"+broker,
		"SMARTMETER_TCP_SERVER="+p.json,
		"SMARTMETER_RAW_TCP_SERVER="+p.raw,
		"SMARTMETER_SOCKET_CLIENTS="+strconv.Itoa(clients),
		"SMARTMETER_HEALTH="+p.health,
	)
	p.cmd.Stderr = &p.tail
	if log != nil {
		p.cmd.Stderr = io.MultiWriter(&p.tail, log)
	}
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		p.stop()
		return nil, fmt.Errorf("starting the program: %w", err)
	}
	return p, nil
}

// tail is the program's log, for who must know why it failed.
type tail struct {
	mu    sync.Mutex
	text  []byte
	lines int // so far
}

// Write keeps the last lines.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines += bytes.Count(p, []byte{'\n'})
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(p), nil
}

// count is how many lines the log has so far.
func (t *tail) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// end stops the program as the Supervisor does. The error is that it did not
// end in peace.
func (p *program) end() error {
	p.stop()
	if err := p.cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the program ended with: %w\n%s", err, &p.tail)
	}
	return nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", loopback)
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
