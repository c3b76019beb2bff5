package capture

import (
	"io"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
)

const (
	// keptBytes is what a Recorder keeps of the line: over three minutes of a
	// meter that sends a kilobyte each second.
	keptBytes = 192 << 10
	// keptRecords bounds how many records that may be. All together takes 240
	// KiB.
	keptRecords = 3 << 10
	// What comes within so long of a record's start is put to it, up to so
	// many bytes: a serial port gives a few at a time.
	together    = 10 * time.Millisecond
	recordLimit = 4 << 10
	// longestCause is what is kept of the cause of a lost line, in bytes.
	longestCause = 200
)

// Recorder keeps the last minutes of a line in memory, so that a bug report
// can tell what was before somebody looked. Its memory is fixed, and taken
// with the first record. All methods may be called by any goroutine. The zero
// Recorder is ready.
type Recorder struct {
	mu    sync.Mutex
	start time.Time

	records []kept // a ring: n from first on
	first   int
	n       int

	bytes []byte // a ring: what the records hold, used from head on
	head  int
	used  int
}

// kept is a record; its bytes, or its text, stand in the ring of bytes.
type kept struct {
	at   int64 // milliseconds since start
	size int32
	kind Kind
}

// Write keeps what the line sent just now. It never fails.
func (r *Recorder) Write(p []byte) (int, error) {
	r.Add(time.Now(), p)
	return len(p), nil
}

// Add keeps what the line sent at now.
func (r *Recorder) Add(now time.Time, p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.since(now)
	for len(p) > 0 {
		n := min(len(p), recordLimit)
		if last := r.last(); last != nil && last.kind == Data && at-last.at < together.Milliseconds() && int(last.size) < recordLimit {
			n = min(n, recordLimit-int(last.size))
			r.room(n) // never the last one's, which is small
			last.size += int32(n)
			r.put(p[:n])
		} else {
			r.push(at, Data, p[:n])
		}
		p = p[n:]
	}
}

// Event keeps a change of the line at now; text is the cause of Lost.
func (r *Recorder) Event(now time.Time, kind Kind, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.push(r.since(now), kind, []byte(text[:min(len(text), longestCause)]))
}

// since is the time since the first record, by the clock that never jumps.
func (r *Recorder) since(now time.Time) int64 {
	if r.records == nil {
		r.start = now
		r.records = make([]kept, keptRecords)
		r.bytes = make([]byte, keptBytes)
	}
	return now.Sub(r.start).Milliseconds()
}

func (r *Recorder) last() *kept {
	if r.n == 0 {
		return nil
	}
	return &r.records[(r.first+r.n-1)%keptRecords]
}

func (r *Recorder) push(at int64, kind Kind, p []byte) {
	if r.n == keptRecords {
		r.drop()
	}
	r.room(len(p))
	r.records[(r.first+r.n)%keptRecords] = kept{at, int32(len(p)), kind}
	r.n++
	r.put(p)
}

// room drops the oldest records until n bytes fit.
func (r *Recorder) room(n int) {
	for r.used+n > keptBytes {
		r.drop()
	}
}

func (r *Recorder) drop() {
	size := int(r.records[r.first].size)
	r.first = (r.first + 1) % keptRecords
	r.n--
	r.head = (r.head + size) % keptBytes
	r.used -= size
}

// put adds bytes that fit.
func (r *Recorder) put(p []byte) {
	n := copy(r.bytes[(r.head+r.used)%keptBytes:], p)
	copy(r.bytes, p[n:])
	r.used += len(p)
}

// Capture returns what is kept. h tells what made it and of which line; when
// it was made is told here.
func (r *Recorder) Capture(h Header) *Capture {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &Capture{Header: h}
	if r.n == 0 {
		return c
	}
	begin := r.records[r.first].at
	c.Made = r.start.Add(time.Duration(begin) * time.Millisecond)
	c.Records = make([]Record, 0, r.n)
	at := r.head
	for i := range r.n {
		k := r.records[(r.first+i)%keptRecords]
		p := make([]byte, k.size)
		n := copy(p, r.bytes[at:min(at+int(k.size), keptBytes)])
		copy(p[n:], r.bytes)
		at = (at + int(k.size)) % keptBytes
		record := Record{At: time.Duration(k.at-begin) * time.Millisecond, Kind: k.kind}
		if k.kind == Data {
			record.Data = p
		} else {
			record.Text = string(p)
		}
		c.Records = append(c.Records, record)
	}
	return c
}

// WriteRedacted writes what is kept as Capture.Redact makes it. It needs the
// key of a meter that encrypts. What cannot be redacted is an error, and
// nothing is written.
func (r *Recorder) WriteRedacted(w io.Writer, h Header, keys cipher.Keys) error {
	c, err := r.Capture(h).Redact(keys)
	if err != nil {
		return err
	}
	return c.Write(w)
}
