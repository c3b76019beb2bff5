package status

import (
	"strconv"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Emulated is how an emulated meter stands, which is a server that looks like a
// meter of another maker.
type Emulated struct {
	Name    string  `json:"name"`   // unique, and the same at every start
	Kind    string  `json:"kind"`   // what it looks like, as the option has it
	Meter   string  `json:"meter"`  // slot of the real meter
	Serial  string  `json:"serial"` // of the emulated one
	Offset  int     `json:"offset"` // W that are added to the power
	Fresh   bool    `json:"fresh"`  // there is a reading to tell
	Clients []Asker `json:"clients"`
}

// Asker is a client of an emulated meter, as the book of clients has it.
type Asker struct {
	Client  string       `json:"client"`          // address, and what else its protocol says of it
	What    string       `json:"what"`            // its last question
	Power   *meter.Value `json:"power,omitempty"` // W that it was told last; nil: it was told none yet
	Age     float64      `json:"age"`             // of that power when it was told, in seconds
	Why     string       `json:"why,omitempty"`   // why its last question was not answered; empty: it was
	Count   uint64       `json:"count"`           // answers since the start
	Refused uint64       `json:"refused"`         // questions that were not answered
	Last    time.Time    `json:"last"`            // of its questions
}

// public returns the emulated meter without the addresses of its clients.
func (e Emulated) public() Emulated {
	clients := make([]Asker, len(e.Clients))
	for i, c := range e.Clients {
		c.Client = "client " + strconv.Itoa(i+1)
		clients[i] = c
	}
	e.Clients = clients
	return e
}
