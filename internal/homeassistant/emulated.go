package homeassistant

import (
	"strconv"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Range is what a number may be.
type Range struct{ Least, Most int }

// OffsetKey is the key of the number that is added to the power of the emulated
// meter of that name, and ResetOffsetKey that of the button that makes it 0.
func OffsetKey(name string) string { return "offset_" + name }

// ResetOffsetKey is the key of that button.
func ResetOffsetKey(name string) string { return "reset_offset_" + name }

// Emulated lists the bridge's entities of emulated meters, in the order of
// View.Offsets.
func Emulated(limits Range, names ...string) (list []Entity) {
	for i, name := range names {
		list = append(list,
			Entity{
				Entity: meter.Entity{
					Key: OffsetKey(name), Name: "Power offset", Unit: "W", Class: "power", Icon: "mdi:plus-minus-variant",
				},
				Platform: Number, Range: limits, Of: name,
				Value: func(dst []byte, v *View) ([]byte, bool) {
					return strconv.AppendInt(dst, int64(v.Offsets[i]), 10), true
				},
			},
			Entity{
				Entity:   meter.Entity{Key: ResetOffsetKey(name), Name: "Reset power offset", Icon: "mdi:numeric-0-box-outline"},
				Platform: Button, Of: name,
			})
	}
	return list
}
