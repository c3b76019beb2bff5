package homewizard

import (
	"fmt"
	"strconv"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// noWiFi is the network's name where there is none: clients take a device
// without a name of its network for one of API v2.
const noWiFi = "NO-WIFI"

// row is a quantity as the API has it.
type row struct {
	name     string
	quantity meter.Quantity
	shift    int // power of ten from the reading's unit to the API's
}

// tariffs are the registers of energy. A meter without tariffs has its total in
// the first: programs add up the four.
var tariffs = [2]struct {
	total string
	rows  [4]row
}{
	{"total_power_import_kwh", [4]row{
		{"total_power_import_t1_kwh", meter.EnergyImportT1, 0}, {"total_power_import_t2_kwh", meter.EnergyImportT2, 0},
		{"total_power_import_t3_kwh", meter.EnergyImportT3, 0}, {"total_power_import_t4_kwh", meter.EnergyImportT4, 0},
	}},
	{"total_power_export_kwh", [4]row{
		{"total_power_export_t1_kwh", meter.EnergyExportT1, 0}, {"total_power_export_t2_kwh", meter.EnergyExportT2, 0},
		{"total_power_export_t3_kwh", meter.EnergyExportT3, 0}, {"total_power_export_t4_kwh", meter.EnergyExportT4, 0},
	}},
}

// rows are what follows power, voltage and current.
var rows = [...]row{
	{"active_frequency_hz", meter.Frequency, 0},
	{"voltage_sag_l1_count", meter.VoltageSagsL1, 0}, {"voltage_sag_l2_count", meter.VoltageSagsL2, 0}, {"voltage_sag_l3_count", meter.VoltageSagsL3, 0},
	{"voltage_swell_l1_count", meter.VoltageSwellsL1, 0}, {"voltage_swell_l2_count", meter.VoltageSwellsL2, 0}, {"voltage_swell_l3_count", meter.VoltageSwellsL3, 0},
	{"any_power_fail_count", meter.PowerFailuresShort, 0}, {"long_power_fail_count", meter.PowerFailuresLong, 0},
	{"active_power_average_w", meter.DemandAverage, 3},
}

// externals is what the API calls the types of M-Bus meters.
var externals = map[meter.DeviceType]string{
	meter.TypeGas: "gas_meter", meter.TypeHeat: "heat_meter", meter.TypeHeatCooling: "heat_meter", meter.TypeHeatFlow: "inlet_heat_meter",
	meter.TypeWarmWater: "warm_water_meter", meter.TypeHotWater: "warm_water_meter",
	meter.TypeWater: "water_meter", meter.TypeColdWater: "water_meter",
}

// data writes the measurement as /api/v1/data has it. What the meter does not
// report is left out.
func data(v *emulate.View, serial string, zone *time.Location) []byte {
	r := v.Reading
	var o emulate.Object
	o.Text("wifi_ssid", noWiFi)
	o.Int("wifi_strength", 100)
	if version, err := strconv.ParseUint(r.Version, 10, 16); err == nil {
		o.Int("smr_version", int64(version))
	}
	if r.Header != "" {
		o.Text("meter_model", r.Header)
	}
	if id := r.Identifier(); id != "" {
		o.Text("unique_id", id)
	}
	if tariff, ok := r.Values.Get(meter.Tariff); ok {
		o.Value("active_tariff", tariff)
	}
	energies(&o, v)
	power(&o, v)
	for _, row := range rows {
		if value, ok := r.Values.Get(row.quantity); ok {
			o.Value(row.name, value.Shift(row.shift))
		}
	}
	if p := r.PeakMonth; p.Valid {
		o.Value("montly_power_peak_w", p.Demand.Shift(3)) // the API's spelling
		if !p.Time.IsZero() {
			o.Raw("montly_power_peak_timestamp", stamp(p.Time))
		}
	}
	external(&o, r, serial, zone)
	return o.Bytes()
}

func energies(o *emulate.Object, v *emulate.View) {
	for i, total := range [...]emulate.Optional{v.Import, v.Export} {
		t := &tariffs[i]
		o.Optional(t.total, total)
		written := false
		for _, row := range t.rows {
			if value, ok := v.Reading.Values.Get(row.quantity); ok {
				o.Value(row.name, value)
				written = true
			}
		}
		if !written {
			o.Optional(t.rows[0].name, total)
		}
	}
}

// power writes power, voltage and current. A current has the sign of its power,
// and the sum has none.
func power(o *emulate.Object, v *emulate.View) {
	o.Value("active_power_w", v.Power)
	for i, p := range v.Phases {
		o.Optional(fmt.Sprintf("active_power_l%d_w", i+1), p.Power)
	}
	for i, p := range v.Phases {
		o.Optional(fmt.Sprintf("active_voltage_l%d_v", i+1), p.Voltage)
	}
	var sum emulate.Optional
	var signed [3]emulate.Optional
	for i, p := range v.Phases {
		if !p.Current.Valid {
			continue
		}
		magnitude := p.Current.Value
		if magnitude.Sign() < 0 {
			magnitude = meter.Value{}.Sub(magnitude)
		}
		sum.Value, sum.Valid = sum.Add(magnitude), true
		signed[i] = emulate.Optional{Value: magnitude, Valid: true}
		if p.Power.Valid && p.Power.Sign() < 0 || !p.Power.Valid && v.Power.Sign() < 0 {
			signed[i].Value = meter.Value{}.Sub(magnitude)
		}
	}
	o.Optional("active_current_a", sum)
	for i, current := range signed {
		o.Optional(fmt.Sprintf("active_current_l%d_a", i+1), current)
	}
}

// external writes the meters that hang on the electricity meter.
func external(o *emulate.Object, r *meter.Reading, serial string, zone *time.Location) {
	if gas, ok := r.Member(meter.Gas, 1); ok && gas.Unit == meter.CubicMetre {
		o.Value("total_gas_m3", gas.Value)
		o.Raw("gas_timestamp", stamp(readAt(gas, r, zone)))
		o.Text("gas_unique_id", identifier(gas, serial, meter.Gas, 1))
	}
	list := []byte{'['}
	for m := range meter.NumMedia {
		for slot := range uint8(household.MaxSame) {
			c, ok := r.Member(m, slot+1)
			if !ok || c.Unit == meter.UnitNone || externals[c.Type] == "" {
				continue
			}
			var e emulate.Object
			e.Text("unique_id", identifier(c, serial, m, slot+1))
			e.Text("type", externals[c.Type])
			e.Raw("timestamp", stamp(readAt(c, r, zone)))
			e.Value("value", c.Value)
			e.Text("unit", c.Unit.String())
			if len(list) > 1 {
				list = append(list, ',')
			}
			list = append(list, e.Bytes()...)
		}
	}
	o.Raw("external", append(list, ']'))
}

// identifier returns that of an M-Bus meter: the one that it prints, or one made
// of the device's own serial number, because clients know a meter by it.
func identifier(c *meter.Channel, serial string, m meter.Medium, slot uint8) string {
	if id := c.Identifier(); id != "" {
		return id
	}
	return fmt.Sprintf("%s%02d%d", serial, m, slot)
}

// readAt returns when an M-Bus meter was read: clients fail where that is not
// said, so the telegram's time stands for it.
func readAt(c *meter.Channel, r *meter.Reading, zone *time.Location) meter.Timestamp {
	switch {
	case !c.Time.IsZero():
		return c.Time
	case !r.Time.IsZero():
		return r.Time
	}
	at := r.Received.In(zone)
	t, _ := meter.NewTimestamp(at.Year(), int(at.Month()), at.Day(), at.Hour(), at.Minute(), at.Second(), 0)
	return t
}

// stamp writes a time as the API has it: the digits YYMMDDhhmmss as a number.
func stamp(t meter.Timestamp) []byte {
	at := t.Wall()
	date := int64(at.Year()%100)*10000 + int64(at.Month())*100 + int64(at.Day())
	return strconv.AppendInt(nil, date*1_000_000+int64(at.Hour())*10000+int64(at.Minute())*100+int64(at.Second()), 10)
}
