package dsmr

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/obis"
)

// decoders read what a P1 line prints of each kind of object.
var decoders = [obis.NumKinds]func(*Parser, field) bool{
	obis.Nothing: decodeNothing, obis.Quantity: decodeQuantity, obis.Factor: decodeFactor, obis.SignedPhase: decodeSignedPhase,
	obis.Tariff: decodeTariff, obis.Switch: decodeSwitch, obis.Limiter: decodeLimiter, obis.Fuse: decodeFuse,
	obis.Peak: decodePeak, obis.PeakHistory: decodeHistory, obis.FailureLog: decodeFailures,
	obis.Time: decodeTime, obis.ClockTime: decodeClock, obis.ClockDate: decodeDate,
	obis.Version: decodeVersion, obis.Identifier: decodeID, obis.Message: decodeText,
	obis.ChannelType: decodeType, obis.ChannelIdentifier: decodeChannelID, obis.ChannelEAN: decodeEAN, obis.ChannelValve: decodeValve,
	obis.ChannelReading: decodeReading, obis.ChannelProfile: decodeOldReading, obis.ChannelHour: decodeHourly,
}

// suffixes are how a value of each unit ends: "*kWh".
var suffixes = func() (list [meter.NumUnits]string) {
	for u := range list {
		if u > 0 {
			list[u] = "*" + meter.Unit(u).String()
		}
	}
	return list
}()

// field is an object line to decode.
type field struct {
	object  *obis.Object
	channel int    // M-Bus channel 1 to 8, else 0
	groups  []byte // the brackets
}

func (f field) first() ([]byte, bool) {
	group, _, ok := cutGroup(f.groups)
	return group, ok
}

// decodeQuantity reads "(002000.123*kWh)". Of an object that stands twice the
// first one counts.
func decodeQuantity(p *Parser, f field) bool {
	// Nearly every line is "(digits*unit)" and nothing else.
	if n := len(f.groups); n > 2 && f.groups[n-1] == ')' {
		if v, rest, ok := Number(f.groups[1 : n-1]); ok && string(rest) == suffixes[f.object.Unit] {
			p.set(f.object, f.object.Quantity, v)
			return true
		}
	}
	group, rest, ok := cutGroup(f.groups)
	if !ok || len(group)+2+len(rest) != len(f.groups) { // something else than brackets follows
		return false
	}
	v, ok := quantityValue(group, f.object.Unit)
	if !ok {
		return false
	}
	p.set(f.object, f.object.Quantity, v)
	return true
}

// set records a quantity. Two objects may bring the same one; that one object
// stands twice is a sign of damage.
func (p *Parser) set(by *obis.Object, q meter.Quantity, v meter.Value) {
	if p.reading.Values.Has(q) {
		p.repeated = p.repeated || p.by[q] == by
		return
	}
	p.by[q] = by
	p.reading.Values.Set(q, v)
}

// decodeFuse reads the first of "(100*A)(-100*A)" or "(65.0*A,-65.0*A)":
// import, then export.
func decodeFuse(p *Parser, f field) bool {
	group, ok := f.first()
	if !ok {
		return false
	}
	group, _, _ = bytes.Cut(group, []byte(","))
	v, ok := quantityValue(group, f.object.Unit)
	if ok {
		p.set(f.object, f.object.Quantity, v)
	}
	return ok
}

// decodeFactor reads a power factor. Some meters print thousandths, without a
// point; a factor beyond 1 with decimals (4.556, Hungary) is none.
func decodeFactor(p *Parser, f field) bool {
	group, ok := f.first()
	if !ok {
		return false
	}
	v, ok := quantityValue(group, meter.UnitNone)
	if !ok {
		return false
	}
	if !isFactor(v) && v.Decimals() == 0 {
		v = v.Shift(-3)
	}
	if isFactor(v) {
		p.set(f.object, f.object.Quantity, v)
	}
	return true
}

func isFactor(v meter.Value) bool {
	return v.Cmp(meter.NewValue(1, 0)) <= 0 && v.Cmp(meter.NewValue(-1, 0)) >= 0
}

// decodeSignedPhase reads 1-0:36.7.0, the net power of a phase, in kW.
func decodeSignedPhase(p *Parser, f field) bool {
	group, ok := f.first()
	if !ok {
		return false
	}
	v, ok := quantityValue(group, f.object.Unit)
	if ok {
		p.signed[f.object.Rank], p.hasSigned[f.object.Rank] = v, true
	}
	return ok
}

// splitSigned sets the power imported and exported by the sign of net power,
// where the meter prints that alone (EBZ: 16.7.0, 36.7.0, 56.7.0, 76.7.0).
func (p *Parser) splitSigned(net meter.Value, in, out meter.Quantity) {
	imported, exported := net.Split()
	if !p.reading.Values.Has(in) {
		p.reading.Values.Set(in, imported)
	}
	if !p.reading.Values.Has(out) {
		p.reading.Values.Set(out, exported)
	}
}

// decodeLimiter reads 0-0:17.0.0: a power, in DSMR 2 and 3 a current, in
// Luxembourg an apparent power.
func decodeLimiter(p *Parser, f field) bool {
	group, ok := f.first()
	if !ok {
		return false
	}
	for _, q := range limiters { // Elgama prints it three times
		if p.reading.Values.Has(q) {
			return true
		}
	}
	for _, q := range limiters {
		if v, ok := quantityValue(group, meter.Quantities[q].Unit); ok {
			p.reading.Values.Set(q, v)
			return true
		}
	}
	return false
}

var limiters = [...]meter.Quantity{meter.LimiterPower, meter.LimiterCurrent, meter.LimiterApparent}

// decodeSwitch reads 0, 1 or 2, or the ON and OFF of Hungarian meters.
func decodeSwitch(p *Parser, f field) bool {
	group, ok := f.first()
	if !ok {
		return false
	}
	q := f.object.Quantity
	if f.channel > 4 {
		return true
	} else if f.channel > 0 {
		q = meter.MBusRelay1 + meter.Quantity(f.channel-1)
	}
	switch {
	case bytes.EqualFold(group, []byte("ON")):
		p.set(f.object, q, meter.NewValue(1, 0))
		return true
	case bytes.EqualFold(group, []byte("OFF")):
		p.set(f.object, q, meter.NewValue(0, 0))
		return true
	}
	v, ok := quantityValue(group, meter.UnitNone)
	if ok {
		p.set(f.object, q, v)
	}
	return ok
}

// decodeTariff reads "0002", "02" or "TARIFF 2".
func decodeTariff(p *Parser, f field) bool {
	group, ok := f.first()
	if !ok {
		return false
	}
	digits := len(group)
	for digits > 0 && group[digits-1]-'0' <= 9 {
		digits--
	}
	v, rest, ok := Number(group[digits:])
	if ok && len(rest) == 0 {
		p.set(f.object, meter.Tariff, v)
	}
	return ok
}

// decodeTime reads the telegram's time.
func decodeTime(p *Parser, f field) bool {
	group, ok := f.first()
	if !ok {
		return false
	}
	t, ok := ParseTimestamp(group)
	if ok && p.reading.Time.IsZero() {
		p.reading.Time = t
	}
	p.reading.ClockUnset = !ok
	return ok
}

// clock is a time that meters print as two objects, hhmmss and yymmdd.
type clock struct{ date, clock [6]byte }

func (c *clock) timestamp() meter.Timestamp {
	if c.date[0] == 0 || c.clock[0] == 0 {
		return meter.Timestamp{}
	}
	var both [12]byte
	copy(both[:6], c.date[:])
	copy(both[6:], c.clock[:])
	t, _ := ParseTimestamp(both[:])
	return t
}

func decodeClock(p *Parser, f field) bool {
	group, ok := f.first()
	return ok && len(group) >= 6 && copy(p.clock.clock[:], group) == 6
}

func decodeDate(p *Parser, f field) bool {
	group, ok := f.first()
	return ok && len(group) >= 6 && copy(p.clock.date[:], group) == 6
}

// decodeVersion reads 1-3:0.2.8 ("50") or 0-0:96.1.4 ("50217"; Wallonia prints
// it as hex text, Sibelga blanks).
func decodeVersion(p *Parser, f field) bool {
	group, ok := f.first()
	if len(group) >= 8 { // "50" is no hex text
		group = p.memory.plainText(group)
	}
	group = bytes.TrimSpace(group)
	if ok && len(group) > 0 && p.reading.Version == "" {
		p.reading.Version = p.memory.text(slotVersion, group)
	}
	return ok
}

// decodeID reads an equipment identifier, as printed. Meters print several;
// the row with the highest rank wins.
func decodeID(p *Parser, f field) bool {
	group, ok := f.first()
	group = bytes.TrimRight(group, " ")
	// "ER23" is how Iskra says that the object has no value.
	if ok && len(group) > 0 && f.object.Rank > p.idRank && !bytes.HasPrefix(group, []byte("ER")) {
		p.reading.EquipmentID, p.idRank = p.memory.text(slotID, group), f.object.Rank
	}
	return ok
}

// decodeText reads a message: hex of text (DSMR 5.0.2 section 6.5), which
// DSMR 3.0 may break over lines.
func decodeText(p *Parser, f field) bool {
	into, slot := &p.reading.Messages[f.object.Rank], slotMessage+f.object.Rank
	group, ok := f.first()
	if !ok {
		if isHexText(f.groups[1:]) {
			p.pending = pending{text: into, slot: slot}
			p.memory.joined = append(p.memory.joined[:0], f.groups[1:]...)
			return true
		}
		return false
	}
	p.message(into, slot, group)
	return true
}

// continueText takes a line of a text that is broken over lines; false when
// the rest of the text is lost.
func (p *Parser) continueText(line []byte) bool {
	if bytes.IndexByte(line, '(') >= 0 {
		p.pending = pending{}
		return false
	}
	part, _, closed := bytes.Cut(line, []byte(")"))
	p.memory.joined = append(p.memory.joined, part...)
	if closed {
		p.message(p.pending.text, p.pending.slot, p.memory.joined)
		p.pending = pending{}
	}
	return true
}

func (p *Parser) message(into *string, slot int, group []byte) {
	text := p.memory.plainText(group)
	if len(text) > 0 && isText(text) { // some meters fill it with 0xFF
		*into = p.memory.text(slot, text)
	}
}

// HexText decodes an octet string as P1 prints it, two hex digits a byte
// (DSMR 5.0.2 section 6.5). It returns false for anything else: an odd length,
// another character, or a byte that is no printable ASCII.
func HexText(group []byte) ([]byte, bool) { return appendHexText(nil, group) }

func appendHexText(dst, group []byte) ([]byte, bool) {
	if len(group) == 0 || len(group)%2 != 0 {
		return dst, false
	}
	for i := 0; i < len(group); i += 2 {
		high, low := hexDigit(group[i]), hexDigit(group[i+1])
		if high < 0 || low < 0 || high<<4|low < ' ' || high<<4|low > '~' {
			return dst, false
		}
		dst = append(dst, byte(high<<4|low))
	}
	return dst, true
}

// decodeNothing is for objects that have a meaning but no place in a reading.
func decodeNothing(*Parser, field) bool { return true }
