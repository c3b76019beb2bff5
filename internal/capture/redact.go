package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dlms"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Why a capture cannot be redacted.
var (
	ErrEncrypted = errors.New("the meter encrypts its telegrams, and without the key, what identifies it cannot be replaced: " +
		"give the key of the meter's port (the option decryption.key, or -key), or send the capture unredacted and in private")
	ErrKey = errors.New("the meter encrypts its telegrams, and the key does not fit, so what identifies it cannot be replaced: " +
		"compare the key with what your grid operator sent, or send the capture unredacted and in private")
	ErrBinary = errors.New("the line carries DLMS or SML of which no message is complete, or telegrams beside it, so what identifies the meter cannot be replaced: " +
		"report what \"smartmeter check\" says, or send the capture unredacted and in private")
)

// Redact returns the capture without what identifies the meter.
//
// Of whole telegrams (a right checksum, or none where the meter sends none and
// nothing is broken) that is done by the table of objects: identifiers become
// others of the same length and form, the same one the same one; texts of the
// grid operator are masked; and only what has the form of a value, a time or a
// code stays, so that readings do. In everything else each letter and digit is
// masked, which keeps its shape. So nothing that identifies can stay because it
// was not recognised. Bytes that are no text are left alone.
//
// Of messages of DLMS and SML the texts, numbers and octets that are no value, time
// or code are replaced, and the octets outside of whole messages become 0.
//
// Checksums are mended: a telegram that was good is good, and one that was bad
// is bad. Encrypted telegrams are replaced by what stands in them, the address
// of the line is taken out, and the timing stays. What is redacted does not
// change when it is redacted again.
func (c *Capture) Redact(keys cipher.Keys) (*Capture, error) {
	out := &Capture{Header: c.Header}
	out.Redacted = true
	out.Notes = slices.Clone(c.Notes)
	out.Source = redactedSource(c.Source)
	connections := split(c.Records)
	stats, err := decrypt(connections, keys)
	if err != nil {
		return nil, err
	}
	if lost := stats.Frames - stats.Decrypted; lost > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d encrypted frames that gave no telegram are left out", lost))
	}
	if isBinary(connections, keys) {
		if err := out.redactPushes(connections, keys, c.Source); err != nil {
			return nil, err
		}
		return out, nil
	}
	names := newNames()
	streams := make([]*stream, len(connections))
	for i, records := range connections {
		streams[i] = newStream(records)
		streams[i].reserve(names)
	}
	for i, s := range streams {
		if err := s.redact(names); err != nil {
			return nil, err
		}
		for _, r := range s.fill(connections[i]) {
			r.Text = redactedCause(r.Text, c.Source)
			out.Records = append(out.Records, r)
		}
	}
	return out, nil
}

// split cuts records where the line was opened: a telegram does not go on
// after a lost connection.
func split(records []Record) [][]Record {
	var all [][]Record
	from := 0
	for i, r := range records {
		if r.Kind == Opened && i > from {
			all = append(all, records[from:i])
			from = i
		}
	}
	return append(all, records[from:])
}

// decrypt replaces encrypted frames by their telegrams.
func decrypt(connections [][]Record, keys cipher.Keys) (cipher.Stats, error) {
	out := make([][]Record, len(connections))
	var i int
	from := new(feed)
	r := decode.NewReader(decode.Options{Keys: keys, Raw: func(p []byte, _ bool) {
		out[i] = append(out[i], Record{At: from.at, Data: slices.Clone(p)})
	}})
	for n, records := range connections {
		i = n
		*from = feed{}
		var after []Record // the line was lost
		for _, r := range records {
			switch {
			case r.Kind == Data:
				from.records = append(from.records, r)
			case len(from.records) == 0:
				out[i] = append(out[i], r)
			default:
				after = append(after, r)
			}
		}
		r.Reset(from)
		for more := true; more; {
			_, more = r.Next()
		}
		out[i] = append(out[i], after...)
	}
	s := r.Frames()
	switch {
	case s.Frames == 0:
	case len(keys.Key) == 0:
		return s, ErrEncrypted
	case s.WrongKey > 0 && s.Decrypted == 0:
		return s, ErrKey
	default:
		copy(connections, out)
	}
	return s, nil
}

// feed gives the bytes of one record after the other.
type feed struct {
	records []Record
	at      time.Duration // of the record whose bytes were given last
	rest    []byte
}

// Read gives bytes of one record.
func (f *feed) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		if len(f.records) == 0 {
			return 0, io.EOF
		}
		f.at, f.rest = f.records[0].At, f.records[0].Data
		f.records = f.records[1:]
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// isBinary reports whether a meter pushed messages of another protocol than P1,
// whole ones beside telegrams or parts of them alone.
func isBinary(connections [][]Record, keys cipher.Keys) bool {
	var e diagnosis.Evidence
	r := decode.NewReader(decode.Options{Keys: keys})
	for _, records := range connections {
		data := (&Capture{Records: records}).Bytes()
		e.Bytes(data)
		r.Reset(bytes.NewReader(data))
		for m, more := r.Next(); more; m, more = r.Next() {
			switch {
			case m.Pushed != nil, errors.Is(m.Err, decode.ErrLayout):
				return true
			case m.Telegram.Checksum == meter.ChecksumValid:
				e.Message(diagnosis.Good)
			}
		}
		for s := frame.NewScanner(bytes.NewReader(data)); s.Scan(); {
			switch f := s.Frame(); {
			case f.Kind == frame.Text, f.Kind == frame.Ciphered:
			case f.Checksum == meter.ChecksumValid:
				return true
			}
		}
		for i := range data {
			if dlms.Begins(data[i:]) > 0 {
				return true
			}
		}
	}
	switch e.Cause() {
	case diagnosis.HDLC, diagnosis.SML, diagnosis.MBus:
		return true
	}
	return false
}

// kinds are the kinds of lines in a redacted capture, and the schemes of those in
// the network.
var kinds = []string{"", "serial", "network", "homewizard", "ws", "wss", "mqtt"}

// redactedSource returns the kind of a line and its mode.
func redactedSource(source string) string {
	if _, mode, found := strings.Cut(source, " ("); found {
		return "serial (" + mode
	}
	if slices.Contains(kinds, source) {
		return source
	}
	if scheme, _, found := strings.Cut(source, ":"); found && slices.Contains(kinds, scheme) {
		return scheme
	}
	if _, _, err := net.SplitHostPort(source); err == nil {
		return "network"
	}
	return "file"
}

// Where the causes of a lost line name an address.
var (
	device  = regexp.MustCompile(`/dev/[^\s:]+`)
	address = regexp.MustCompile(`\[[0-9A-Za-z:.%]+\](:[0-9]+)?|\b[0-9]+(\.[0-9]+){3}(:[0-9]+)?`)
	lookup  = regexp.MustCompile(`\blookup [^\s:]+`)
)

func redactedCause(cause, source string) string {
	cause = device.ReplaceAllString(cause, "DEVICE")
	cause = address.ReplaceAllString(cause, "ADDRESS")
	if topic, isTopic := strings.CutPrefix(source, "mqtt:"); isTopic && topic != "" {
		cause = strings.ReplaceAll(cause, topic, "TOPIC")
	} else if host := hostOf(source); host != "" {
		cause = strings.ReplaceAll(cause, host, "HOST")
	}
	return lookup.ReplaceAllString(cause, "lookup NAME")
}

// hostOf returns the host of a source in the network; empty: there is none.
func hostOf(source string) string {
	if _, rest, isURL := strings.Cut(source, "://"); isURL {
		source, _, _ = strings.Cut(rest, "/")
		source = source[strings.LastIndexByte(source, '@')+1:]
	}
	host, _, err := net.SplitHostPort(source)
	if err != nil {
		return ""
	}
	return host
}
