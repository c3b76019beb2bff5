package dsmr

import (
	"bytes"
	"errors"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/obis"
)

// Why a telegram gives no reading that may be used.
var (
	ErrChecksum   = errors.New("the telegram's checksum is wrong")
	ErrNoChecksum = errors.New("the checksum is missing, although this meter sends one")
	ErrDamaged    = errors.New("the telegram is damaged")
	ErrTruncated  = errors.New("the telegram has no end")
	ErrEmpty      = errors.New("the telegram has no object that is known")
)

// maxOdd bounds the odd lines kept of one telegram.
const maxOdd = 8

// Parser makes readings of telegrams. It is made for a stream of them: what a
// meter repeats in every telegram (codes, identifiers, histories) it
// recognises and does not build again, so that the steady state allocates
// nothing. A Parser serves one goroutine.
type Parser struct {
	// Lax reads a meter that is known to send wrong checksums, or none where
	// its standard has one. What is plausible must do then.
	Lax bool

	reading  meter.Reading
	odd      [][]byte
	known    int  // objects whose code is in the table
	repeated bool // a register stands twice in the telegram
	by       [meter.NumQuantities]*obis.Object
	doubt    bool   // no checksum vouches for the telegram
	idRank   int    // of the object that the equipment identifier is from
	checked  string // header of the meter that has sent valid checksums
	clock    clock
	unitless [meter.MaxChannels]bool

	signed    [3]meter.Value // net power of each phase, kW
	hasSigned [3]bool
	pending   pending

	memory   memory
	standard detected
	shapes   shapes
}

// pending is an object whose value stands on the next line.
type pending struct {
	channel *meter.Channel
	text    *string
	slot    int
	unit    []byte
}

// Odd returns the lines of the last telegram whose object is known but whose
// value could not be read, eight at most. The bytes are the telegram's.
func (p *Parser) Odd() [][]byte { return p.odd }

// Parse reads a telegram. The reading is as full as the telegram allows, also
// beside an error, but with an error its values must not be trusted:
// ErrChecksum, ErrNoChecksum, ErrDamaged, ErrTruncated or ErrEmpty. An odd
// line costs only itself. The reading is valid until the next Parse; copies
// stay.
func (p *Parser) Parse(t frame.Telegram, received time.Time) (*meter.Reading, error) {
	r := &p.reading
	p.reset(r)
	r.Received, r.Checksum = received, t.Checksum
	p.doubt = t.Checksum == meter.ChecksumAbsent || p.Lax && t.Checksum == meter.ChecksumInvalid
	header, rest := cutLine(t.Body())
	header = bytes.TrimPrefix(header, []byte("/"))
	r.Header = p.memory.text(slotHeader, header)
	broken := p.lines(rest)
	p.finish(r)

	switch {
	case t.Truncated:
		return r, ErrTruncated
	case t.Checksum == meter.ChecksumValid:
		p.checked = r.Header
		return r, nil
	case t.Checksum == meter.ChecksumInvalid && !p.Lax:
		return r, ErrChecksum
	case !p.Lax && (p.checked == r.Header && p.checked != "" || sendsChecksum(r.Version) || p.standard.sendsChecksum()):
		return r, ErrNoChecksum
	case broken || p.repeated || t.Misparity || len(header) == 0 || !isText(header):
		return r, ErrDamaged
	case p.known == 0:
		return r, ErrEmpty
	case p.shapes.differ(r.Header):
		return r, ErrDamaged
	}
	return r, nil
}

func (p *Parser) reset(r *meter.Reading) {
	r.Values.Reset()
	clear(r.Channels[:])
	clear(p.unitless[:])
	clear(p.hasSigned[:])
	clear(r.Messages[:])
	r.Version, r.EquipmentID, r.Time, r.ClockUnset = "", "", meter.Timestamp{}, false
	r.PeakMonth, r.PeakMonthExport = meter.Peak{}, meter.Peak{}
	r.PeakHistory, r.Failures, r.Odd = nil, nil, 0
	p.odd = p.odd[:0]
	p.known, p.repeated, p.idRank = 0, false, 0
	p.clock, p.pending = clock{}, pending{}
	p.shapes.begin()
}

// lines decodes the object lines. broken reports that one was cut or is no
// text: where no checksum vouches, the sign that bytes were lost.
func (p *Parser) lines(rest []byte) (broken bool) {
	for i := 0; len(rest) > 0; {
		var line []byte
		if line, rest = cutLine(rest); len(line) == 0 {
			continue
		}
		if p.pending.text != nil && p.continueText(line) {
			continue
		}
		row, channel, n := p.memory.find(i, line)
		if p.doubt && !broken {
			broken = isBroken(row, line, n)
		}
		if p.doubt && n >= 0 {
			p.shapes.line(row)
		}
		switch {
		case n < 0:
			continue // no object
		case n == 0:
			p.continueReading(line)
			continue
		}
		if p.pending.channel != nil || p.pending.text != nil {
			p.pending = pending{}
		}
		i++
		if row == nil {
			continue
		}
		p.known++
		if !decoders[row.Kind](p, field{row, channel, line[n:]}) {
			p.reading.Odd++
			if row.HasQuantity() {
				p.reading.Values.SetOdd(row.Quantity)
			}
			if len(p.odd) < maxOdd {
				p.odd = append(p.odd, line)
			}
		} else if p.doubt && row.Unit != meter.UnitNone {
			p.shapes.number(row, line, n)
		}
	}
	return broken
}

// isBroken reports whether a line, whose brackets begin at n, has lost bytes.
// A text may hold any, and may go on in the next line.
func isBroken(r *obis.Object, line []byte, n int) bool {
	switch {
	case r != nil && r.Kind == obis.Message:
		return false
	case n < 0:
		return isRest(line) || !isText(line)
	}
	return !isWhole(line[n:]) || !isText(line[:n])
}

func search(line []byte) (*obis.Object, int, int) {
	n := bytes.IndexByte(line, '(')
	if n <= 0 {
		return nil, 0, n
	}
	row, channel := lookup(line[:n])
	return row, channel, n
}

func lookup(id []byte) (*obis.Object, int) {
	// Some meters that people built print a blank before the bracket.
	c, channel, ok := obis.Parse(bytes.TrimRight(id, " "))
	if !ok || channel > meter.MaxChannels {
		return nil, 0
	}
	return c.Lookup(), channel
}

// finish settles what only the whole telegram shows.
func (p *Parser) finish(r *meter.Reading) {
	if r.Time.IsZero() {
		r.Time = p.clock.timestamp()
	}
	for i := range r.Channels {
		if !p.unitless[i] {
			continue
		}
		// A reading without unit: the device type tells it, or it is none.
		if m, ok := r.Channels[i].Type.Medium(); ok {
			r.Channels[i].Unit = meter.Media[m].Unit
		}
	}
	p.assumeGas(r)
	if net, ok := r.Values.Get(meter.PowerSigned); ok {
		p.splitSigned(net, meter.PowerImport, meter.PowerExport)
	}
	for i, phase := range signedPhases {
		if p.hasSigned[i] {
			p.splitSigned(p.signed[i], phase.in, phase.out)
		}
	}
	r.Standard, r.Tariffs = p.standard.detect(r)
}

var signedPhases = [...]struct{ in, out meter.Quantity }{
	{meter.PowerImportL1, meter.PowerExportL1},
	{meter.PowerImportL2, meter.PowerExportL2},
	{meter.PowerImportL3, meter.PowerExportL3},
}

// assumeGas takes the one M-Bus meter that does not print its type and counts
// m3 for the gas meter, where no other is: some meters leave 0-n:24.1.0 out.
func (p *Parser) assumeGas(r *meter.Reading) {
	var untyped *meter.Channel
	for i := range r.Channels {
		switch c := &r.Channels[i]; {
		case c.Type == meter.TypeGas:
			return
		case c.Type != 0 || c.TypeText != "" || c.Unit != meter.CubicMetre:
		case untyped != nil:
			return // which of the two is gas, nobody can know
		default:
			untyped = c
		}
	}
	if untyped != nil {
		untyped.Type = meter.TypeGas
	}
}
