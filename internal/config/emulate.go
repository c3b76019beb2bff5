package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// EmulatedKind is a meter that the program can look like.
type EmulatedKind string

// The kinds of emulated meters.
const (
	EmulateHomeWizard EmulatedKind = "homewizard" // P1 Meter, local API v1
	EmulateShelly     EmulatedKind = "shelly_pro_3em"
	EmulateEcoTracker EmulatedKind = "ecotracker" // of everHome
)

// emulatedKind is what the options know of a kind.
type emulatedKind struct {
	kind EmulatedKind
	port Listen // where it listens unless the option says otherwise; each kind has its own
}

// emulatedKinds are those that work.
var emulatedKinds = []emulatedKind{
	{EmulateHomeWizard, ":8081"},
	{EmulateShelly, ":8082"},
	{EmulateEcoTracker, ":8083"},
}

// kinds returns the names of those that work.
func kinds() (list []EmulatedKind) {
	for _, k := range emulatedKinds {
		list = append(list, k.kind)
	}
	return list
}

// UnmarshalText takes any case.
func (k *EmulatedKind) UnmarshalText(text []byte) error {
	*k = canonical(string(text), kinds())
	return nil
}

// Emulated is one emulated meter: a server that looks like a meter of another
// maker.
type Emulated struct {
	Name   string // unique, and the same as long as kind and meter are: "homewizard_p1", for a second one "homewizard_p1_2"
	Path   string // where its options stand in the options file
	Kind   EmulatedKind
	Meter  string // slot of the meter whose readings it tells
	Listen Listen
}

// emulates returns what is set, in its order.
func (c *Config) emulates() []*Emulate {
	e := &c.Emulates
	list := []*Emulate{&e.First, &e.Second, &e.Third, &e.Fourth, &e.Fifth, &e.Sixth}
	return slices.DeleteFunc(list, func(e *Emulate) bool { return *e == Emulate{} })
}

// Emulated returns the meters that the program looks like.
func (c Config) Emulated() (list []Emulated) {
	count := make(map[string]int)
	for _, e := range c.emulates() {
		m := Emulated{Kind: e.Kind, Meter: cmp.Or(e.Meter, c.Slot), Listen: Listen(e.Port)}
		m.Path = strings.TrimSuffix(optionAt(optionsOf(&c), &e.Kind).path, ".kind")
		if i := slices.IndexFunc(emulatedKinds, func(k emulatedKind) bool { return k.kind == e.Kind }); i >= 0 && e.Port == "" {
			m.Listen = emulatedKinds[i].port
		}
		m.Name = fmt.Sprintf("%s_%s", m.Kind, m.Meter)
		if count[m.Name]++; count[m.Name] > 1 {
			m.Name += fmt.Sprintf("_%d", count[m.Name])
		}
		list = append(list, m)
	}
	return list
}

// wrongEmulated returns the field of the first emulated meter that cannot work,
// and the mend.
func (c *Config) wrongEmulated() (field any, mend string) {
	all := c.Emulated()
	for i, e := range c.emulates() {
		for _, rule := range []struct {
			field any
			mend  string // empty: all is well
		}{
			{&e.Meter, c.lacksMeter(all[i].Meter)},
			{&e.Port, ownPort(e.Port)},
			{&e.Kind, wrongKind(e.Kind)},
			{&e.Port, c.clashOfEmulated(all, i)},
		} {
			if rule.mend != "" {
				return rule.field, rule.mend
			}
		}
	}
	return nil, ""
}

// wrongKind wants a kind that works.
func wrongKind(k EmulatedKind) string {
	planned := []EmulatedKind{"sunspec_meter", "em24", "sdm630", "abb_b23", "socomec", "p1link", "sma"}
	mend := oneOf(k, kinds())
	switch {
	case mend != "" && k == "":
		return "choose what this meter looks like: " + mend
	case mend != "" && slices.Contains(planned, k):
		return "this meter cannot be emulated yet; " + mend
	}
	return mend
}

// lacksMeter wants a meter of this program, or what all of them say together.
func (c *Config) lacksMeter(slot string) string {
	var slots []string
	if len(c.Meters()) > 1 && slot == SumSlot {
		return ""
	}
	for _, m := range c.Meters() {
		if m.Slot == slot {
			return ""
		}
		slots = append(slots, m.Slot)
	}
	return "there is no such meter; write " + strings.Join(slots, " or ") + ", or leave it empty for the first"
}

// clashOfEmulated wants the nth emulated meter to have a port of its own.
func (c *Config) clashOfEmulated(all []Emulated, n int) string {
	others := append(c.sockets(), server{"the page", c.WebServer}, server{"the API", c.APIServer},
		server{"the health check", c.Health})
	for _, e := range all[:n] {
		others = append(others, server{"the emulated meter " + e.Name, e.Listen})
	}
	own := all[n].Listen
	for _, o := range others {
		if apart(own, o.what, o.address) != "" {
			return fmt.Sprintf("%s has port %s already; write another one", o.what, strings.TrimPrefix(string(own), ":"))
		}
	}
	return ""
}
