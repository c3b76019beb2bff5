package simulate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

func TestInverter(t *testing.T) {
	noon := time.Date(2026, 6, 21, 11, 30, 0, 0, time.UTC)
	at := noon
	meter := simulate.New(simulate.Options{Seed: 7, Start: noon})
	v, err := meter.Inverter("127.0.0.1:0", func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- v.Run(ctx) }()
	ask := func(addr, n uint16, unit uint8) ([]uint16, error) {
		return v.HandleHoldingRegisters(&modbus.HoldingRegistersRequest{UnitId: unit, Addr: addr, Quantity: n})
	}
	if r, err := ask(40000, 4, 1); err != nil || r[0] != 0x5375 || r[1] != 0x6E53 || r[2] != 1 || r[3] != 66 {
		t.Errorf("head: got %x, %v", r, err)
	}
	if r, err := ask(40070, 2, 1); err != nil || r[0] != 101 || r[1] != 50 {
		t.Errorf("model: got %d, %v", r, err)
	}
	if r, err := ask(40122, 2, 1); err != nil || r[0] != 0xFFFF {
		t.Errorf("end: got %x, %v", r, err)
	}
	read := func() (watts, wattHours int64, state uint16) {
		r, err := ask(40072, 38, 1)
		if err != nil {
			t.Fatal(err)
		}
		return int64(r[12]), int64(r[22])<<16 | int64(r[23]), r[36]
	}
	watts, before, state := read()
	if watts < 300 || watts > 3600 || state != 4 {
		t.Errorf("at noon: got %d W in state %d", watts, state)
	}
	at = noon.Add(time.Hour)
	if _, after, _ := read(); after <= before || after > before+3600 {
		t.Errorf("an hour later: got %d Wh after %d", after, before)
	}
	at = noon.Add(11 * time.Hour)
	if watts, _, state := read(); watts != 0 || state != 2 {
		t.Errorf("at night: got %d W in state %d", watts, state)
	}
	if _, err := ask(40000, 200, 1); !errors.Is(err, modbus.ErrIllegalDataAddress) {
		t.Errorf("beyond the end: got %v", err)
	}
	if _, err := ask(40000, 2, 2); !errors.Is(err, modbus.ErrGWTargetFailedToRespond) {
		t.Errorf("another unit: got %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
