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
	{"shelly_pro_3em", "as a Shelly Pro 3EM", 8082, "curl 'http://%s/rpc/EM.GetStatus?id=0'"},
	{"ecotracker", "as an everHome EcoTracker", 8083, "curl http://%s/v1/json"},
}

// battery is a question of Marstek's batteries, which is answered with the next
// reading. Below 1024 not everybody may open a port, so that it is not that of
// most of them, 1010.
const battery = `{"id":1,"src":"demo","method":"EM.GetStatus","params":{"id":0}}`

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
	fmt.Fprintf(g.out, "  %-36s echo '%s' | nc -u -w 12 127.0.0.1 2220\n", "the Shelly, as a battery asks it", battery)
	fmt.Fprintf(g.out, "  %-36s mosquitto_pub %s -t smartmeter/p1_bridge/offset_%s -m -500\n\n", "500 W less for the first of them", g.toBroker(), emulations[0].name())
}
