package shelly

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// jsonNumber is a number as it is written.
type jsonNumber string

// MarshalJSON implements [encoding/json.Marshaler].
func (n jsonNumber) MarshalJSON() ([]byte, error) { return []byte(n), nil }

// decimal returns the value rounded to so many decimals, always with a point:
// the device's numbers have one, and batteries' parsers fail where there is none.
func decimal(v meter.Value, decimals uint8) jsonNumber {
	if rounded, ok := v.MulDiv(1, 1, decimals); ok {
		v = rounded
	}
	text := v.Append(nil)
	if !bytes.Contains(text, []byte(".")) {
		text = append(text, ".0"...)
	}
	return jsonNumber(text)
}

// optional is decimal for what the meter may not report: null is the device's
// word for that.
func optional(o emulate.Optional, decimals uint8) any {
	if !o.Valid {
		return nil
	}
	return decimal(o.Value, decimals)
}

// emStatus is what EM.GetStatus tells. Without a view the device says that its
// meter failed.
func emStatus(v *emulate.View) object {
	status := object{"id": 0, "n_current": nil, "user_calibrated_phase": []string{}}
	if v == nil {
		for _, name := range []string{"act_power", "aprt_power", "current", "voltage", "pf", "freq"} {
			for _, phase := range "abc" {
				status[string(phase)+"_"+name] = nil
			}
		}
		status["total_act_power"], status["total_aprt_power"], status["total_current"] = nil, nil, nil
		status["errors"] = []string{"power_meter_failure"}
		return status
	}
	frequency := get(v, meter.Frequency)
	var currents, apparents [3]emulate.Optional
	for i, power := range v.Split() {
		phase := string("abc"[i]) + "_"
		currents[i], apparents[i] = magnitude(v.Phases[i].Current), apparent(v, i+1)
		status[phase+"act_power"] = decimal(power, 1)
		status[phase+"voltage"] = optional(v.Phases[i].Voltage, 1)
		status[phase+"current"] = optional(currents[i], 3)
		status[phase+"aprt_power"] = optional(apparents[i], 1)
		status[phase+"pf"] = optional(get(v, factors[i+1]), 2)
		status[phase+"freq"] = optional(frequency, 1)
	}
	status["n_current"] = optional(magnitude(get(v, meter.CurrentNeutral)), 3)
	status["total_act_power"] = decimal(v.Power, 3)
	status["total_current"] = optional(sum(magnitude(get(v, meter.CurrentSum)), currents), 3)
	status["total_aprt_power"] = optional(sum(apparent(v, 0), apparents), 3)
	return status
}

// The quantities of all phases together, and of each.
var (
	apparentImports = [4]meter.Quantity{meter.PowerApparentImport, meter.PowerApparentImportL1, meter.PowerApparentImportL2, meter.PowerApparentImportL3}
	apparentExports = [4]meter.Quantity{meter.PowerApparentExport, meter.PowerApparentExportL1, meter.PowerApparentExportL2, meter.PowerApparentExportL3}
	factors         = [4]meter.Quantity{meter.PowerFactor, meter.PowerFactorL1, meter.PowerFactorL2, meter.PowerFactorL3}
)

func get(v *emulate.View, q meter.Quantity) emulate.Optional {
	value, ok := v.Reading.Values.Get(q)
	return emulate.Optional{Value: value, Valid: ok}
}

// magnitude takes the sign off, which the device's currents do not have.
func magnitude(o emulate.Optional) emulate.Optional {
	if o.Sign() < 0 {
		o.Value = meter.Value{}.Sub(o.Value)
	}
	return o
}

// apparent returns the apparent power in VA: of one direction, the other is 0.
func apparent(v *emulate.View, phase int) emulate.Optional {
	in, out := get(v, apparentImports[phase]), get(v, apparentExports[phase])
	return emulate.Optional{Value: in.Add(out.Value).Shift(3), Valid: in.Valid || out.Valid}
}

// sum returns the whole as the meter reports it, or else what the phases that
// it reports add up to.
func sum(whole emulate.Optional, phases [3]emulate.Optional) emulate.Optional {
	if whole.Valid {
		return whole
	}
	for _, p := range phases {
		if p.Valid {
			whole = emulate.Optional{Value: whole.Add(p.Value), Valid: true}
		}
	}
	return whole
}

// emDataStatus is what EMData.GetStatus tells, in Wh. Meters do not count the
// energy of each phase: where the power is all on the first, so is the energy,
// and else nobody knows.
func emDataStatus(v *emulate.View) object {
	status := object{"id": 0, "total_act": nil, "total_act_ret": nil}
	for _, phase := range "abc" {
		status[string(phase)+"_total_act_energy"], status[string(phase)+"_total_act_ret_energy"] = nil, nil
	}
	if v == nil {
		return status
	}
	status["total_act"], status["total_act_ret"] = wattHours(v.Import), wattHours(v.Export)
	if v.Phases[1].Power.Valid || v.Phases[2].Power.Valid {
		return status
	}
	zero := decimal(meter.Value{}, 2)
	for name, total := range map[string]any{"_total_act_energy": status["total_act"], "_total_act_ret_energy": status["total_act_ret"]} {
		if total != nil {
			status["a"+name], status["b"+name], status["c"+name] = total, zero, zero
		}
	}
	return status
}

func wattHours(kilo emulate.Optional) any {
	return optional(emulate.Optional{Value: kilo.Shift(3), Valid: kilo.Valid}, 2)
}
