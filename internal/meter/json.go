package meter

import (
	"time"
	"unicode/utf8"
)

// AppendJSON writes the reading as one object of the JSON socket, without a
// line end: the names of smartmeter2mqtt first, ours after them, what the
// telegram lacks left out. Its zone tells the standard offset of the meter's
// time.
func (r *Reading) AppendJSON(dst []byte, zone *time.Location) []byte {
	w := writer{append(dst, '{')}
	switch r.Checksum {
	case ChecksumValid:
		w.key("crc").raw("true")
	case ChecksumInvalid:
		w.key("crc").raw("false")
	}
	w.text("header", r.Header)
	w.text("p1Version", r.Version)
	w.time("powerTs", r.Time)
	w.text("powerSn", r.EquipmentID)
	w.values(&r.Values, 0, PowerNet)
	w.device(r)
	w.medium(r, Gas)
	w.values(&r.Values, PowerNet, NumQuantities)
	for m := Gas + 1; m < NumMedia; m++ {
		w.medium(r, m)
	}
	w.peak("peakDemandMonth", r.PeakMonth)
	w.peak("peakDemandMonthDelivered", r.PeakMonthExport)
	w.history(r.PeakHistory)
	w.failures(r.Failures)
	w.text("textMessage", r.Messages[0])
	w.text("messageCode", r.Messages[1])
	for i, name := range [...]string{"textMessage2", "textMessage3", "textMessage4", "textMessage5"} {
		w.text(name, r.Messages[2+i])
	}
	if !r.Time.IsZero() {
		w.key("ts")
		w.dst = append(w.dst, '"')
		w.dst = r.Time.Time(zone, r.Received).AppendFormat(w.dst, time.RFC3339)
		w.dst = append(w.dst, '"')
	}
	return append(w.dst, '}')
}

// writer appends members of a JSON object; encoding/json would need floats or
// an allocation a number.
type writer struct{ dst []byte }

func (w *writer) key(name string) *writer {
	if last := w.dst[len(w.dst)-1]; last != '{' && last != '[' {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(w.dst, '"')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, '"', ':')
	return w
}

func (w *writer) raw(text string) { w.dst = append(w.dst, text...) }

func (w *writer) text(name, text string) {
	if text != "" {
		w.dst = AppendText(w.key(name).dst, text)
	}
}

func (w *writer) time(name string, t Timestamp) {
	if t.IsZero() {
		return
	}
	w.key(name)
	w.dst = append(w.dst, '"')
	w.dst = t.AppendLocal(w.dst)
	w.dst = append(w.dst, '"')
}

func (w *writer) value(name string, v Value) { w.dst = v.Append(w.key(name).dst) }

func (w *writer) values(values *Values, from, to Quantity) {
	for q := from; q < to; q++ {
		info := &Quantities[q]
		v, ok := values.Get(q)
		if !ok || info.JSON == "" {
			continue
		}
		w.value(info.JSON, v)
		if info.Traits.Alias != "" && !values.IsSum(q) {
			w.value(info.Traits.Alias, v)
		}
	}
}

// device writes the type of the gas meter, or without one of the first M-Bus
// meter, as it is printed.
func (w *writer) device(r *Reading) {
	if gas, ok := r.Medium(Gas); ok {
		w.text("deviceType", gas.TypeText)
		return
	}
	for i := range r.Channels {
		if r.Channels[i].Type != 0 {
			w.text("deviceType", r.Channels[i].TypeText)
			return
		}
	}
}

func (w *writer) medium(r *Reading, m Medium) {
	c, ok := r.Medium(m)
	if !ok {
		return
	}
	info := &Media[m]
	if c.ID != "" {
		w.key(info.JSON)
		w.dst = append(w.dst[:len(w.dst)-2], `Sn":`...)
		w.dst = AppendText(w.dst, c.ID)
	}
	if !info.Names(c.Unit) {
		return
	}
	w.key(info.JSON).raw("{")
	w.time("ts", c.Time)
	w.value("totalUse", c.Value)
	if info.AsUnit {
		w.text("unit", c.Unit.String())
	}
	w.raw("}")
}

func (w *writer) peak(name string, p Peak) {
	if !p.Valid {
		return
	}
	w.key(name).raw("{")
	w.time("ts", p.Time)
	w.value("value", p.Demand)
	w.raw("}")
}

func (w *writer) history(peaks []Peak) {
	if len(peaks) > 0 {
		w.dst = AppendPeaks(w.key("peakDemandHistory").dst, peaks)
	}
}

// AppendPeaks writes a history of peaks as a JSON array, in its order.
func AppendPeaks(dst []byte, peaks []Peak) []byte {
	w := writer{append(dst, '[')}
	for i, p := range peaks {
		if i > 0 {
			w.raw(",")
		}
		w.raw("{")
		// The history is stamped with the end of its month.
		w.key("month")
		w.dst = append(w.dst, '"')
		w.dst = p.Month.Wall().Add(-time.Hour).AppendFormat(w.dst, "2006-01")
		w.dst = append(w.dst, '"')
		w.time("ts", p.Time)
		w.value("value", p.Demand)
		w.raw("}")
	}
	return append(w.dst, ']')
}

func (w *writer) failures(failures []Failure) {
	if len(failures) > 0 {
		w.dst = AppendFailures(w.key("powerFailureLog").dst, failures)
	}
}

// AppendFailures writes a log of power failures as a JSON array, in its order;
// durations in seconds.
func AppendFailures(dst []byte, failures []Failure) []byte {
	w := writer{append(dst, '[')}
	for i, f := range failures {
		if i > 0 {
			w.raw(",")
		}
		w.raw("{")
		w.time("ts", f.End)
		w.value("duration", NewValue(f.Seconds, 0))
		w.raw("}")
	}
	return append(w.dst, ']')
}

// AppendText writes what a meter sent as a JSON string. A byte above 0x7F
// stands for the character of the same number (ISO 8859-1): P1 is ASCII, but
// what some meters send must still come out as valid JSON, byte for byte.
func AppendText[T ~string | ~[]byte](dst []byte, text T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"', c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20 || c == 0x7F:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < 0x80:
			dst = append(dst, c)
		default:
			dst = utf8.AppendRune(dst, rune(c))
		}
	}
	return append(dst, '"')
}
