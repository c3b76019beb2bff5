package homeassistant

import (
	"strconv"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// The keys of the bridge's buttons.
const (
	RepublishKey    = "reannounce"             // announces every device again
	RemoveFormerKey = "remove_smartmeter2mqtt" // removes smartmeter2mqtt's entities; there once some were found
)

// diagnosisOf returns what is the matter with the meter's line and what to do
// about it. The status says it in English, and more closely than the cause.
func diagnosisOf(v *View) (text, next string) {
	c, isNamed := diagnosis.Named(v.Status.Verdict)
	if v.Language == meter.English || v.Language == "" || !isNamed || v.Status.Text == "" {
		return v.Status.Text, v.Status.Next
	}
	return c.Text(v.Language), c.Next(v.Language)
}

// appendVerdict appends the verdict on the meter's line, with what to do about
// it.
func appendVerdict(dst []byte, v *View) []byte {
	text, next := diagnosisOf(v)
	dst = meter.AppendText(append(dst, `{"verdict":`...), v.Status.Verdict)
	dst = sentence(append(dst, `,"text":`...), text)
	dst = sentence(append(dst, `,"next_step":`...), next)
	dst = strconv.AppendInt(append(dst, `,"damaged_percent":`...), int64(v.Status.Share), 10)
	return append(dst, '}')
}

// Bridge lists the entities of this program. They are there from the start;
// what is not known yet is null.
func Bridge(slot string) []Entity {
	moment := func(dst []byte, t time.Time, v *View) []byte {
		if t.IsZero() {
			return null(dst)
		}
		return instant(dst, t.In(v.Zone))
	}
	return []Entity{
		{Entity: meter.Entity{Key: "connection_" + slot, Name: "Connection", Class: "connectivity"}, Platform: BinarySensor, Diagnostic: true,
			Value: func(dst []byte, v *View) ([]byte, bool) {
				if v.Status.Alive {
					return append(dst, `"ON"`...), true
				}
				return append(dst, `"OFF"`...), true
			}},
		{Entity: meter.Entity{Key: "problem_" + slot, Name: "Problem", Class: "problem"}, Platform: BinarySensor, Diagnostic: true,
			Value: func(dst []byte, v *View) ([]byte, bool) {
				if v.Status.Problem {
					return append(dst, `"ON"`...), true
				}
				return append(dst, `"OFF"`...), true
			},
			Details: appendVerdict},
		{Entity: meter.Entity{Key: "diagnosis_" + slot, Name: "Diagnosis", Icon: "mdi:stethoscope"}, Diagnostic: true,
			Value: func(dst []byte, v *View) ([]byte, bool) {
				text, _ := diagnosisOf(v)
				if text == "" {
					return null(dst), true
				}
				if characters := []rune(text); len(characters) > maxText {
					text = string(characters[:maxText])
				}
				return sentence(dst, text), true
			}},
		{Entity: meter.Entity{Key: "telegram_errors_" + slot, Name: "Telegram errors", State: "total_increasing", Icon: "mdi:alert-circle-outline", Rare: true},
			Value: func(dst []byte, v *View) ([]byte, bool) {
				return number(dst, meter.NewValue(int64(v.Status.Errors), 0), true)
			}},
		{Entity: meter.Entity{Key: "held_values_" + slot, Name: "Held values", State: "total_increasing", Icon: "mdi:shield-alert-outline"}, Diagnostic: true,
			Value: func(dst []byte, v *View) ([]byte, bool) {
				return number(dst, meter.NewValue(int64(v.Status.Held), 0), true)
			}},
		{Entity: meter.Entity{Key: "telegram_interval_" + slot, Name: "Telegram interval", Unit: "s", Class: "duration", State: "measurement", Precision: 1, Rare: true},
			Value: func(dst []byte, v *View) ([]byte, bool) {
				if v.Status.Interval <= 0 {
					return null(dst), true
				}
				return number(dst, meter.NewValue(v.Status.Interval.Milliseconds(), 3), true)
			}},
		{Entity: meter.Entity{Key: "last_telegram_" + slot, Name: "Last telegram", Class: "timestamp", Rare: true},
			Value: func(dst []byte, v *View) ([]byte, bool) { return moment(dst, v.Shown, v), true }},
		{Entity: meter.Entity{Key: "started", Name: "Started", Class: "timestamp", Rare: true},
			Value: func(dst []byte, v *View) ([]byte, bool) { return moment(dst, v.Status.Started, v), true }},
		{Entity: meter.Entity{Key: RepublishKey, Name: "Republish discovery", Icon: "mdi:bullhorn-outline"}, Platform: Button},
		{Entity: meter.Entity{Key: RemoveFormerKey, Name: "Remove smartmeter2mqtt's entities", Icon: "mdi:broom"}, Platform: Button},
	}
}
