package solar

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// kind is the type of a SunSpec point ("Device Information Model
// Specification", section 4.2). Each has a value that means: not implemented.
type kind uint8

const (
	int16s   kind = iota // 0x8000
	uint16s              // 0xFFFF
	uint32s              // 0xFFFFFFFF
	acc32                // 0: an accumulator that does not count
	acc64                // 0, or all ones
	float32s             // NaN
)

// unscaled is where a point without scale factor has it.
const unscaled = -1

// point is one row of a model: where a quantity stands.
type point struct {
	of    meter.SolarQuantity
	at    int // registers behind the model's length
	kind  kind
	scale int // where its scale factor stands, or unscaled
	shift int // power of ten from the model's unit to the quantity's
}

// model is a SunSpec model that tells what an inverter delivers.
type model struct {
	points []point
	status int // where the state stands
	first  int // the number of its first state; ours is 1
	length int // registers that are needed
}

// models is THE TABLE of inverter models, from the definitions that the
// SunSpec Alliance publishes. A quantity that stands in several rows is taken
// from the first that is implemented.
var models = map[uint16]*model{
	101: &integers, 102: &integers, 103: &integers,
	111: &floats, 112: &floats, 113: &floats,
	701: &measurement,
}

var integers = model{status: 36, first: 1, length: 38, points: []point{
	{meter.SolarACCurrent, 0, uint16s, 4, 0},
	{meter.SolarACCurrentL1, 1, uint16s, 4, 0},
	{meter.SolarACCurrentL2, 2, uint16s, 4, 0},
	{meter.SolarACCurrentL3, 3, uint16s, 4, 0},
	{meter.SolarACVoltageL1, 8, uint16s, 11, 0},
	{meter.SolarACVoltageL2, 9, uint16s, 11, 0},
	{meter.SolarACVoltageL3, 10, uint16s, 11, 0},
	{meter.SolarACPower, 12, int16s, 13, 0},
	{meter.SolarACFrequency, 14, uint16s, 15, 0},
	{meter.SolarApparentPower, 16, int16s, 17, 0},
	{meter.SolarReactivePower, 18, int16s, 19, 0},
	{meter.SolarPowerFactor, 20, int16s, 21, 0},
	{meter.SolarLifetime, 22, acc32, 24, 0},
	{meter.SolarDCCurrent, 25, uint16s, 26, 0},
	{meter.SolarDCVoltage, 27, uint16s, 28, 0},
	{meter.SolarDCPower, 29, int16s, 30, 0},
	{meter.SolarTemperature, 32, int16s, 35, 0}, // heat sink
	{meter.SolarTemperature, 31, int16s, 35, 0}, // cabinet
	{meter.SolarTemperature, 33, int16s, 35, 0}, // transformer
	{meter.SolarTemperature, 34, int16s, 35, 0}, // other
}}

var floats = model{status: 46, first: 1, length: 48, points: []point{
	{meter.SolarACCurrent, 0, float32s, unscaled, 0},
	{meter.SolarACCurrentL1, 2, float32s, unscaled, 0},
	{meter.SolarACCurrentL2, 4, float32s, unscaled, 0},
	{meter.SolarACCurrentL3, 6, float32s, unscaled, 0},
	{meter.SolarACVoltageL1, 14, float32s, unscaled, 0},
	{meter.SolarACVoltageL2, 16, float32s, unscaled, 0},
	{meter.SolarACVoltageL3, 18, float32s, unscaled, 0},
	{meter.SolarACPower, 20, float32s, unscaled, 0},
	{meter.SolarACFrequency, 22, float32s, unscaled, 0},
	{meter.SolarApparentPower, 24, float32s, unscaled, 0},
	{meter.SolarReactivePower, 26, float32s, unscaled, 0},
	{meter.SolarPowerFactor, 28, float32s, unscaled, 0},
	{meter.SolarLifetime, 30, float32s, unscaled, 0},
	{meter.SolarDCCurrent, 32, float32s, unscaled, 0},
	{meter.SolarDCVoltage, 34, float32s, unscaled, 0},
	{meter.SolarDCPower, 36, float32s, unscaled, 0},
	{meter.SolarTemperature, 40, float32s, unscaled, 0},
	{meter.SolarTemperature, 38, float32s, unscaled, 0},
	{meter.SolarTemperature, 42, float32s, unscaled, 0},
	{meter.SolarTemperature, 44, float32s, unscaled, 0},
}}

var measurement = model{status: 2, first: 0, length: 121, points: []point{
	{meter.SolarACPower, 8, int16s, 114, 0},
	{meter.SolarApparentPower, 9, int16s, 116, 0},
	{meter.SolarReactivePower, 10, int16s, 117, 0},
	{meter.SolarPowerFactor, 11, int16s, 115, 2}, // 1 is 100 %
	{meter.SolarACCurrent, 12, int16s, 111, 0},
	{meter.SolarACFrequency, 15, uint32s, 113, 0},
	{meter.SolarLifetime, 17, acc64, 118, 0},
	{meter.SolarTemperature, 35, int16s, 120, 0},
	{meter.SolarTemperature, 34, int16s, 120, 0},
	{meter.SolarTemperature, 36, int16s, 120, 0},
	{meter.SolarTemperature, 38, int16s, 120, 0},
	{meter.SolarACPowerL1, 39, int16s, 114, 0},
	{meter.SolarACCurrentL1, 43, int16s, 111, 0},
	{meter.SolarACVoltageL1, 45, uint16s, 112, 0},
	{meter.SolarACPowerL2, 62, int16s, 114, 0},
	{meter.SolarACCurrentL2, 66, int16s, 111, 0},
	{meter.SolarACVoltageL2, 68, uint16s, 112, 0},
	{meter.SolarACPowerL3, 85, int16s, 114, 0},
	{meter.SolarACCurrentL3, 89, int16s, 111, 0},
	{meter.SolarACVoltageL3, 91, uint16s, 112, 0},
}}

// decode fills s from a model's registers, those behind its length.
func (m *model) decode(registers []uint16, s *meter.Solar) {
	for i := range m.points {
		p := &m.points[i]
		if _, ok := s.Get(p.of); ok {
			continue
		}
		if v, ok := p.value(registers); ok {
			s.Set(p.of, v)
		}
	}
	if state := int(registers[m.status]) - m.first + 1; state >= 1 && meter.SolarStatus(min(state, 255)).String() != "" {
		s.Status = meter.SolarStatus(state)
	}
}

// largestScale bounds a scale factor: SunSpec has -10 to 10.
const largestScale = 10

// value reads one point; false where it is not implemented.
func (p *point) value(registers []uint16) (meter.Value, bool) {
	var n int64
	switch p.kind {
	case float32s:
		return decimal(math.Float32frombits(uint32(wide(registers[p.at:], 2))))
	case int16s:
		n = int64(int16(registers[p.at]))
		if n == math.MinInt16 {
			return meter.Value{}, false
		}
	case uint16s:
		n = int64(registers[p.at])
		if n == math.MaxUint16 {
			return meter.Value{}, false
		}
	case uint32s, acc32:
		n = int64(wide(registers[p.at:], 2))
		if n == math.MaxUint32 || n == 0 && p.kind == acc32 {
			return meter.Value{}, false
		}
	case acc64:
		n = int64(wide(registers[p.at:], 4)) // all ones is below 0, and no inverter counts to 2^63
		if n <= 0 {
			return meter.Value{}, false
		}
	}
	scale := 0
	if p.scale != unscaled {
		scale = int(int16(registers[p.scale]))
		if scale < -largestScale || scale > largestScale {
			return meter.Value{}, false // not implemented, or nonsense
		}
	}
	return sane(meter.NewValue(n, 0).Shift(scale + p.shift))
}

// most is beyond whatever an inverter can have to tell: a petawatt hour.
var most = meter.NewValue(1_000_000_000_000_000, 0)

// sane turns down numbers that cannot be, which an odd scale factor makes.
func sane(v meter.Value) (meter.Value, bool) {
	return v, v.Cmp(most) < 0 && most.Add(v).Sign() > 0
}

// wide joins n registers, the high one first.
func wide(registers []uint16, n int) (v uint64) {
	var b [8]byte
	for i, r := range registers[:n] {
		binary.BigEndian.PutUint16(b[8-2*n+2*i:], r)
	}
	return binary.BigEndian.Uint64(b[:])
}

// decimals are as many as make sense of a float32.
const decimals = 3

// decimal is the shortest decimal of a float, with three decimals at most;
// false for NaN and the infinities.
func decimal(f float32) (meter.Value, bool) {
	if f != f || math.IsInf(float64(f), 0) {
		return meter.Value{}, false
	}
	text := strconv.FormatFloat(float64(f), 'f', -1, 32)
	v, err := meter.ParseValue(text)
	if err != nil || v.Decimals() > decimals {
		v, err = meter.ParseValue(strconv.FormatFloat(float64(f), 'f', decimals, 32))
	}
	if err != nil {
		return meter.Value{}, false
	}
	return sane(v)
}
