package solar

import (
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"github.com/simonvetter/modbus"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

const (
	marker   = "SunS"
	common   = 1      // model: who made it
	end      = 0xFFFF // model: there are no more
	mostRead = 120    // registers at once; Modbus allows 125

	// mostModels bounds the walk through what may be no SunSpec at all. The
	// longest maps have some thirty models.
	mostModels = 100

	requestTimeout = 3 * time.Second
)

// bases are where SunSpec allows a map to begin, the usual one first.
var bases = [...]uint16{40000, 50000, 0}

// What a device that answers can lack.
var (
	errNoSunSpec  = errors.New("the device speaks Modbus, but not SunSpec")
	errNoInverter = errors.New("the device speaks SunSpec, but is not an inverter that this program knows")
)

// inverter is a connection to an inverter whose map is known.
type inverter struct {
	client *modbus.ModbusClient
	who    meter.Solar // what does not change: maker, serial number
	model  *model
	at     uint16 // the model's first register, behind its length
}

// connect opens the one connection and finds its way through the map.
func connect(address string, unit uint8) (*inverter, error) {
	client, err := modbus.NewClient(&modbus.ClientConfiguration{
		URL: "tcp://" + address, Timeout: requestTimeout, Logger: log.New(io.Discard, "", 0),
	})
	if err != nil {
		return nil, err
	}
	if err := client.SetUnitId(unit); err != nil {
		return nil, err
	}
	if err := client.Open(); err != nil {
		return nil, err
	}
	v := &inverter{client: client}
	if err := v.find(); err != nil {
		v.close()
		return nil, err
	}
	return v, nil
}

// close gives the connection up; what becomes of a dead one does not matter.
func (v *inverter) close() { _ = v.client.Close() }

// find looks for the map's marker and walks the models behind it.
func (v *inverter) find() error {
	for _, base := range bases {
		registers, err := v.read(base, 2)
		if refused(err) {
			continue // no such register: another base
		}
		if err != nil {
			return err
		}
		if text(registers) == marker {
			return v.walk(base + 2)
		}
	}
	return errNoSunSpec
}

// refused reports whether the device answered, and knows no such register.
func refused(err error) bool {
	return errors.Is(err, modbus.ErrIllegalDataAddress) || errors.Is(err, modbus.ErrIllegalDataValue) || errors.Is(err, modbus.ErrIllegalFunction)
}

func (v *inverter) walk(at uint16) error {
	for range mostModels {
		head, err := v.read(at, 2)
		if err != nil && !refused(err) {
			return err
		}
		if err != nil || head[0] == end {
			break // some maps end without saying so
		}
		id, length := head[0], head[1]
		at += 2
		switch m := models[id]; {
		case id == common && v.who.Manufacturer == "" && length >= 64:
			if err := v.introduce(at); err != nil {
				return err
			}
		case m != nil && int(length) >= m.length && (v.model == nil || v.model == &measurement):
			v.model, v.at, v.who.ModelID = m, at, int(id)
		}
		if int(at)+int(length) >= end {
			break
		}
		at += length
	}
	if v.model == nil {
		return errNoInverter
	}
	return nil
}

// introduce reads the common model.
func (v *inverter) introduce(at uint16) error {
	r, err := v.read(at, 64)
	if err != nil {
		return err
	}
	v.who.Manufacturer, v.who.Model, v.who.Version, v.who.Serial = text(r[0:16]), text(r[16:32]), text(r[40:48]), text(r[48:64])
	return nil
}

// sample reads what the inverter delivers now.
func (v *inverter) sample() (*meter.Solar, error) {
	registers, err := v.read(v.at, v.model.length)
	if err != nil {
		return nil, err
	}
	s := v.who
	v.model.decode(registers, &s)
	return &s, nil
}

// read reads holding registers.
func (v *inverter) read(at uint16, n int) ([]uint16, error) {
	registers := make([]uint16, 0, n)
	for len(registers) < n {
		count := min(n-len(registers), mostRead)
		part, err := v.client.ReadRegisters(at+uint16(len(registers)), uint16(count), modbus.HOLDING_REGISTER)
		if err != nil {
			return nil, fmt.Errorf("reading register %d: %w", int(at)+len(registers), err)
		}
		registers = append(registers, part...)
	}
	return registers, nil
}

// text joins the characters of a SunSpec string, which ends at the first NUL.
func text(registers []uint16) string {
	var b strings.Builder
	for _, r := range registers {
		b.WriteByte(byte(r >> 8))
		b.WriteByte(byte(r))
	}
	s, _, _ := strings.Cut(b.String(), "\x00")
	return strings.TrimSpace(s)
}
