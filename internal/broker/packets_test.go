package broker

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// stream is a connection of which only Read works.
type stream struct {
	net.Conn
	io.Reader
}

func (s stream) Read(p []byte) (int, error) { return s.Reader.Read(p) }

// publication returns a message as it is on the wire.
func publication(t testing.TB, topic string, qos byte, length int) []byte {
	t.Helper()
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Qos, p.MessageID, p.Payload = topic, qos, 7, bytes.Repeat([]byte("x"), length)
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestLongMessages: what is too long loses its end, keeps all that is needed
// to acknowledge it, and what comes behind it is read as it was sent.
func TestLongMessages(t *testing.T) {
	for _, length := range []int{0, 1, 127, 128, 40_000, maxPacket - 6, maxPacket - 5, maxPacket - 4, maxPacket, maxPacket + 1, 3 << 20} {
		for qos := range byte(3) {
			t.Run(fmt.Sprintf("%d bytes QoS %d", length, qos), func(t *testing.T) {
				wire := append(publication(t, "t", qos, length), 0xD0, 0)
				wire = append(wire, publication(t, "next", 0, 3)...)
				conn := newPacketConn(stream{Reader: iotest.HalfReader(bytes.NewReader(wire))})
				first, err := packets.ReadPacket(conn)
				if err != nil {
					t.Fatal(err)
				}
				m := first.(*packets.PublishPacket)
				if m.TopicName != "t" || m.Qos != qos || qos > 0 && m.MessageID != 7 {
					t.Errorf("the message is %s of %d bytes", m.FixedHeader, len(m.Payload))
				}
				if len(m.Payload) > maxPacket || len(m.Payload) < length && !isCut(m.TopicName, m.Payload) || length < maxPacket-100 && isCut(m.TopicName, m.Payload) {
					t.Errorf("%d bytes are passed on, cut: %t", len(m.Payload), isCut(m.TopicName, m.Payload))
				}
				if p, err := packets.ReadPacket(conn); err != nil || p.String() != "PINGRESP: dup: false qos: 0 retain: false rLength: 0" {
					t.Errorf("then comes %v (%v)", p, err)
				}
				if p, err := packets.ReadPacket(conn); err != nil || p.(*packets.PublishPacket).TopicName != "next" {
					t.Errorf("then comes %v (%v)", p, err)
				}
				if _, err := packets.ReadPacket(conn); err != io.EOF {
					t.Errorf("at the end: %v, want EOF", err)
				}
			})
		}
	}
}

// TestClaimedLength: a header that claims 256 MiB makes nobody allocate them,
// whether they come or not.
func TestClaimedLength(t *testing.T) {
	for name, tail := range map[string]io.Reader{
		"they come":        io.MultiReader(io.LimitReader(zeros{}, 1<<28-1-3), bytes.NewReader([]byte{0xD0, 0})),
		"they do not come": strings.NewReader(""),
	} {
		t.Run(name, func(t *testing.T) {
			conn := newPacketConn(stream{Reader: io.MultiReader(bytes.NewReader([]byte{0x31, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 't'}), tail)})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for {
				if _, err := packets.ReadPacket(conn); err != nil {
					break
				}
			}
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 8*maxPacket {
				t.Errorf("%d bytes were allocated for it, want %d at most", got, 8*maxPacket)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestImpossiblePackets ends the connection.
func TestImpossiblePackets(t *testing.T) {
	for name, wire := range map[string]string{
		"a length without end":            "\x30\xFF\xFF\xFF\xFF\x01",
		"QoS 3":                           "\x36\x05\x00\x01t\x00\x07",
		"a long login answer":             "\x20\xFF\xFF\xFF\x7F",
		"a long acknowledgement":          "\x40\x80\x80\x08",
		"a login":                         "\x10\x0C\x00\x04MQTT\x04\x02\x00\x3C\x00\x00",
		"a subscription":                  "\x82\x06\x00\x01\x00\x01t\x00",
		"type 0":                          "\x00\x00",
		"type 15":                         "\xF0\x00",
		"more subscriptions than asked":   "\x90\x05\x00\x01\x00\x00\x00",
		"subscriptions that nobody asked": "\x90\x7F\x00\x01" + strings.Repeat("\x00", 125),
	} {
		conn := newPacketConn(stream{Reader: strings.NewReader(wire)})
		conn.filters.Store(2)
		if p, err := packets.ReadPacket(conn); err == nil || !strings.Contains(err.Error(), "the broker ") {
			t.Errorf("%s: got %v (%v), want an error", name, p, err)
		}
	}
}

// FuzzPackets: whatever a broker sends, in whatever pieces, the client reads
// packets that a broker may send, of a bounded length, or an error.
func FuzzPackets(f *testing.F) {
	for _, wire := range [][]byte{
		publication(f, "topic", 1, 20), {0x20, 2, 0, 0, 0x90, 4, 0, 1, 0, 0x80, 0xD0, 0}, {0x31, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 't'}, {0x62, 2, 0, 1},
	} {
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		read := func(r io.Reader) (seen []string) {
			conn := newPacketConn(stream{Reader: r})
			conn.filters.Store(2)
			for {
				p, err := packets.ReadPacket(conn)
				if err != nil {
					return seen
				}
				switch p := p.(type) {
				case *packets.PublishPacket:
					if p.Qos > 2 || len(p.Payload) > maxPacket {
						t.Fatalf("a message is passed on that no client can take: %s", p.FixedHeader)
					}
				case *packets.SubackPacket:
					if len(p.ReturnCodes) > 2 {
						t.Fatalf("%d subscriptions are acknowledged, 2 were asked for", len(p.ReturnCodes))
					}
				}
				seen = append(seen, p.String())
			}
		}
		whole, pieces := read(bytes.NewReader(wire)), read(iotest.OneByteReader(bytes.NewReader(wire)))
		if len(whole) != len(pieces) {
			t.Fatalf("read at once it has %d packets, byte by byte %d", len(whole), len(pieces))
		}
		for i := range whole {
			if whole[i] != pieces[i] {
				t.Fatalf("packet %d read at once is %q, byte by byte %q", i, whole[i], pieces[i])
			}
		}
	})
}
