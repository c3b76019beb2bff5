//go:build homeassistant

// Package homeassistant_test runs the real program, fed by simulated meters,
// against real Home Assistant Core and Debian's mosquitto, and looks at
// Core as its user does. The script run beside it installs and starts all of
// that, hence the build tag.
//
// The test is a story in steps, told by the table in TestHomeAssistant. Each
// step is a function of the house, works on its own (-test.run), and leaves
// the house as it found it.
package homeassistant_test

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

var (
	full   = flag.Bool("full", false, "wait for Core's statistics too, which it makes every five minutes, and for a new meter to be believed")
	update = flag.Bool("update", false, "write testdata/entities anew")
)

// deadline is how long a step waits for something; it is no measure of speed.
const deadline = 3 * time.Minute

// soon is how fast entities are to be back. What took longer is said, not
// failed: the machine may be busy.
const soon = 10 * time.Second

func TestHomeAssistant(t *testing.T) {
	h := newHouse(t, newClock(), meters()...)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *house)
		long bool
	}{
		{name: "states move", run: move},
		{name: "devices and entities", run: entities},
		{name: "the dsmr integration agrees", run: dsmrIntegration},
		{name: "the homewizard integration agrees", run: homeWizardIntegration},
		{name: "energy dashboard", run: energy},
		{name: "zero in between", run: glitch},
		{name: "meter swapped", run: swap, long: true},
		{name: "devices deleted", run: deleted},
		{name: "Core restarted", run: restartCore},
		{name: "broker restarted", run: restartBroker},
		{name: "app restarted", run: restartApp},
		{name: "app killed", run: killApp},
		{name: "statistics", run: statistics, long: true},
		{name: "moved in", run: moveIn, long: true},
		{name: "log", run: readLog},
	} {
		if step.long && !*full {
			continue
		}
		t.Run(step.name, func(t *testing.T) { step.run(t, h) })
	}
}

// wait asks until the answer is yes, and returns how long that took. What is
// missing is what the last answer said.
func wait(t *testing.T, ok func() (yes bool, missing string)) time.Duration {
	t.Helper()
	return waitWithin(t, deadline, ok)
}

// waitWithin is wait for what may take longer.
func waitWithin(t *testing.T, deadline time.Duration, ok func() (yes bool, missing string)) time.Duration {
	t.Helper()
	begin := time.Now()
	for {
		yes, missing := ok()
		took := time.Since(begin)
		if yes {
			return took
		}
		if took > deadline {
			t.Fatalf("after %s: %s", deadline, missing)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// report says how long something took.
func report(t *testing.T, what string, took time.Duration) {
	t.Helper()
	slow := ""
	if took > soon {
		slow = fmt.Sprintf(" (SLOW: more than %s)", soon)
	}
	t.Logf("%s after %.1f s%s", what, took.Seconds(), slow)
}
