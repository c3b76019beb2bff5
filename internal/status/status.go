// Package status reports how the program stands: the line to the meter, what
// came over it, what is the matter with it, and what each output did. Whoever
// shows that - the page, the HTTP API, metrics, "healthcheck -v" - reads it
// here and nowhere else.
package status

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Snapshot is how the program stood at one moment. It is JSON as /api/status
// shows it. Secrets and whole equipment identifiers never stand in it.
type Snapshot struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	Time    time.Time `json:"time"` // of this snapshot
	Line              // of the first meter, where programs look that know of one only
	Lines   []Line    `json:"meters,omitempty"` // of all, the first too, where there are several
	Outputs []Output  `json:"outputs"`          // in the order of the program's table

	Emulated []Emulated `json:"emulated,omitempty"` // meters that this program looks like

	Goroutines int `json:"goroutines"` // of this program: they stay as many while its clients do
}

// Each returns the lines of all meters, also of a program that has one only.
func (s *Snapshot) Each() []Line {
	if len(s.Lines) > 0 {
		return s.Lines
	}
	return []Line{s.Line}
}

// Find returns the line of the meter in that slot; false: there is none.
func (s *Snapshot) Find(slot string) (Line, bool) {
	lines := s.Each()
	if i := slices.IndexFunc(lines, func(l Line) bool { return l.Slot == slot }); i >= 0 {
		return lines[i], true
	}
	return Line{}, false
}

// Line is how one meter's line stands.
type Line struct {
	Slot     string   `json:"slot"`
	Source   Source   `json:"source"`
	Meter    *Meter   `json:"meter,omitempty"` // nil before the first reading
	Counters Counters `json:"counters"`
	Verdict  Verdict  `json:"verdict"`
}

// Source is the line to the meter.
type Source struct {
	Kind       string     `json:"kind"`           // serial, network, file or none
	Name       string     `json:"name"`           // device, or host:port
	Mode       string     `json:"mode,omitempty"` // of a serial line, such as 115200 8N1; empty while it is not known
	State      State      `json:"state"`
	Since      time.Time  `json:"since"`           // of the state
	Cause      string     `json:"cause,omitempty"` // why the line is lost
	Reconnects uint64     `json:"reconnects"`      // how often the line was opened again
	Last       *time.Time `json:"last,omitempty"`  // our clock at the last reading
}

// State is how the line stands.
type State string

// The states of a line.
const (
	None   State = "none"   // no source is set
	Opened State = "opened" // open, no telegram yet
	Alive  State = "alive"  // telegrams arrive
	Lost   State = "lost"   // failed or silent; it is opened again before long
)

// Meter is the meter as its telegrams tell.
type Meter struct {
	Header   string   `json:"header"`             // what stands behind the "/"
	Standard string   `json:"standard,omitempty"` // for people: "DSMR 5.0"
	Version  string   `json:"version,omitempty"`  // as on the JSON socket: p1Version
	Serial   string   `json:"serial,omitempty"`   // the equipment identifier's last digits
	Tariffs  []string `json:"tariffs,omitempty"`  // what 1 and 2 are, low and normal, where all agree on it
}

// Verdict is why there is no data, or that there is.
type Verdict struct {
	Name    string    `json:"name"`            // one of a fixed set, for programs; "good" when all is well
	Good    bool      `json:"good"`            // readings arrive
	Problem bool      `json:"problem"`         // a person should do something
	Text    string    `json:"text"`            // what is the matter, for people
	Next    string    `json:"next,omitempty"`  // what to do about it, for people
	Share   int       `json:"share,omitempty"` // of the telegrams that are damaged, in percent; 0: where that is not the matter
	Since   time.Time `json:"since"`
}

// VerdictOf returns the finding as it is shown, with options under their names.
func VerdictOf(f diagnosis.Finding, names config.Names) Verdict {
	c := f.Cause
	return Verdict{
		Name: c.String(), Good: c.Arrive() || c == diagnosis.Degraded, Problem: f.Problem,
		Text: c.Text(meter.English), Next: names.In(f.Next), Share: f.Share, Since: f.Since,
	}
}

// Output is what one output did since the start.
type Output struct {
	Name        string     `json:"name"`
	Clients     *int       `json:"clients,omitempty"` // connected now; nil: it is no server
	Sent        uint64     `json:"sent"`              // values that left
	Dropped     uint64     `json:"dropped"`           // values that were lost, because the other side was slow or away
	Errors      uint64     `json:"errors"`            // things that failed
	LastSuccess *time.Time `json:"lastSuccess,omitempty"`
	LastError   string     `json:"lastError,omitempty"` // what failed last; empty once it works again
}

// Public returns the snapshot without addresses, devices, and the words of
// errors, which name users and machines: for a port that asks nobody for a
// password. Names of causes stay.
func (s Snapshot) Public() Snapshot {
	s.Line = s.Line.public()
	s.Lines = slices.Clone(s.Lines)
	for i, l := range s.Lines {
		s.Lines[i] = l.public()
	}
	s.Outputs = slices.Clone(s.Outputs)
	s.Emulated = slices.Clone(s.Emulated)
	for i := range s.Emulated {
		s.Emulated[i] = s.Emulated[i].public()
	}
	for i := range s.Outputs {
		if o := &s.Outputs[i]; o.LastError != "" {
			o.LastError = "failed; the page and the log say why"
		}
	}
	return s
}

func (l Line) public() Line {
	l.Source.Name, l.Source.Cause = "", ""
	l.Verdict.Next = diagnosis.WithoutDevices(l.Verdict.Next)
	return l
}

// Board is where the parts of the program hang out how they stand. All its
// methods may be called by any goroutine.
type Board struct {
	Version string       // of the program
	Started time.Time    // when the program did
	Names   config.Names // of options, in what failed last

	mu       sync.Mutex
	lines    []func(now time.Time) Line
	emulated []func(now time.Time) Emulated
	counters []*Counter
}

// Line adds a meter's line to the board. The first is that of the first meter.
func (b *Board) Line(stands func(now time.Time) Line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, stands)
}

// Emulated adds an emulated meter to the board.
func (b *Board) Emulated(stands func(now time.Time) Emulated) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.emulated = append(b.emulated, stands)
}

// Output adds an output to the board and returns what it counts with.
func (b *Board) Output(name string) *Counter {
	c := &Counter{name: name}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counters = append(b.counters, c)
	return c
}

// Snapshot returns how the program stands at now.
func (b *Board) Snapshot(now time.Time) Snapshot {
	b.mu.Lock()
	lines, emulated, counters := slices.Clone(b.lines), slices.Clone(b.emulated), slices.Clone(b.counters)
	b.mu.Unlock()
	s := Snapshot{Version: b.Version, Started: b.Started, Time: now, Goroutines: runtime.NumGoroutine()}
	for _, stands := range lines {
		s.Lines = append(s.Lines, stands(now))
	}
	if len(lines) > 0 {
		s.Line = s.Lines[0]
	}
	if len(lines) < 2 {
		s.Lines = nil
	}
	for _, stands := range emulated {
		s.Emulated = append(s.Emulated, stands(now))
	}
	s.Outputs = make([]Output, 0, len(counters))
	for _, c := range counters {
		o := c.read()
		o.LastError = b.Names.In(o.LastError)
		s.Outputs = append(s.Outputs, o)
	}
	return s
}
