package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// debugLog keeps what is logged.
type debugLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *debugLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *debugLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// mode is the last that was logged.
func (l *debugLog) mode() string {
	text := l.String()
	_, mode, _ := strings.Cut(text[strings.LastIndex(text, " mode="):], `"`)
	mode, _, _ = strings.Cut(mode, `"`)
	return mode
}

// asked is what the port at the other end of the pseudo-terminal was asked
// for: the speed, and whether parity is checked. A pseudo-terminal always has
// 8 data bits; their number only the log tells.
func asked(meter *os.File) string {
	raw, err := meter.SyscallConn()
	if err != nil {
		return err.Error()
	}
	var answer string
	ask := func(fd uintptr) {
		tty, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
		if err != nil {
			answer = err.Error()
			return
		}
		answer = map[uint32]string{unix.B9600: "9600", unix.B115200: "115200"}[tty.Cflag&unix.CBAUD] + " N"
		if tty.Iflag&unix.INPCK != 0 {
			answer = strings.TrimSuffix(answer, "N") + "E"
		}
	}
	if err := raw.Control(ask); err != nil {
		return err.Error()
	}
	return answer
}

func askedFor(mode string) string {
	speed, frame, _ := strings.Cut(mode, " ")
	return speed + " " + frame[1:2]
}

// A meter of each mode is read through a port that starts in each other one:
// the third telegram at the latest, without opening the port again, and
// without a byte to the meter. A port that looks for a meter of ten seconds
// does so ten times as fast here.
func TestSerialFindsTheMode(t *testing.T) {
	meters := map[string]string{
		"115200 8N1": "nl-50-iskra-3812.txt",
		"9600 7E1":   "nl-22-lg-e350.txt",
		"115200 7E1": "se-kaifa-7d16.txt",
		"115200 8E1": "dk-lg-e360-9b00.txt",
	}
	var all sync.WaitGroup
	defer all.Wait()
	for sent, file := range meters {
		telegram, err := os.ReadFile(filepath.Join("../dsmr/testdata/telegrams", file))
		if err != nil {
			t.Fatal(err)
		}
		for first := range meters {
			for _, hurry := range []time.Duration{1, 10} {
				if first != sent {
					meter, device := cable(t)
					all.Go(func() {
						for _, what := range findMode(t, sent, telegram, meter, source.SerialFrom(device, first, hurry)) {
							t.Errorf("%s from %s, every %d s: %s", sent, first, hurry, what)
						}
					})
				}
			}
		}
	}
}

// findMode returns what went wrong.
func findMode(t *testing.T, sent string, telegram []byte, meter *os.File, port source.Port) (wrong []string) {
	log := new(debugLog)
	complain := func(format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf(format, args...)+"\n"+log.String())
	}
	opened := make(chan bool, 1)
	s := source.New(port, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), func(e source.Event) {
		if e.State == source.Opened {
			opened <- true
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()

	var telegrams atomic.Int32 // that were sent
	sending := make(chan error, 1)
	go func() {
		sending <- func() error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-opened:
			}
			for ctx.Err() == nil {
				heard := log.mode()
				if got, want := asked(meter), askedFor(heard); got != want {
					return fmt.Errorf("the port was asked for %s, want %s", got, want)
				}
				telegrams.Add(1)
				// The 16550 makes noise of 8E1 that is read as 8N1.
				if _, err := meter.Write(simulate.UART{Resync: true}.Hear(telegram, sent, heard)); err != nil {
					return err
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Second):
				}
			}
			return nil
		}()
	}()

	read := int32(0) // the number of the telegram that was read
	reader := decode.NewReader(decode.Options{})
	if err := s.Run(ctx, func(r io.Reader) error {
		reader.Reset(r)
		for {
			switch m, more := reader.Next(); {
			case !more:
				return reader.Err()
			case m.Err == nil && m.Reading != nil:
				s.Telegram(time.Now())
				read = telegrams.Load()
				cancel()
			}
		}
	}); err != nil {
		complain("Run: %v", err)
	}
	if err := <-sending; err != nil {
		complain("%v", err)
	}
	if read < 1 || read > 3 {
		complain("telegram %d was the first that was read, want the third at the latest", read)
	}
	if got := log.mode(); got != sent && (sent != "115200 7E1" || got != "115200 8N1") {
		complain("the port ends in mode %s", got)
	}
	if got := strings.Count(log.String(), `level=INFO msg="the meter speaks `+sent); got != 1 {
		complain("the mode was told %d times", got)
	}
	if got := strings.Count(log.String(), "line to the meter is open"); got != 1 {
		complain("the port was opened %d times", got)
	}
	if err := meter.SetReadDeadline(time.Now()); err != nil {
		complain("%v", err)
	}
	if n, err := meter.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, unix.EIO) {
		complain("the meter got %d bytes, %v", n, err)
	}
	return wrong
}
