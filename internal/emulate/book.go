package emulate

import (
	"slices"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/quiet"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	// mostClients is how many clients the book has; the one that was silent for
	// longest makes room. A household has a few, and whoever invents addresses
	// shall cost nothing.
	mostClients = 32
	// mostText bounds, in bytes, what clients say and the book keeps.
	mostText = 80
)

// client is somebody who asks.
type client struct {
	status.Asker
	got  uint64        // sequence of the last reading that Next returned for it
	wait chan struct{} // closed when a later Next of the same client begins; nil: none waits
}

// book is who asked. The lock of its Meter is held.
type book []*client

// of returns the client's page, a new one where it has none.
func (b *book) of(name string, now time.Time) *client {
	name = text(name)
	for _, c := range *b {
		if c.Client == name {
			c.Last = now
			return c
		}
	}
	if len(*b) >= mostClients {
		oldest := slices.MinFunc(*b, func(a, b *client) int { return a.Last.Compare(b.Last) })
		*b = slices.DeleteFunc(*b, func(c *client) bool { return c == oldest })
	}
	c := &client{Asker: status.Asker{Client: name, Last: now}}
	*b = append(*b, c)
	return c
}

// askers returns a copy of the book, who asked last first.
func (b book) askers() []status.Asker {
	list := make([]status.Asker, 0, len(b))
	for _, c := range b {
		if c.Count > 0 || c.Refused > 0 {
			list = append(list, c.Asker)
		}
	}
	slices.SortStableFunc(list, func(a, b status.Asker) int { return b.Last.Compare(a.Last) })
	return list
}

// text returns what a client said in a form that can be shown.
func text(said string) string {
	if len(said) > mostText {
		said = strings.ToValidUTF8(said[:mostText], "") + "..."
	}
	return quiet.Printable(said)
}
