package influxdb

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

const (
	// mostInMemory bounds the lines that are in memory while the disk cannot
	// take them: an hour of readings, one a second.
	mostInMemory = 4 << 20

	// batchSize is how many bytes of lines one request or file carries at most.
	// Databases advise some thousand lines.
	batchSize = 512 << 10
)

// batch is a piece of line protocol.
type batch struct {
	lines []byte
	count int
	file  string // where it is on disk; empty: in memory
}

// queue holds what the database has not taken yet, the oldest first: files
// from the time when it was away, then what came since. The files are few and
// written whole, which SD cards like. It is used by one goroutine.
type queue struct {
	dir   string
	limit int64 // bytes on disk at most

	files  []segment // oldest first
	memory []batch   // newer than all files
	number uint64    // of the next file
}

// segment is one file, gzip-compressed.
type segment struct {
	name  string // number-lines.lp.gz
	size  int64
	count int
}

const suffix = ".lp.gz"

// openQueue finds what an earlier run left in dir.
func openQueue(dir string, limit int64) (*queue, error) {
	q := &queue{dir: dir, limit: limit}
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return q, nil
	}
	if err != nil {
		return q, fmt.Errorf("looking for readings from the last run: %w", err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") { // the power went while it was written
			_ = os.Remove(filepath.Join(dir, entry.Name()))
			continue
		}
		name, ours := strings.CutSuffix(entry.Name(), suffix)
		number, count, ok := strings.Cut(name, "-")
		n, err := strconv.ParseUint(number, 10, 64)
		lines, err2 := strconv.Atoi(count)
		info, err3 := entry.Info()
		if !ours || !ok || cmp.Or(err, err2, err3) != nil {
			continue
		}
		q.files = append(q.files, segment{entry.Name(), info.Size(), lines})
		q.number = max(q.number, n+1)
	}
	slices.SortFunc(q.files, func(a, b segment) int { return cmp.Compare(a.name, b.name) })
	return q, nil
}

// push appends lines. Those that memory cannot hold are lost, the oldest
// first: how many, is returned.
func (q *queue) push(lines []byte, count int) (lost int) {
	if last := len(q.memory) - 1; last >= 0 && len(q.memory[last].lines)+len(lines) <= batchSize {
		b := &q.memory[last]
		b.lines, b.count = append(b.lines, lines...), b.count+count
	} else {
		q.memory = append(q.memory, batch{lines: lines, count: count})
	}
	for q.inMemory() > mostInMemory && len(q.memory) > 1 {
		lost += q.memory[0].count
		q.memory = slices.Delete(q.memory, 0, 1)
	}
	return lost
}

func (q *queue) inMemory() (size int) {
	for i := range q.memory {
		size += len(q.memory[i].lines)
	}
	return size
}

// next takes the oldest batch; false if there is none. done or back must follow.
// A file that cannot be read is given up: how many lines it had is lost.
func (q *queue) next() (b batch, lost int, ok bool) {
	for len(q.files) > 0 {
		s := q.files[0]
		lines, err := read(filepath.Join(q.dir, s.name))
		if err == nil {
			return batch{lines, s.count, s.name}, lost, true // the file stays until done
		}
		lost += s.count
		q.drop()
	}
	if len(q.memory) == 0 {
		return batch{}, lost, false
	}
	b = q.memory[0]
	q.memory = slices.Delete(q.memory, 0, 1)
	return b, lost, true
}

// done forgets a batch that next gave.
func (q *queue) done(b batch) {
	if b.file != "" && len(q.files) > 0 && q.files[0].name == b.file {
		q.drop()
	}
}

// back puts a batch that next gave to where it was.
func (q *queue) back(b batch) {
	if b.file == "" {
		q.memory = slices.Insert(q.memory, 0, b)
	}
}

// drop removes the oldest file. One that cannot be removed is found again by
// the next run; the database knows its points by then.
func (q *queue) drop() {
	_ = os.Remove(filepath.Join(q.dir, q.files[0].name))
	q.files = slices.Delete(q.files, 0, 1)
}

// spill moves what is in memory to disk. What is over the limit there is lost,
// the oldest first: how many lines, is returned.
func (q *queue) spill() (lost int, err error) {
	for len(q.memory) > 0 {
		b := q.memory[0]
		name := fmt.Sprintf("%012d-%d%s", q.number, b.count, suffix)
		size, err := write(q.dir, name, b.lines)
		if err != nil {
			return lost, fmt.Errorf("keeping readings for InfluxDB: %w", err)
		}
		q.number++
		q.files = append(q.files, segment{name, size, b.count})
		q.memory = slices.Delete(q.memory, 0, 1)
	}
	for q.onDisk() > q.limit && len(q.files) > 0 {
		lost += q.files[0].count
		q.drop()
	}
	return lost, nil
}

func (q *queue) onDisk() (size int64) {
	for i := range q.files {
		size += q.files[i].size
	}
	return size
}

// waiting is how many lines are in the queue.
func (q *queue) waiting() (n int) {
	for i := range q.files {
		n += q.files[i].count
	}
	for i := range q.memory {
		n += q.memory[i].count
	}
	return n
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, 2*batchSize))
}

// write makes a file that is whole or not there, whatever happens meanwhile.
func write(dir, name string, lines []byte) (size int64, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	packed := pack(lines)
	err = store.Replace(filepath.Join(dir, name), 0o600, func(w io.Writer) error {
		_, err := w.Write(packed)
		return err
	})
	return int64(len(packed)), err
}

// pack compresses.
func pack(lines []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(lines) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}
