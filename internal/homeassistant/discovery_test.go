package homeassistant

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// everything lists every entity that any device can have.
func everything() map[string][]Entity {
	list := map[string][]Entity{"p1": Electricity, "p1_bridge": append(Bridge("p1"), Emulated(Range{-1, 1}, "homewizard_p1")...), "p1_solar": Inverter}
	for m := range meter.NumMedia {
		for _, unit := range []meter.Unit{meter.CubicMetre, meter.KilowattHour, meter.Gigajoule, meter.Kilowatt} {
			_, list[fmt.Sprintf("p1_%s in %s", meter.Media[m].Slot, unit)] = MBus(m, meter.Media[m].Types[0], unit)
		}
	}
	return list
}

// announced returns how the entity is announced of the device of that slot.
func announced(slot string, e *Entity) componentConfig {
	return (&Announcer{Groups: new(Groups)}).component(&Device{Slot: slot}, e)
}

// TestFrozen freezes the identity of every entity.
func TestFrozen(t *testing.T) {
	var lines []string
	for device, components := range everything() {
		slot, unit, _ := strings.Cut(device, " ")
		for _, c := range components {
			e := announced(slot, &c)
			enabled := "on"
			if e.EnabledByDefault != nil {
				enabled = "off"
			}
			lines = append(lines, strings.Join([]string{
				e.UniqueID + " " + unit, e.DefaultEntityID, e.Unit, e.DeviceClass, e.StateClass, e.EntityCategory, enabled,
			}, " | "))
		}
	}
	slices.Sort(lines)
	want, err := os.ReadFile("testdata/entities.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), strings.Join(lines, "\n")+"\n"); diff != "" {
		t.Errorf("entities (-want +got):\n%s", diff)
	}
}

// deviceClasses is what Home Assistant allows for sensors: the units (empty
// for none) and the state classes of each device class that we use. An entity
// that breaks these rules does not come into being. Source: the table of
// device classes in the developers' documentation of the sensor entity, and
// DEVICE_CLASS_STATE_CLASSES of its sensor component.
var deviceClasses = map[string]struct{ units, states []string }{
	"apparent_power":   {[]string{"mVA", "VA", "kVA"}, []string{"measurement"}},
	"current":          {[]string{"A", "mA"}, []string{"measurement"}},
	"duration":         {[]string{"d", "h", "min", "s", "ms", "µs"}, []string{"measurement", "total", "total_increasing"}},
	"energy":           {[]string{"J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "cal", "kcal", "Mcal", "Gcal"}, []string{"total", "total_increasing"}},
	"enum":             {[]string{""}, nil},
	"frequency":        {[]string{"mHz", "Hz", "kHz", "MHz", "GHz"}, []string{"measurement"}},
	"gas":              {[]string{"L", "m³", "ft³", "CCF", "MCF"}, []string{"total", "total_increasing"}},
	"power":            {[]string{"mW", "W", "kW", "MW", "GW", "TW"}, []string{"measurement"}},
	"power_factor":     {[]string{"", "%"}, []string{"measurement"}},
	"reactive_energy":  {[]string{"varh", "kvarh"}, []string{"total", "total_increasing"}},
	"reactive_power":   {[]string{"mvar", "var", "kvar"}, []string{"measurement"}},
	"temperature":      {[]string{"°C", "°F", "K"}, []string{"measurement"}},
	"timestamp":        {[]string{""}, nil},
	"voltage":          {[]string{"V", "mV", "µV", "kV", "MV"}, []string{"measurement"}},
	"volume_flow_rate": {[]string{"m³/h", "m³/min", "m³/s", "ft³/min", "L/h", "L/min", "L/s", "gal/d", "gal/h", "gal/min", "mL/s"}, []string{"measurement"}},
	"water":            {[]string{"L", "gal", "m³", "ft³", "CCF", "MCF"}, []string{"total", "total_increasing"}},
}

func TestHomeAssistantAllows(t *testing.T) {
	key := regexp.MustCompile(`^[a-z0-9_]+$`)
	owner := map[string]string{} // of a unique id
	for device, components := range everything() {
		slot, _, _ := strings.Cut(device, " ")
		nameless := map[string]bool{}
		keys := map[string]bool{}
		for _, c := range components {
			e := announced(slot, &c)
			fail := func(format string, args ...any) {
				t.Helper()
				t.Errorf("%s, %s: "+format, append([]any{device, c.Key}, args...)...)
			}
			if !key.MatchString(c.Key) || keys[c.Key] {
				fail("the key is taken or has letters that are not allowed")
			}
			keys[c.Key] = true
			if of, taken := owner[e.UniqueID]; taken && of != slot {
				fail("unique id %s belongs to %s", e.UniqueID, of)
			}
			owner[e.UniqueID] = slot
			if !strings.HasPrefix(e.DefaultEntityID, e.Platform+".") || len(e.DefaultEntityID) > 255 {
				fail("entity id %q is not of the platform %s", e.DefaultEntityID, e.Platform)
			}
			if e.Name == "" && (e.DeviceClass == "" || nameless[e.DeviceClass]) {
				fail("nothing names it")
			}
			nameless[e.DeviceClass] = nameless[e.DeviceClass] || e.Name == ""
			if e.Platform == BinarySensor {
				if e.DeviceClass != "connectivity" && e.DeviceClass != "problem" || e.Unit != "" || e.StateClass != "" || e.Precision != nil {
					fail("not a binary sensor that Home Assistant knows: %+v", e)
				}
				continue
			}
			if e.Platform == Button {
				if e.DeviceClass != "" || e.Unit != "" || e.StateClass != "" || e.Precision != nil || e.ValueTemplate != "" || e.EntityCategory != "config" {
					fail("not a button that Home Assistant knows: %+v", e)
				}
				continue
			}
			if e.Platform == Number {
				if e.DeviceClass != "power" || e.Unit != "W" || e.StateClass != "" || e.Precision != nil || e.ValueTemplate == "" || e.EntityCategory != "config" ||
					e.CommandTopic == "" || e.Min == nil || e.Max == nil || *e.Min >= *e.Max || e.Mode != "box" {
					fail("not a number that Home Assistant knows: %+v", e)
				}
				continue
			}
			if e.Platform != Sensor {
				fail("unknown platform %q", e.Platform)
			}
			if e.EntityCategory != "" && e.EntityCategory != "diagnostic" {
				fail("a sensor has no category %q", e.EntityCategory)
			}
			if numeric := e.Unit != "" || e.StateClass != ""; numeric != (e.Precision != nil) || numeric != (e.StateClass != "") {
				fail("numbers have a state class and a precision, other states neither: %+v", e)
			}
			if (e.DeviceClass == "enum") != (len(e.Options) > 0) {
				fail("enum and options belong together")
			}
			if e.DeviceClass == "" {
				continue // any unit goes
			}
			class, ok := deviceClasses[e.DeviceClass]
			if !ok {
				fail("unknown device class %q", e.DeviceClass)
			}
			if !slices.Contains(class.units, e.Unit) {
				fail("class %s does not allow unit %q", e.DeviceClass, e.Unit)
			}
			if e.StateClass != "" && !slices.Contains(class.states, e.StateClass) {
				fail("class %s does not allow state class %q", e.DeviceClass, e.StateClass)
			}
		}
	}
}

func TestMakers(t *testing.T) {
	for _, tt := range []struct{ header, maker, model string }{
		{`ISK5\2M550T-1012`, "Iskraemeco", "M550T-1012"},
		{`ISk5=2MIE5T-200`, "Iskraemeco", "MIE5T-200"},
		{`FLU5\253769484_A`, "Sagemcom", "253769484_A"},
		{`Ene5\XS210 ESMR 5.0`, "Sagemcom", "XS210"},
		{`KFM5KAIFA-METER`, "Kaifa", ""},
		{`KMP5 KA6U001660297912`, "Kamstrup", "KA6U"},
		{`ELS5\@V10.04`, "Elster", ""},
		{`ESY5Q3DA1004 V3.04`, "EasyMeter", "Q3DA1004"},
		{`LG_E660_Fluvius_3N400V`, "Landis+Gyr", "E660 Fluvius 3N400V"},
		{`KAM5:684AB`, "Kamstrup", "684AB"},
		{`Ene5\T210-D ESMR5.0`, "Sagemcom", "T210-D"},
		{`XMX5LGBBFFB231237741`, "Landis+Gyr", "LGBBFFB"},
		{`AUX59903218166`, "Sanxing", ""},
		{`LGF5E360`, "Landis+Gyr", "E360"},
		{`XYZ5unknown`, "", "unknown"},
		{`NWA-WARMTELINK`, "", "NWA-WARMTELINK"},
		{"KAM5", "Kamstrup", ""},
		{"X", "", "X"},
		{"", "", ""},
	} {
		if maker, model := makerOf(tt.header); maker != tt.maker || model != tt.model {
			t.Errorf("makerOf(%q) = %q, %q, want %q, %q", tt.header, maker, model, tt.maker, tt.model)
		}
	}
}
