package broker

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// maxPacket is the length from which a packet is not passed on whole, without
// its fixed header. The longest message that this program expects is one of
// its own announcements, some 40 KiB. It leaves room for the longest topic
// (MQTT 3.1.1, 1.5.3), so that a topic is never cut.
const maxPacket = 128 << 10

// packetConn is a connection to a broker from which the MQTT client can read
// no packet that would harm the program. The client allocates whatever length
// a packet claims, up to 256 MiB, and retained messages of any length may lie
// on the topics that are subscribed to: the rest of a message behind maxPacket
// is read away, and the client acknowledges what is left like any other. A
// packet that no honest broker sends is an error, which ends the connection.
type packetConn struct {
	net.Conn
	buffered *bufio.Reader
	filters  atomic.Int32 // how many were subscribed to: a SUBACK has no more codes

	header [5]byte
	ahead  []byte // of header, not passed on so far
	body   int    // bytes behind it to pass on
	excess int    // bytes behind these to read away
}

func newPacketConn(conn net.Conn) *packetConn {
	return &packetConn{Conn: conn, buffered: bufio.NewReader(conn)}
}

// Read returns at most the rest of one packet.
func (c *packetConn) Read(p []byte) (int, error) {
	if len(c.ahead) == 0 && c.body == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	if len(c.ahead) > 0 {
		n := copy(p, c.ahead)
		c.ahead = c.ahead[n:]
		return n, nil
	}
	n, err := c.buffered.Read(p[:min(len(p), c.body)])
	c.body -= n
	return n, err
}

// next reads the fixed header of the next packet (MQTT 3.1.1, 2.2).
func (c *packetConn) next() error {
	n, err := c.buffered.Discard(c.excess)
	if c.excess -= n; err != nil {
		return err
	}
	first, err := c.buffered.ReadByte()
	if err != nil {
		return err
	}
	length := 0
	for i := 0; ; i++ {
		b, err := c.buffered.ReadByte()
		if err != nil {
			return err
		}
		length |= int(b&0x7F) << (7 * i)
		if b&0x80 == 0 {
			break
		}
		if i == 3 {
			return errors.New("the broker sends a packet whose length is not valid")
		}
	}
	if err := c.check(first, length); err != nil {
		return err
	}
	c.body = min(length, maxPacket)
	c.excess = length - c.body
	c.ahead = c.header[:1+putLength(c.header[1:], c.body)]
	c.header[0] = first
	return nil
}

// check returns an error for a packet that no broker sends: the MQTT client
// trusts its broker, and some of them would end the program.
func (c *packetConn) check(first byte, length int) error {
	kind := first >> 4
	switch kind {
	case packets.Publish:
		if first>>1&3 == 3 {
			return errors.New("the broker sends a message with a QoS that does not exist")
		}
		return nil // of any length
	case packets.Suback:
		if length > 2+int(c.filters.Load()) {
			return errors.New("the broker acknowledges more subscriptions than were asked for")
		}
	case packets.Connack, packets.Puback, packets.Pubrec, packets.Pubrel, packets.Pubcomp,
		packets.Unsuback, packets.Pingresp:
	default:
		return fmt.Errorf("the broker sends a packet of type %d, which only clients send", kind)
	}
	if length >= maxPacket {
		return fmt.Errorf("the broker sends a packet of type %d with %d bytes", kind, length)
	}
	return nil
}

// putLength writes a remaining length (MQTT 3.1.1, 2.2.3) and returns how many
// bytes it takes.
func putLength(dst []byte, length int) int {
	for i := 0; ; i++ {
		dst[i] = byte(length & 0x7F)
		if length >>= 7; length == 0 {
			return i + 1
		}
		dst[i] |= 0x80
	}
}

// isCut reports whether a message may have lost its end on the way. Beside topic
// and payload a packet has the topic's length, and with QoS 1 and 2 an
// identifier: two bytes each.
func isCut(topic string, payload []byte) bool { return len(topic)+len(payload) >= maxPacket-4 }
