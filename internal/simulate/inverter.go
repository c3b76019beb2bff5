package simulate

import (
	"context"
	"fmt"
	"io"
	"log"
	"sync"
	"time"

	"github.com/simonvetter/modbus"
)

// Inverter is the solar inverter of a Meter's household: a SunSpec device
// (models 1 and 101) over Modbus TCP, unit id 1, which like many allows one
// connection.
type Inverter struct {
	home   household
	now    func() time.Time
	server *modbus.ModbusServer

	mu     sync.Mutex
	at     int64 // seconds since 1970, up to where energy is counted
	energy int64 // J since the inverter was made
}

// Inverter opens the inverter of m's household at a TCP address. now is the
// household's clock. Run must be called to close it.
func (m *Meter) Inverter(addr string, now func() time.Time) (*Inverter, error) {
	const before = 6_123_456 * 3600 // J of earlier years
	v := &Inverter{home: m.world.household, now: now, at: now().Unix(), energy: before}
	var err error
	v.server, err = modbus.NewServer(&modbus.ServerConfiguration{URL: "tcp://" + addr, MaxClients: 1, Logger: log.New(io.Discard, "", 0)}, v)
	if err != nil {
		return nil, fmt.Errorf("setting up the inverter: %w", err)
	}
	if err := v.server.Start(); err != nil {
		return nil, fmt.Errorf("opening the inverter's port: %w", err)
	}
	return v, nil
}

// Run serves until ctx ends; then it returns nil.
func (v *Inverter) Run(ctx context.Context) error {
	<-ctx.Done()
	if err := v.server.Stop(); err != nil {
		return fmt.Errorf("closing the inverter's port: %w", err)
	}
	return nil
}

// sunspecBase is where the map begins.
const sunspecBase = 40000

// HandleHoldingRegisters answers a request for registers of the map.
func (v *Inverter) HandleHoldingRegisters(q *modbus.HoldingRegistersRequest) ([]uint16, error) {
	registers := v.registers()
	from, to := int(q.Addr)-sunspecBase, int(q.Addr)-sunspecBase+int(q.Quantity)
	switch {
	case q.UnitId != 1:
		return nil, modbus.ErrGWTargetFailedToRespond
	case q.IsWrite:
		return nil, modbus.ErrIllegalFunction
	case from < 0 || to > len(registers):
		return nil, modbus.ErrIllegalDataAddress
	}
	return registers[from:to], nil
}

// HandleInputRegisters refuses: SunSpec has none.
func (v *Inverter) HandleInputRegisters(*modbus.InputRegistersRequest) ([]uint16, error) {
	return nil, modbus.ErrIllegalFunction
}

// HandleCoils refuses: SunSpec has none.
func (v *Inverter) HandleCoils(*modbus.CoilsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}

// HandleDiscreteInputs refuses: SunSpec has none.
func (v *Inverter) HandleDiscreteInputs(*modbus.DiscreteInputsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}

// registers is the whole map as it is now.
func (v *Inverter) registers() []uint16 {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now().Unix()
	watts := v.home.sun(now - now%10) // as the meter sees it
	for ; v.at < now; v.at++ {
		v.energy += v.home.sun(v.at - v.at%10)
	}
	const (
		none   = 0xFFFF // not implemented, unsigned
		absent = 0x8000 // not implemented, signed
		tenth  = 0xFFFF // scale factor -1
		volts  = 2331
	)
	state := uint16(4) // produces
	if watts == 0 {
		state = 2 // sleeps
	}
	m := []uint16{0x5375, 0x6E53, 1, 66} // "SunS", the common model
	m = appendText(m, "Simulated", 16)
	m = appendText(m, "Roof", 16)
	m = appendText(m, "", 8)
	m = appendText(m, "1.0", 8)
	m = appendText(m, fmt.Sprintf("SIM%08d", v.home.serial), 16)
	m = append(m, 1, absent, 101, 50)
	amperes := uint16(watts * 100 / volts)
	m = append(m, amperes, amperes, none, none, tenth)
	m = append(m, none, none, none, volts, none, none, tenth)
	m = append(m, uint16(watts), 0, 5000, 0xFFFE, uint16(watts), 0, 0, 0, 1000, tenth)
	wattHours := uint32(v.energy / 3600)
	m = append(m, uint16(wattHours>>16), uint16(wattHours), 0)
	m = append(m, none, absent, none, absent, uint16(watts*102/100), 0)
	m = append(m, absent, 412, absent, absent, tenth, state, none)
	return append(append(m, make([]uint16, 12)...), 0xFFFF, 0)
}

// appendText appends a SunSpec string of n registers.
func appendText(m []uint16, s string, n int) []uint16 {
	for i := range n {
		var r uint16
		for j := range 2 {
			r <<= 8
			if k := 2*i + j; k < len(s) {
				r |= uint16(s[k])
			}
		}
		m = append(m, r)
	}
	return m
}
