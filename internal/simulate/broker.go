package simulate

import (
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// CloseBroker closes an embedded MQTT broker. Its own Close asks for the
// clients of a listener with a lock for reading taken twice (mochi 2.7.9,
// Clients.GetByListener), and hangs for ever when a client leaves in between.
func CloseBroker(s *mochi.Server) error {
	s.Listeners.CloseAll(func(listener string) {
		for _, c := range s.Clients.GetAll() {
			if c.Net.Listener == listener {
				_ = s.DisconnectClient(c, packets.ErrServerShuttingDown) // it may be gone already
			}
		}
	})
	return s.Close()
}
