package app_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
)

// The tests named TestFault break one thing around the program each. Whatever
// it is: the program lives, every other output gets every reading, it recovers
// by itself, and the log has one line at the loss and one at the return.

// longDeadline is for what takes the program half a minute to notice.
const longDeadline = time.Minute

// witness is what reads at every output, and goes on doing so whatever fails
// elsewhere.
type witness struct {
	t         *testing.T
	p         *program
	line      io.Writer // to the program
	json, raw *client
	broker    *broker // nil: not in this test
	n         int
}

// attend connects to all outputs.
func attend(p *program, line io.Writer, b *broker) *witness {
	p.t.Helper()
	w := &witness{t: p.t, p: p, line: line, broker: b}
	connected := p.log.Count("client connected")
	w.json, w.raw = p.dial("json"), p.dial("raw")
	waitFor(p.t, "the witnesses", func() bool { return p.log.Count("client connected") >= connected+2 })
	return w
}

// reading sends the next reading and sees it at every output.
func (w *witness) reading() {
	w.t.Helper()
	w.n++
	text := numbered(w.n)
	write(w.t, w.line, text)
	w.sees(text)
}

// sees waits for the newest reading, which came as this text.
func (w *witness) sees(text string) {
	w.t.Helper()
	w.seesOnSockets(text)
	if w.broker != nil {
		w.broker.wait("smartmeter/status/energy", fmt.Sprintf(`"calculatedUsage":%d}`, w.n))
	}
}

func (w *witness) seesOnSockets(text string) {
	w.t.Helper()
	if line, want := w.json.line(), fmt.Sprintf(`"calculatedUsage":%d}`, w.n); !strings.Contains(line, want) {
		w.t.Fatalf("the JSON socket sends %q, want %q", line, want)
	}
	if got := w.raw.bytes(len(text)); got != text {
		w.t.Fatalf("the raw socket sends %q, want %q", got, text)
	}
}

// mark remembers how long the log is; said returns the lines since then that
// are not for who debugs.
func (p *program) mark() int { return len(p.log.String()) }

func (p *program) said(mark int) (lines []string) {
	for line := range strings.Lines(p.log.String()[mark:]) {
		if !strings.Contains(line, "level=DEBUG") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// lossAndReturn fails unless the log has two lines since mark: one at the loss
// and one at the return, which have these parts. On a machine so busy that the
// test took longer than the program's patience with the meter, the log rightly
// names the problem too, and its end.
func (p *program) lossAndReturn(mark int, loss, back string) {
	p.t.Helper()
	waitFor(p.t, "a line at the return: "+back, func() bool {
		return strings.Contains(strings.Join(p.said(mark), "\n"), back)
	})
	lines := p.said(mark)
	if last := len(lines) - 1; last > 1 && logged(p.t, lines[last]).Sub(logged(p.t, lines[0])) > diagnosis.Patience {
		lines = slices.DeleteFunc(lines, func(line string) bool {
			return strings.Contains(line, " verdict=") || strings.Contains(line, `msg="readings have resumed"`)
		})
	}
	if len(lines) != 2 || !strings.Contains(lines[0], loss) || !strings.Contains(lines[1], back) {
		p.t.Errorf("the log says %q, want one line with %q and one with %q", lines, loss, back)
	}
}

// logged is when a line of the log was written.
func logged(t *testing.T, line string) time.Time {
	t.Helper()
	text, _, _ := strings.Cut(strings.TrimPrefix(line, "time="), " ")
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	return at
}

// says waits for a line since mark, and fails if it is not the only one.
func (p *program) says(mark int, part string) {
	p.t.Helper()
	waitFor(p.t, "a line with "+part, func() bool {
		return strings.Contains(strings.Join(p.said(mark), "\n"), part)
	})
	if lines := p.said(mark); len(lines) != 1 {
		p.t.Errorf("the log says %q, want one line with %q", lines, part)
	}
}
