package dlms

import (
	"bytes"
	"math"
	"strconv"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
)

// setScale gives an object the scale and the unit that came with it.
func setScale(o *cosem.Object, scaler, unit int64) {
	if o.Type != cosem.Number {
		return
	}
	if scaler < -cosem.MaxExp || scaler > cosem.MaxExp {
		o.Type = cosem.Absent
		return
	}
	o.Exp += int8(scaler)
	if o.Unit = cosem.Unit(unit); o.Unit == cosem.NoUnit {
		o.Unit = cosem.Dimensionless
	}
}

// applyScale gives the values that came without a scale the one of their
// maker.
func (d *Decoder) applyScale() {
	s := d.scale
	if s == nil {
		s = &push
	}
	energy := false
	for i := range d.message.Objects {
		o := &d.message.Objects[i]
		if o.Type != cosem.Number || o.Unit != cosem.NoUnit || !(o.Code | 0xFF).IsElectric() { // of any billing period
			continue
		}
		kind := o.Code.Kind()
		o.Assumed = true
		energy = energy || kind == cosem.Energy
		switch kind {
		case cosem.Voltage:
			o.Exp = voltageExp(o.Number, s.voltage)
		case cosem.Current:
			o.Exp = s.current
		case cosem.Energy:
			o.Exp = s.energy
		case cosem.Factor:
			o.Exp = s.factor
		case cosem.Frequency:
			o.Exp = frequencyExp(o.Number)
		case cosem.OtherKind:
			continue
		}
		if o.Unit = o.Code.Unit(); kind == cosem.Factor {
			o.Unit = cosem.Dimensionless
		}
	}
	if energy && s.energyScale != cosem.ScaleGiven {
		d.message.EnergyScale = d.kamstrupScale()
	}
}

// voltageExp finds the scale of a phase's voltage. Meters of one maker send volts,
// tenths or hundredths of them, by operator: where the maker's usual scale gives
// what no phase has, another one that does counts.
func voltageExp(n int64, usual int8) int8 {
	for _, exp := range [...]int8{usual, 0, -1, -2, -3} {
		if cosem.IsVoltage(n, exp) {
			return exp
		}
	}
	return usual
}

// frequencyExp finds the scale of a frequency: grids have 50 or 60 Hz.
func frequencyExp(n int64) (exp int8) {
	for ; n >= 450 && exp > -3; n /= 10 {
		exp--
	}
	return exp
}

// kamstrupScale tells how sure it is that a Kamstrup counts in 10 Wh. The
// type's last digits are those of the country: 6841121BN243101040. In Norway
// (04) and Denmark (01) all count so; in Sweden (09) some do, and those of
// other countries are not known well enough. Lists without the type are
// Danish.
func (d *Decoder) kamstrupScale() cosem.EnergyScale {
	for i := range d.message.Objects {
		o := &d.message.Objects[i]
		if o.Code != kamstrupType || o.Type != cosem.Text {
			continue
		}
		n := len(o.Text)
		if n >= 3 && (bytes.HasPrefix(o.Text[n-3:], []byte("04")) || bytes.HasPrefix(o.Text[n-3:], []byte("01"))) {
			return cosem.ScalePresumed
		}
		return cosem.ScaleUndecided
	}
	return cosem.ScalePresumed
}

var kamstrupType = cosem.NewCode(1, 1, 96, 1, 1, 0xFF)

// float takes a number that is none of A-XDR's integers.
func (d *Decoder) float(o *cosem.Object, i *axdr.Item) {
	f, bits := math.Float64frombits(uint64(i.Number)), 64
	if i.Tag == axdr.Float32 {
		f, bits = float64(math.Float32frombits(uint32(i.Number))), 32
	}
	var digits [64]byte
	text := strconv.AppendFloat(digits[:0], f, 'e', -1, bits) // d.ddde+dd, NaN, +Inf
	mantissa, exponent, ok := bytes.Cut(text, []byte("e"))
	if !ok {
		return
	}
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	n, err := strconv.ParseInt(string(whole)+string(fraction), 10, 64)
	exp, _ := strconv.Atoi(string(exponent))
	exp -= len(fraction)
	for ; exp > 0 && n < math.MaxInt64/10 && n > math.MinInt64/10; exp-- {
		n *= 10
	}
	if err != nil || exp > 0 || exp < -cosem.MaxExp {
		return
	}
	o.Type, o.Number, o.Exp, o.Signed = cosem.Number, n, int8(exp), true
	o.Unit = o.Code.Unit() // it needs no scale
}
