package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// jumps sets the machine's clock for one program: it is off by the seconds in
// a file. The clock that measures durations continues, as a real one does. There is no
// other way to do that to one process alone.
const jumps = `package time

import (
	"sync/atomic"
	"syscall"
)

var jumped atomic.Int64

func init() {
	path, ok := syscall.Getenv("TEST_CLOCK")
	if ok {
		go watch(path)
	}
}

func watch(path string) {
	for ; ; Sleep(10 * Millisecond) {
		file, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		var text [8]byte
		n, _ := syscall.Read(file, text[:])
		syscall.Close(file)
		seconds, sign := int64(0), int64(1)
		for _, c := range text[:max(0, n)] {
			if c == '-' {
				sign = -1
			} else {
				seconds = 10*seconds + int64(c-'0')
			}
		}
		jumped.Store(sign * seconds)
	}
}
`

// jumping builds the program with that clock.
func jumping(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const now, here = "func Now() Time {", "sec, nsec, mono := runtimeNow()\n"
	before, after, ok := strings.Cut(string(text), now)
	if !ok || !strings.Contains(after, here) {
		t.Fatalf("%s has no %q as it had: how does this Go read the clock?", source, now)
	}
	files := map[string]string{"time.go": before + now + strings.Replace(after, here, here+"sec += jumped.Load()\n", 1), "jump.go": jumps}
	overlay := map[string]map[string]string{"Replace": {}}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		overlay["Replace"][filepath.Join(filepath.Dir(source), name)] = path
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, list, 0o644); err != nil {
		t.Fatal(err)
	}
	return binary(t, "jumping", "-overlay", path)
}

// TestFaultClockJumps: the machine's clock is set, forth and back, while the
// program runs. It loses nothing, hangs up on nobody and says nothing.
func TestFaultClockJumps(t *testing.T) {
	t.Parallel()
	meter, b := newLine(t), newBroker(t, testkit.Addr(t))
	clock := filepath.Join(openDir(t), "clock")
	set := func(seconds int) {
		if err := os.WriteFile(clock+".new", fmt.Append(nil, seconds), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(clock+".new", clock); err != nil {
			t.Fatal(err)
		}
	}
	set(0)
	p := spawn(t, jumping(t), meter.variable(), b.variable(), "MQTT_INTERVAL=0", "TEST_CLOCK="+clock)
	w := attend(p.program, meter.accept(), b)
	w.reading()
	b.wait("smartmeter/p1/availability", "online")
	// The log of a process comes through a pipe, later than its readings may.
	waitFor(t, "the first reading in the log", func() bool { return p.log.Count("telegrams arrive") == 1 })
	mark := p.mark()
	off := func() time.Duration { // by how much the program's clock is
		w.reading()
		var change struct{ TC int64 }
		text := b.wait("smartmeter/status/usage", fmt.Sprintf(`"val":%d,`, w.n))
		if err := json.Unmarshal([]byte(text), &change); err != nil {
			t.Fatal(err)
		}
		return time.Since(time.UnixMilli(change.TC)).Round(time.Hour)
	}
	for _, seconds := range []int{3600, 0, -3600, 0} {
		set(seconds)
		waitFor(t, fmt.Sprint("a clock that is off by ", seconds), func() bool { return off() == -time.Duration(seconds)*time.Second })
		for range 20 {
			w.reading()
		}
		late := p.dial("json") // is welcomed with the reading of just now, whatever the clock says
		if line := late.line(); !strings.Contains(line, fmt.Sprintf(`"calculatedUsage":%d}`, w.n)) {
			t.Errorf("a new client gets %q", line)
		}
		late.conn.Close()
	}
	if lines := p.said(mark); len(lines) > 0 {
		t.Errorf("the log says %q, want nothing", lines)
	}
	if got := b.last("smartmeter/connected"); got == "1" || got == "0" {
		t.Errorf("connected went to %s", got)
	}
	p.ended()
}
