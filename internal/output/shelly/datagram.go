package shelly

import (
	"strconv"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// batteryPorts are those of UDP where Marstek's batteries ask a Pro 3EM: the
// newer ones and most firmware 1010, the B2500 from firmware 226 on 2220.
var batteryPorts = [2]int{1010, 2220}

// mostDatagram bounds a request in bytes; batteries' have less than a hundred.
const mostDatagram = 1024

// The methods that are answered over UDP, because batteries call them. Their
// answers are short: whoever forges the sender of a request multiplies nothing.
const (
	threePhases = "EM.GetStatus"
	onePhase    = "EM1.GetStatus"
)

// parseDatagram reads a request; false: it gets no answer.
func parseDatagram(packet []byte) (request, bool) {
	if len(packet) > mostDatagram {
		return request{}, false
	}
	r, err := parse(packet)
	if err != nil || r.ID == nil || r.Method != threePhases && r.Method != onePhase || component(r.Params) != nil {
		return request{}, false
	}
	return r, true
}

// appendDatagram writes the answer to a request, in the short form that
// batteries are known to read.
func appendDatagram(dst []byte, d *device, r *request, v *emulate.View) []byte {
	dst = append(dst, `{"id":`...)
	dst = append(dst, r.ID...)
	dst = append(dst, `,"src":`...)
	dst = strconv.AppendQuote(dst, d.id())
	dst = append(dst, `,"dst":"unknown","result":{`...)
	if r.Method == onePhase {
		dst = append(dst, `"act_power":`...)
	} else {
		for i, power := range v.Split() {
			dst = append(dst, '"', "abc"[i])
			dst = append(dst, `_act_power":`...)
			dst = append(dst, phasePower(power)...)
			dst = append(dst, ',')
		}
		dst = append(dst, `"total_act_power":`...)
	}
	dst = append(dst, totalPower(v.Power)...)
	return append(dst, "}}"...)
}

// A battery's parser fails on whole numbers and on zero: a milliwatt is added
// where one would be written.
var (
	milliwatt = meter.NewValue(1, 3)
	tenth     = meter.NewValue(1, 1)
)

// phasePower returns the power of a phase, with one decimal.
func phasePower(v meter.Value) jsonNumber {
	if v.Cmp(tenth) < 0 && (meter.Value{}).Sub(tenth).Cmp(v) < 0 {
		return decimal(milliwatt, 3)
	}
	return decimal(v, 1)
}

// totalPower returns the whole power, with three decimals.
func totalPower(v meter.Value) jsonNumber {
	if rounded, ok := v.MulDiv(1, 1, 3); ok {
		v = rounded
	}
	if v.Sub(meter.NewValue(v.Int(), 0)).Sign() == 0 {
		v = v.Add(milliwatt)
	}
	return decimal(v, 3)
}
