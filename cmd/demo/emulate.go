package main

import "fmt"

// emulated is a meter that the app looks like, and how to ask it.
type emulated struct {
	kind string
	what string
	port int
	ask  string // %s: the address
}

// emulations are all kinds of emulated meters.
var emulations = []emulated{
	{"homewizard", "as a HomeWizard P1 Meter", 8081, "curl http://%s/api/v1/data"},
	{"ecotracker", "as an everHome EcoTracker", 8083, "curl http://%s/v1/json"},
}

// name is what the app calls the emulated meter.
func (e *emulated) name() string { return e.kind + "_" + "p1" }

// emulate returns the app's variables that open all kinds.
func emulate() (variables []string) {
	for i, e := range emulations {
		prefix := fmt.Sprintf("SMARTMETER_EMULATE_%d_", i)
		variables = append(variables, prefix+"KIND="+e.kind, prefix+"PORT="+freeAddr(e.port))
	}
	return variables
}

// tellEmulated tells how to ask the emulated meters.
func (g *guide) tellEmulated() {
	if !g.isEmulating {
		return
	}
	fmt.Fprintln(g.out, "The app answers as other meters, too:")
	fmt.Fprintln(g.out)
	for _, e := range emulations {
		fmt.Fprintf(g.out, "  %-36s "+e.ask+"\n", e.what, g.addresses[e.name()])
	}
	fmt.Fprintf(g.out, "  %-36s mosquitto_pub %s -t smartmeter/p1_bridge/offset_%s -m -500\n\n", "500 W less for the first of them", g.toBroker(), emulations[0].name())
}
