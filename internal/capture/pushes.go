package capture

import (
	"cmp"
	"slices"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dlms"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// edit replaces a piece of a stream.
type edit struct {
	from, to int
	with     []byte
}

// redactPushes takes over the records of a line on which a meter pushes DLMS or
// SML, without what identifies it.
func (c *Capture) redactPushes(connections [][]Record, keys cipher.Keys, source string) error {
	names, whole := newNames(), 0
	for _, reserving := range []bool{true, false} {
		names.reserving, whole = reserving, 0
		for _, records := range connections {
			s := newStream(records)
			if slices.ContainsFunc(scan(s.data), func(t telegram) bool { return t.whole }) {
				return ErrBinary
			}
			whole += s.redactPushes(records, keys, names)
			if reserving {
				continue
			}
			for _, r := range s.fill(records) {
				r.Text = redactedCause(r.Text, source)
				c.Records = append(c.Records, r)
			}
		}
	}
	if whole == 0 {
		return ErrBinary
	}
	return nil
}

// pushes are the messages of DLMS or SML in a stream, while it is redacted.
type pushes struct {
	*stream
	names  *names
	opener *cipher.Opener
	joiner dlms.Joiner

	frames []placed // with a valid check, in their order
	edits  []edit   // of encrypted messages and SML frames
	whole  int      // messages that were redacted
}

// placed is a frame and where it stands.
type placed struct {
	kind     frame.Kind
	from, to int
	payload  int // where it begins
	kept     bool
}

// redactPushes redacts a stream in which a meter pushes DLMS or SML, and returns
// how many messages it had. Of whole messages, what identifies becomes something
// else of the same length, and the checks are mended; encrypted ones are replaced
// by what stands in them. All other octets become 0.
func (s *stream) redactPushes(records []Record, keys cipher.Keys, n *names) (whole int) {
	p := &pushes{stream: s, names: n, opener: cipher.New(keys)}
	edge := true // whether a message without framing may begin where one is found
	p.opener.Proven = func(b []byte) int {
		if !edge {
			return 0
		}
		return dlms.Whole(b)
	}
	from := &feed{records: slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return r.Kind != Data })}
	now := func() time.Time { return time.Unix(0, 0).Add(from.at) }
	scanner := frame.NewScanner(from)
	scanner.Now = now
	for scanner.Scan() {
		f, at := scanner.Frame(), int(scanner.Offset())
		switch {
		case f.Kind == frame.Text, f.Kind != frame.Ciphered && f.Checksum == meter.ChecksumInvalid:
		case f.Kind == frame.Ciphered:
			edge = f.Edge
			if o := p.opener.Open(f.Bytes, f.Whole); o.Used > 0 {
				scanner.Accept(o.Used)
				p.opened(o.Text, at, at+o.Used)
			}
		default:
			edge = true
			p.joiner.Note(scanner.Stats().Faults())
			scanner.Accept(len(f.Bytes))
			p.frame(&f, at, now())
		}
	}
	p.blank()
	for i := range p.frames {
		frame.Mend(p.frames[i].kind, s.data[p.frames[i].from:p.frames[i].to])
	}
	s.apply(p.edits)
	return p.whole
}

// frame takes a frame with a valid check.
func (p *pushes) frame(f *frame.Frame, at int, now time.Time) {
	end := at + len(f.Bytes)
	if f.Kind == frame.SML {
		if messages := redactSML(f, p.names); messages != nil {
			p.edits = append(p.edits, edit{at, end, messages})
			p.whole++
		}
		return
	}
	p.frames = append(p.frames, placed{kind: f.Kind, from: at, to: end, payload: at + f.PayloadAt()})
	p.joiner.At = at + f.PayloadAt()
	apdu := p.joiner.Add(f.Payload, f.Part, now)
	switch {
	case apdu == nil:
	case dlms.IsCiphered(apdu):
		first := p.made(false)
		if p.opened(p.open(apdu), p.frames[first].from, end) {
			p.frames = p.frames[:first]
		}
	default:
		message := slices.Clone(apdu)
		if redactDLMS(message, p.names) {
			for _, s := range p.joiner.Spans() {
				message = message[copy(p.data[s.At:s.At+s.Size], message):]
			}
			p.made(true)
			p.whole++
		}
	}
}

func (p *pushes) open(apdu []byte) []byte {
	if apdu[0] == cipher.TagGeneral && !cipher.IsWhole(apdu) {
		return p.opener.OpenGeneral(apdu).Text
	}
	return p.opener.Open(apdu, cipher.IsWhole(apdu)).Text
}

// made goes through the frames that made the last message, which it may mark as
// kept, and returns the index of the first.
func (p *pushes) made(kept bool) (first int) {
	first = len(p.frames) - 1
	spans := p.joiner.Spans()
	for i := len(p.frames) - 1; i >= 0 && len(spans) > 0 && p.frames[i].to > spans[0].At; i-- {
		for _, s := range spans {
			if p.frames[i].from <= s.At && s.At < p.frames[i].to {
				first = i
				p.frames[i].kept = p.frames[i].kept || kept
			}
		}
	}
	return first
}

// opened replaces an encrypted message by what stands in it; false: it could not
// be opened, or is no message of DLMS.
func (p *pushes) opened(text []byte, from, to int) bool {
	message := slices.Clone(text)
	if !redactDLMS(message, p.names) {
		return false
	}
	p.edits = append(p.edits, edit{from, to, frame.AppendHDLC(nil, message)})
	p.whole++
	return true
}

// blank makes 0 of all octets that stand in no message, but for the frames
// around them and the flags between these.
func (p *pushes) blank() {
	var keep []dlms.Span
	for _, f := range p.frames {
		switch {
		case f.kept:
			keep = append(keep, dlms.Span{At: f.from, Size: f.to - f.from})
		case f.kind != frame.Bare:
			keep = append(keep, dlms.Span{At: f.from, Size: f.payload - f.from}, dlms.Span{At: f.to - 2, Size: 2})
		}
	}
	for _, e := range p.edits {
		keep = append(keep, dlms.Span{At: e.from, Size: e.to - e.from})
	}
	slices.SortFunc(keep, func(a, b dlms.Span) int { return cmp.Compare(a.At, b.At) })
	at := 0
	for _, k := range append(keep, dlms.Span{At: len(p.data)}) {
		for ; at < k.At; at++ {
			if p.data[at] != frame.Flag {
				p.data[at] = 0
			}
		}
		at = max(at, k.At+k.Size)
	}
}

// apply makes the edits, which do not overlap. What replaces something arrives
// with its last octet.
func (s *stream) apply(edits []edit) {
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var data []byte
	ends, at := slices.Clone(s.ends), 0
	record := 0
	settle := func(to, grown int) { // records that end in front of to
		for ; record < len(s.ends) && s.ends[record] < to; record++ {
			ends[record] = s.ends[record] + grown
		}
	}
	for _, e := range edits {
		if e.from < at {
			continue
		}
		settle(e.from, len(data)-at)
		data = append(data, s.data[at:e.from]...)
		for ; record < len(s.ends) && s.ends[record] < e.to; record++ {
			ends[record] = len(data)
		}
		data = append(data, e.with...)
		at = e.to
	}
	settle(len(s.data)+1, len(data)-at)
	s.data, s.ends = append(data, s.data[at:]...), ends
}
