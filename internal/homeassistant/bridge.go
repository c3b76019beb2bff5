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
	flag := func(key, name, class string, isOn func(*meter.Status) bool) Entity {
		return Entity{
			Entity: meter.Entity{Key: key + slot, Name: name, Class: class}, Platform: BinarySensor, Diagnostic: true,
			Value: func(dst []byte, v *View) ([]byte, bool) {
				if isOn(v.Status) {
					return append(dst, `"ON"`...), true
				}
				return append(dst, `"OFF"`...), true
			},
		}
	}
	moment := func(key, name string, at func(*View) time.Time) Entity {
		return Entity{
			Entity: meter.Entity{Key: key, Name: name, Class: "timestamp", Rare: true},
			Value: func(dst []byte, v *View) ([]byte, bool) {
				if t := at(v); !t.IsZero() {
					return instant(dst, t.In(v.Zone)), true
				}
				return null(dst), true
			},
		}
	}
	counter := func(key, name, icon string, n func(*meter.Status) uint64) Entity {
		return Entity{
			Entity: meter.Entity{Key: key + slot, Name: name, State: "total_increasing", Icon: icon}, Diagnostic: true,
			Value: func(dst []byte, v *View) ([]byte, bool) { return strconv.AppendUint(dst, n(v.Status), 10), true },
		}
	}
	problem := flag("problem_", "Problem", "problem", func(s *meter.Status) bool { return s.Problem })
	problem.Details = appendVerdict
	errors := counter("telegram_errors_", "Telegram errors", "mdi:alert-circle-outline", func(s *meter.Status) uint64 { return s.Errors })
	errors.Rare = true
	return []Entity{
		flag("connection_", "Connection", "connectivity", func(s *meter.Status) bool { return s.Alive }),
		problem,
		{Entity: meter.Entity{Key: "diagnosis_" + slot, Name: "Diagnosis", Icon: "mdi:stethoscope"}, Diagnostic: true,
			Value: func(dst []byte, v *View) ([]byte, bool) {
				text, _ := diagnosisOf(v)
				if text == "" {
					return null(dst), true
				}
				characters := []rune(text)
				return sentence(dst, string(characters[:min(len(characters), maxText)])), true
			}},
		errors,
		counter("held_values_", "Readings held back", "mdi:shield-alert-outline", func(s *meter.Status) uint64 { return s.Held }),
		{Entity: meter.Entity{Key: "telegram_interval_" + slot, Name: "Telegram interval", Unit: "s", Class: "duration", State: "measurement", Precision: 1, Rare: true},
			Value: func(dst []byte, v *View) ([]byte, bool) {
				if v.Status.Interval <= 0 {
					return null(dst), true
				}
				return number(dst, meter.NewValue(v.Status.Interval.Milliseconds(), 3), true)
			}},
		moment("last_telegram_"+slot, "Last telegram", func(v *View) time.Time { return v.Shown }),
		moment("started", "Started", func(v *View) time.Time { return v.Status.Started }),
		{Entity: meter.Entity{Key: RepublishKey, Name: "Add devices again", Icon: "mdi:bullhorn-outline"}, Platform: Button},
		{Entity: meter.Entity{Key: RemoveFormerKey, Name: "Remove smartmeter2mqtt's entities", Icon: "mdi:broom"}, Platform: Button},
	}
}
