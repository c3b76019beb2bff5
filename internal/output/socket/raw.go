package socket

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
)

// PublishRaw publishes a copy of p, bytes of the meter that begin a message
// when start is set. It never waits.
func PublishRaw(chunks *hub.Hub[Chunk], p []byte, start bool) {
	if chunks.Subscribers() > 0 {
		chunks.Publish(Chunk{bytes.Clone(p), start})
	}
}
