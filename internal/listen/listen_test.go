package listen_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/listen"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// A port whose server fails is opened again, and what happened is counted and
// told once.
func TestServedAgain(t *testing.T) {
	var board status.Board
	var log strings.Builder
	opened := 0
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	o := listen.Options{
		Address: "127.0.0.1:0", What: "door", Setting: "DOOR", Log: slog.New(slog.NewTextHandler(&log, nil)), Counter: board.Output("door"),
		OnListen: func(net.Addr) { opened++ },
	}
	err := listen.Run(ctx, o, func(_ context.Context, l net.Listener) error {
		defer l.Close()
		if opened == 3 {
			cancel()
			return nil
		}
		return errors.New("it jams")
	})
	if err != nil || opened != 3 {
		t.Errorf("opened %d times, %v", opened, err)
	}
	if o := board.Snapshot(time.Now()).Outputs[0]; o.Errors != 2 || o.LastSuccess == nil {
		t.Errorf("%+v", o)
	}
	if got := log.String(); strings.Count(got, "door is open") != 3 || !strings.Contains(got, "cannot listen at 127.0.0.1:0: see DOOR; trying again") || !strings.Contains(got, "it jams") {
		t.Errorf("log: %s", got)
	}
}

func TestExplains(t *testing.T) {
	taken, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, want := range map[string]string{
		taken.Addr().String(): "is taken by another program: free it or choose another with DOOR",
		"192.0.2.250:0":       "this machine has no address 192.0.2.250: choose another with DOOR",
		"127.0.0.1:99999":     "cannot listen at 127.0.0.1:99999: see DOOR",
	} {
		ctx, cancel := context.WithCancel(context.Background())
		log := told{want: "level=ERROR", then: cancel}
		timer := time.AfterFunc(20*time.Second, cancel)
		err := listen.Run(ctx, listen.Options{Address: address, What: "door", Setting: "DOOR", Log: slog.New(slog.NewTextHandler(&log, nil))}, nil)
		timer.Stop()
		if err != nil || !strings.Contains(log.text, want) {
			t.Errorf("%s: %v, log %s, want %s", address, err, log.text, want)
		}
	}
}

// TestExplainsPort80: Home Assistant has it on its own machines.
func TestExplainsPort80(t *testing.T) {
	address := net.JoinHostPort(testkit.Host(t), "80")
	taken, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("this user may not have port 80: %v", err)
	}
	defer taken.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	log := told{want: "level=ERROR", then: cancel}
	err = listen.Run(ctx, listen.Options{Address: address, What: "door", Setting: "DOOR", Log: slog.New(slog.NewTextHandler(&log, nil))}, nil)
	if want := "port 80 is taken, by Home Assistant itself since its version 2026.8"; err != nil || !strings.Contains(log.text, want) {
		t.Errorf("%v, log %s, want %s", err, log.text, want)
	}
}

// told is a log that ends the test when it has a line.
type told struct {
	text, want string
	then       func()
}

func (l *told) Write(line []byte) (int, error) {
	l.text += string(line)
	if strings.Contains(string(line), l.want) {
		l.then()
	}
	return len(line), nil
}

// A port of UDP is kept open in the same way; one that nobody can choose asks
// for no choice.
func TestPackets(t *testing.T) {
	taken, err := net.ListenPacket("udp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(taken.LocalAddr().String())
	var log strings.Builder
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	served := 0
	freed := freeing{&log, func() { taken.Close() }}
	err = listen.RunPackets(ctx, listen.Options{
		Address: taken.LocalAddr().String(), What: "door", Log: slog.New(slog.NewTextHandler(freed, nil)),
	}, func(_ context.Context, conn net.PacketConn) error {
		defer conn.Close()
		if served++; served == 2 {
			cancel()
			return nil
		}
		return errors.New("it jams")
	})
	if err != nil || served != 2 {
		t.Errorf("served %d times, %v", served, err)
	}
	if got := log.String(); !strings.Contains(got, "port "+port+" is taken by another program: free it; trying again") || !strings.Contains(got, "it jams") {
		t.Errorf("log: %s", got)
	}
}

// freeing is a log that does something at each line.
type freeing struct {
	*strings.Builder
	then func()
}

func (l freeing) Write(line []byte) (int, error) {
	l.then()
	return l.Builder.Write(line)
}
