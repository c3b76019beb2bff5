//go:build emulate

package emulate_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"slices"
	"testing"
	"time"
)

const shelly = "EMULATE_0_KIND=shelly_pro_3em"

// near reports whether a number is that of the meter, as far as it is told.
func near(got any, want float64) bool {
	v, ok := got.(float64)
	return ok && math.Abs(v-want) < 0.051
}

func number(r map[string]any, name string) float64 {
	v, _ := r[name].(float64)
	return v
}

// compare compares what a client sees with a reading.
func compare(em, data, r map[string]any) (wrong []string) {
	want := map[string]float64{"total_act_power": number(r, "calculatedUsage")}
	for i, phase := range []string{"a", "b", "c"} {
		l := fmt.Sprint("L", i+1)
		if _, ok := r["voltage"+l]; !ok {
			continue
		}
		want[phase+"_act_power"] = (number(r, "currentUsage"+l) - number(r, "currentDelivery"+l)) * 1000
		want[phase+"_voltage"], want[phase+"_current"] = number(r, "voltage"+l), number(r, "current"+l)
	}
	for name, value := range want {
		if !near(em[name], value) {
			wrong = append(wrong, fmt.Sprintf("%s is %v, want %v", name, em[name], value))
		}
	}
	if !near(data["total_act"], number(r, "totalUse")*1000) || !near(data["total_act_ret"], number(r, "totalDelivered")*1000) {
		wrong = append(wrong, fmt.Sprintf("totals: %v", data))
	}
	return wrong
}

// TestAioshelly: Home Assistant's library takes the device for a Shelly, and sees
// each telegram's values once and in order.
func TestAioshelly(t *testing.T) {
	p := start(t, time.Second, shelly, "EMULATE_0_PORT=HOST:8082")
	readings := p.readings()
	const notifications = 8
	list := python(t, "shelly.py", p.host, "8082", fmt.Sprint(notifications))
	first := next[struct {
		Model           string
		Supported       bool
		Config, Methods []string
		Scripts         []any
	}](t, list)
	if !first.Supported || first.Model != "SPEM-003CEBEU" || !slices.Contains(first.Config, "em:0") || !slices.Contains(first.Methods, "EM.GetStatus") {
		t.Errorf("device: %+v", first)
	}
	for n := range notifications {
		got := next[map[string]map[string]any](t, list)
		var wrong []string
		for {
			select {
			case r := <-readings:
				if wrong = compare(got["em:0"], got["emdata:0"], r); len(wrong) > 0 && n == 0 {
					continue // that one was before the first notification
				}
			case <-time.After(patience):
				t.Fatalf("no reading is like notification %d: %v", n, got)
			}
			break
		}
		for _, w := range wrong {
			t.Errorf("notification %d: %s", n, w)
		}
	}
}

// TestBattery: a battery that asks each 0.3 s is told each reading once, of a meter
// that speaks each second and of one that speaks each ten.
func TestBattery(t *testing.T) {
	for interval, count := range map[time.Duration]int{time.Second: 12, 10 * time.Second: 3} {
		t.Run(interval.String(), func(t *testing.T) {
			t.Parallel()
			p := start(t, interval, shelly, "EMULATE_0_PORT=HOST:8082")
			battery, err := net.Dial("udp", p.host+":1010")
			if err != nil {
				t.Fatal(err)
			}
			defer battery.Close()
			readings := p.readings()
			packet, polls := make([]byte, 2000), 0
			answers := 0
			for answers < count {
				polls++
				fmt.Fprintf(battery, `{"id":%d,"src":"hame","method":"EM.GetStatus","params":{"id":0}}`, polls)
				if err := battery.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
					t.Fatal(err)
				}
				asked := time.Now()
				n, err := battery.Read(packet)
				if err != nil {
					continue
				}
				var got struct {
					ID     int
					Result map[string]float64
				}
				if err := json.Unmarshal(packet[:n], &got); err != nil {
					t.Fatal(err)
				}
				select {
				case r := <-readings:
					if want := number(r, "calculatedUsage"); math.Abs(got.Result["total_act_power"]-want) > 0.002 || got.ID != polls {
						t.Errorf("answer %d: %s, want %v and id %d", answers, packet[:n], want, polls)
					}
				case <-time.After(patience):
					t.Fatal("an answer without a reading")
				}
				answers++
				time.Sleep(time.Until(asked.Add(300 * time.Millisecond)))
			}
			if left := len(readings); left > 1 {
				t.Errorf("%d readings were not told", left)
			}
			if polls < answers*2 {
				t.Errorf("only %d polls for %d answers", polls, answers)
			}
		})
	}
}
