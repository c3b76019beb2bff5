package shelly

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// BenchmarkWaitingBattery measures from a reading to the answer that a battery
// waits for.
func BenchmarkWaitingBattery(b *testing.B) {
	addr := testkit.FreeAddr(b)
	host, port, _ := net.SplitHostPort(addr)
	var number int
	fmt.Sscan(port, &number)
	h := newHouse(b, Options{HTTP: emulate.HTTP{Address: host + ":0"}, BatteryPorts: []int{number}})
	h.start(b, h.Run)
	await(b, "port", func() bool { return h.log.Count("port for batteries is open") == 1 })
	conn, err := net.Dial("udp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	// By their times the readings are 10 s apart, so that a request waits for long.
	received := time.Now()
	update := &meter.Update{HasPower: true, Reading: values{meter.PowerNet: "1234"}.reading(b)}
	request, packet := []byte(`{"id":1,"src":"hame","method":"EM.GetStatus","params":{"id":0}}`), make([]byte, 1000)
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for b.Loop() {
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		time.Sleep(time.Millisecond) // the request is there
		next := *update
		received = received.Add(10 * time.Second)
		next.Reading.Received = received
		start := time.Now()
		h.hub.Publish(&next)
		if n, err := conn.Read(packet); err != nil || !strings.Contains(string(packet[:n]), "1234.001") {
			b.Fatal(string(packet[:n]), err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
}
