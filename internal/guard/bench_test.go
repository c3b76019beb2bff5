package guard_test

import (
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestGuardAllocates nothing while the meter is well.
func TestGuardAllocatesNothing(t *testing.T) {
	s, r := newStages(), ordinary()
	if n := testing.AllocsPerRun(1000, func() { advance(r); s.judge(r) }); n != 0 {
		t.Errorf("%v allocations a telegram", n)
	}
}

func BenchmarkGuard(b *testing.B) {
	s, r := newStages(), ordinary()
	b.ReportAllocs()
	for b.Loop() {
		advance(r)
		s.judge(r)
	}
}

// ordinary is a Dutch house with gas and water.
func ordinary() *meter.Reading {
	r := &meter.Reading{Received: time.Now(), Checksum: meter.ChecksumValid, EquipmentID: "4530303434303037333832323436303139"}
	for _, q := range []meter.Quantity{meter.EnergyImportT1, meter.EnergyImportT2, meter.EnergyExportT1, meter.EnergyExportT2, meter.EnergyImportTotal, meter.EnergyExportTotal, meter.PowerImport, meter.PowerExport} {
		r.Values.Set(q, meter.NewValue(1_234_567, 3))
	}
	for i, device := range []meter.DeviceType{meter.TypeGas, meter.TypeWater} {
		at, _ := meter.NewTimestamp(2026, 3, 14, 12, 0, 0, 'W')
		r.Channels[i] = meter.Channel{Type: device, ID: "4730303339303031393336393930363139", Time: at, Value: meter.NewValue(987_654, 3), Unit: meter.CubicMetre}
	}
	return r
}

func advance(r *meter.Reading) {
	r.Received = r.Received.Add(time.Second)
	v, _ := r.Values.Get(meter.EnergyImportT1)
	r.Values.Set(meter.EnergyImportT1, v.Add(meter.NewValue(1, 3)))
	r.Values.Set(meter.EnergyImportTotal, v.Add(meter.NewValue(1_234_568, 3)))
}

func (s stages) judge(r *meter.Reading) {
	s.household.Identify(r)
	s.guard.Judge(r)
	s.guard.Show(r)
}
