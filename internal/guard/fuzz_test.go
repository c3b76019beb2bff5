package guard_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// FuzzGuard makes readings of bytes. Whatever came, a good meter is believed
// again when its readings have persisted.
func FuzzGuard(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00\x10\x00\x01\x00\x10\x00\x01\x00\x00\x00\x01"))
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	f.Fuzz(func(t *testing.T, data []byte) {
		now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
		ids := []string{"", "A", "B", "C"}
		w := newWatch(t)
		r := new(meter.Reading)
		for minute := 0; len(data) >= 4; data = data[4:] {
			what, high, low, wait := data[0], data[1], data[2], data[3]
			now = now.Add(time.Duration(int8(wait)) * time.Second)
			minute += int(wait >> 7)
			r.Received, r.Checksum = now, meter.Checksum(what>>6)%3
			v := meter.NewValue(int64(high)<<8|int64(low), what>>4&3)
			if i := int(what & 15); i < 6 {
				r.Values.Set(totals[i*3%len(totals)], v)
			} else if i < 8 {
				r.EquipmentID = ids[low&3]
			} else {
				at, _ := meter.NewTimestamp(2026, 3, 14, minute/60%24, minute%60, 0, 'W')
				r.Channels[i-8] = meter.Channel{Type: meter.TypeGas, ID: ids[high&3] + fmt.Sprint(i), Time: at, Value: v, Unit: meter.CubicMetre}
			}
			reading := *r
			w.stages.apply(&reading)
			if low == 255 {
				w.restart(t)
			}
		}
		for i := range 220 {
			now = now.Add(10 * time.Second)
			good := meter.Reading{Received: now, Checksum: meter.ChecksumValid, EquipmentID: "good"}
			good.Values.Set(meter.EnergyImportT1, meter.NewValue(1000+int64(i), 3))
			at, _ := meter.NewTimestamp(2026, 3, 15, 0, i/4, 0, 'W')
			good.Channels[3] = meter.Channel{Type: meter.TypeGas, Time: at, Value: meter.NewValue(int64(i/4), 2), Unit: meter.CubicMetre}
			guarded, _ := w.stages.apply(&good)
			// A sum keeps what two damaged telegrams alike, of no checksum, made of a tariff.
			if i > 200 && (get(guarded, meter.EnergyImportT1) != get(&good, meter.EnergyImportT1) || guarded.Channels[3] != good.Channels[3]) {
				t.Fatalf("telegram %d is still held back", i)
			}
		}
	})
}
