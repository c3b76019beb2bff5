package mqtt_test

import (
	"context"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/mqtt"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// TestLongRetained: a long message that somebody left on a topic of this
// program is ignored, said once, and what comes behind it is read.
func TestLongRetained(t *testing.T) {
	t.Parallel()
	for scheme, listener := range map[string]func(listeners.Config) listeners.Listener{
		"mqtt": nil,
		"ws":   func(c listeners.Config) listeners.Listener { return listeners.NewWebsocket(c) },
	} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			const topic = "smartmeter/p1_bridge/reannounce"
			address := testkit.Addr(t)
			if listener != nil {
				address = testkit.FreeAddr(t) // this listener does not tell its port
			}
			b := startBroker(t, address, "", listener)
			b.publish(t, topic, strings.Repeat("x", 4<<20), true)
			a := run(t, at(scheme+"://"+b.address))
			b.wait(t, whole...)
			a.log.wait(t, "far too long")
			b.publish(t, topic, "PRESS", false)
			a.log.wait(t, "the button was pressed")
			a.stop()
			if strings.Contains(a.log.String(), "is lost") {
				t.Errorf("the connection broke:\n%s", a.log.String())
			}
		})
	}
}

// TestLongMessageMemory: a retained message of 120 MB costs no memory.
func TestLongMessageMemory(t *testing.T) { // not parallel: it measures
	const topic = "smartmeter/p1_bridge/reannounce"
	address := fakeBroker(t, func(c net.Conn, p packets.ControlPacket) {
		s, ok := p.(*packets.SubscribePacket)
		if !ok {
			return
		}
		ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
		ack.MessageID, ack.ReturnCodes = s.MessageID, make([]byte, len(s.Topics))
		ack.Write(c)
		c.Write([]byte{0x31, 0x80, 0x9C, 0x9C, 0x39}) // 120 MB and a bit
		c.Write([]byte("\x00\x1F" + topic))
		chunk := make([]byte, 64<<10)
		for left := 0x39<<21 + 0x1C<<14 + 0x1C<<7 - 2 - len(topic); left > 0; left -= len(chunk) {
			c.Write(chunk[:min(left, len(chunk))])
		}
		press := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
		press.TopicName, press.Payload = topic, []byte("PRESS")
		press.Write(c)
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a := run(t, at("mqtt://"+address))
	a.log.wait(t, "the button was pressed")
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
		t.Errorf("%d MiB were allocated", got>>20)
	}
}

// TestLongHandshakeMemory: a web server that answers the request for a web
// socket with headers without end costs no memory.
func TestLongHandshakeMemory(t *testing.T) { // not parallel: it measures
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var server sync.WaitGroup
	t.Cleanup(server.Wait)
	t.Cleanup(func() { l.Close() })
	server.Go(func() {
		header := []byte("X-Header: " + strings.Repeat("x", 32<<10) + "\r\n")
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n"))
			for sent := 0; sent < 128<<20 && err == nil; sent += len(header) {
				_, err = c.Write(header)
			}
			c.Close()
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a := run(t, at("ws://"+l.Addr().String()+"/mqtt"))
	a.log.wait(t, "no MQTT broker answers on this web socket")
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
		t.Errorf("%d MiB were allocated", got>>20)
	}
}

// fakeBroker lets everybody in and answers their packets as told. It returns
// its address.
func fakeBroker(t *testing.T, answer func(c net.Conn, p packets.ControlPacket)) string {
	t.Helper()
	l, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	t.Cleanup(clients.Wait)
	t.Cleanup(func() { l.Close() })
	clients.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			clients.Go(func() {
				for {
					p, err := packets.ReadPacket(c)
					if err != nil {
						return
					}
					switch p := p.(type) {
					case *packets.ConnectPacket:
						c.Write([]byte{0x20, 2, 0, 0})
					case *packets.PublishPacket:
						if p.Qos == 1 {
							c.Write([]byte{0x40, 2, byte(p.MessageID >> 8), byte(p.MessageID)})
						}
					}
					answer(c, p)
				}
			})
		}
	})
	return l.Addr().String()
}

// TestHostileBroker: what a broker sends that no broker may send ends the
// connection, not the program.
func TestHostileBroker(t *testing.T) {
	t.Parallel()
	for name, wire := range map[string]string{
		"more subscriptions than asked": "\x90\xC8\x01\x00\x01" + strings.Repeat("\x00", 198),
		"a message of QoS 3":            "\x36\x05\x00\x01t\x00\x07",
		"a length without end":          "\x30\xFF\xFF\xFF\xFF\x01",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := run(t, at("mqtt://"+fakeBroker(t, func(c net.Conn, p packets.ControlPacket) {
				if p, ok := p.(*packets.SubscribePacket); ok {
					answer := []byte(wire)
					if answer[0] == 0x90 {
						answer[3], answer[4] = byte(p.MessageID>>8), byte(p.MessageID)
					}
					c.Write(answer)
				}
			})))
			a.log.wait(t, "is lost")
			a.reading(1)
			a.stop()
		})
	}
}

// TestPanicWhileConnecting: a fault of this program's own ends the output with
// an error, so that it is started again, and not the program.
func TestPanicWhileConnecting(t *testing.T) {
	t.Parallel()
	var updates hub.Hub[*meter.Update]
	var status hub.Hub[meter.Status]
	o := mqtt.Options{
		Meters: []mqtt.Meter{{Slot: "p1", Updates: &updates, Status: &status}},
		Log:    slog.New(slog.DiscardHandler),
		Broker: func(context.Context, bool) (mqtt.Broker, error) { panic("a fault") },
	}
	var samples hub.Hub[*meter.Solar]
	err := mqtt.New(o, &samples).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "panic: a fault") {
		t.Errorf("Run returned %v, want the panic", err)
	}
}
