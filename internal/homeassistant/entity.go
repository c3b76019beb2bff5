// Package homeassistant knows how Home Assistant shows a household: its devices
// and their entities, what these are called in every language, what their
// values are, and the messages of MQTT discovery that announce them. It is
// pure; what is published when is the business of output/mqtt.
//
// Devices are named by slot, and so are identifiers and unique ids, never by
// serial number, so that entities outlive their meter:
//
//	<slot>           the electricity meter, below the bridge
//	<slot>_<medium>  a gas, water or heat meter, below the electricity meter;
//	                 below the bridge where there is none (Warmtelink)
//	<slot>_solar     the solar inverter, below the bridge
//	<slot>_bridge    this program; a program with several meters names it by
//	                 its first slot, so two programs never share a bridge
//
// A device's identifier is smartmeter_<device>, an entity's unique id
// smartmeter_<device>_<key>, where a medium is not named twice
// (smartmeter_p1_gas_total). The bridge's keys carry the slot they tell of.
package homeassistant

import (
	"encoding/json"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// The platforms of Home Assistant that entities belong to.
const (
	Sensor       = "sensor"
	BinarySensor = "binary_sensor"
	Button       = "button"
	Number       = "number"
)

// Entity is a row of the table of entities: how one is announced, and how its
// value is written.
type Entity struct {
	meter.Entity
	ID         string // in ids, after the device's slot; empty: the key
	Platform   string // empty: Sensor
	Of         string // slot of the meter that the name tells, after the entity's own; empty: none
	Diagnostic bool   // where Rare does not say it
	Range      Range  // of a number

	// IsHidden reports whether the entity is left out of dashboards until the
	// user shows it; nil: it is not. Its statistics are kept.
	IsHidden func(*Groups) bool

	// Value appends what the entity shows, as JSON. False means that it was
	// not reported, and what was appended is void; what was reported but says
	// nothing (a limit of 999.9 kW is no limit) is null. A button has no value:
	// nil.
	Value func(dst []byte, v *View) ([]byte, bool)

	// Attributes appends a JSON object of what is no state, on a topic of its
	// own that hardly ever changes; nil: there is none.
	Attributes func(dst []byte, r *meter.Reading) []byte

	// Details appends the entity's attributes as a JSON object that stands in
	// the state, so that both change at once; nil: it has none.
	Details func(dst []byte, v *View) []byte
}

// View is what values are written from.
type View struct {
	Zone     *time.Location           // of the meter's clock
	Language meter.Language           // of sentences
	Options  func(text string) string // calls options in a sentence by their names; nil: as they are
	Reading  *meter.Reading
	Channel  *meter.Channel // of an M-Bus device
	Solar    *meter.Solar   // of the inverter
	Lines    []Line         // of the bridge, in the order of their meters
	Offsets  []int          // of emulated meters, in their order, in W
	scratch  [512]byte      // for values that are only looked at
}

// Line is how one meter's line stands, as the bridge shows it.
type Line struct {
	Status *meter.Status
	Shown  time.Time // the last telegram
}

// on returns the entity's platform.
func (e *Entity) on() string {
	if e.Platform == "" {
		return Sensor
	}
	return e.Platform
}

// maxText is how many characters a state may have: Home Assistant refuses it
// with more.
const maxText = 255

// text, sentence, number and timestamp append the kinds of values. A byte of
// the meter is one character of a text.
func text(dst []byte, s string) ([]byte, bool) {
	if s == "" {
		return dst, false
	}
	return meter.AppendText(dst, s[:min(len(s), maxText)]), true
}

func sentence(dst []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic("a string is always JSON: " + err.Error())
	}
	return append(dst, quoted...)
}

func number(dst []byte, v meter.Value, ok bool) ([]byte, bool) {
	if !ok {
		return dst, false
	}
	return v.Append(dst), true
}

func timestamp(dst []byte, t meter.Timestamp, v *View) ([]byte, bool) {
	if t.IsZero() {
		return dst, false
	}
	return instant(dst, t.Time(v.Zone, v.Reading.Received)), true
}

func instant(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, time.RFC3339)
	return append(dst, '"')
}

func null(dst []byte) []byte { return append(dst, "null"...) }

// option writes the option of that number.
func option(dst []byte, options []string, n int64) []byte {
	if n < 0 || n >= int64(len(options)) {
		return null(dst)
	}
	return meter.AppendText(dst, options[n])
}
