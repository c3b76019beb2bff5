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
func diagnosisOf(s *meter.Status, v *View) (text, next string) {
	c, isNamed := diagnosis.Named(s.Verdict)
	if v.Language == meter.English || v.Language == "" || !isNamed || s.Text == "" {
		return s.Text, s.Next
	}
	next = c.Next(v.Language)
	if v.Options != nil {
		next = v.Options(next)
	}
	return c.Text(v.Language), next
}

// appendVerdict appends the verdict on the meter's line, with what to do about
// it.
func appendVerdict(dst []byte, s *meter.Status, v *View) []byte {
	text, next := diagnosisOf(s, v)
	dst = meter.AppendText(append(dst, `{"verdict":`...), s.Verdict)
	dst = sentence(append(dst, `,"text":`...), text)
	dst = sentence(append(dst, `,"next_step":`...), next)
	dst = strconv.AppendInt(append(dst, `,"damaged_percent":`...), int64(s.Share), 10)
	return append(dst, '}')
}

// Bridge lists the entities of this program, which reads the meters in those
// slots. They are there from the start; what is not known yet is null.
func Bridge(slots ...string) (list []Entity) {
	for i, slot := range slots {
		list = append(list, ofLine(slot, func(v *View) *Line { return &v.Lines[i] }, len(slots) > 1)...)
	}
	return append(list,
		moment("started", "Started", func(v *View) time.Time { return v.Lines[0].Status.Started }),
		Entity{Entity: meter.Entity{Key: RepublishKey, Name: "Add devices again", Icon: "mdi:bullhorn-outline"}, Platform: Button},
		Entity{Entity: meter.Entity{Key: RemoveFormerKey, Name: "Remove smartmeter2mqtt's entities", Icon: "mdi:broom"}, Platform: Button},
	)
}

// moment is an entity that shows a time.
func moment(key, name string, at func(*View) time.Time) Entity {
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

// ofLine lists the entities of one meter's line, named after the meter where it
// is one of several.
func ofLine(slot string, line func(*View) *Line, isOneOfMany bool) []Entity {
	flag := func(key, name, class string, isOn func(*meter.Status) bool) Entity {
		return Entity{
			Entity: meter.Entity{Key: key + slot, Name: name, Class: class}, Platform: BinarySensor, Diagnostic: true,
			Value: func(dst []byte, v *View) ([]byte, bool) {
				if isOn(line(v).Status) {
					return append(dst, `"ON"`...), true
				}
				return append(dst, `"OFF"`...), true
			},
		}
	}
	counter := func(key, name, icon string, n func(*meter.Status) uint64) Entity {
		return Entity{
			Entity: meter.Entity{Key: key + slot, Name: name, State: "total_increasing", Icon: icon}, Diagnostic: true,
			Value: func(dst []byte, v *View) ([]byte, bool) { return strconv.AppendUint(dst, n(line(v).Status), 10), true },
		}
	}
	problem := flag("problem_", "Problem", "problem", func(s *meter.Status) bool { return s.Problem })
	problem.Details = func(dst []byte, v *View) []byte { return appendVerdict(dst, line(v).Status, v) }
	errors := counter("telegram_errors_", "Telegram errors", "mdi:alert-circle-outline", func(s *meter.Status) uint64 { return s.Errors })
	errors.Rare = true
	list := []Entity{
		flag("connection_", "Connection", "connectivity", func(s *meter.Status) bool { return s.Alive }),
		problem,
		{Entity: meter.Entity{Key: "diagnosis_" + slot, Name: "Diagnosis", Icon: "mdi:stethoscope"}, Diagnostic: true,
			Value: func(dst []byte, v *View) ([]byte, bool) {
				text, _ := diagnosisOf(line(v).Status, v)
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
				interval := line(v).Status.Interval
				if interval <= 0 {
					return null(dst), true
				}
				return number(dst, meter.NewValue(interval.Milliseconds(), 3), true)
			}},
		moment("last_telegram_"+slot, "Last telegram", func(v *View) time.Time { return line(v).Shown }),
	}
	if isOneOfMany {
		for i := range list {
			list[i].Of = slot
		}
	}
	return list
}
