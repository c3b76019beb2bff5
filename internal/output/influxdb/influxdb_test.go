package influxdb

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

const deadline = 30 * time.Second

// database keeps lines as a time series database does: a line that comes twice
// is one line.
type database struct {
	*httptest.Server
	mu       sync.Mutex
	lines    map[string]int // times written
	requests []string       // addresses
	auth     []string
	answer   func(w http.ResponseWriter, n int) bool // true: that is the answer; n counts from 1
	n        int
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	d := &database{lines: make(map[string]int)}
	d.Server = httptest.NewServer(d)
	t.Cleanup(func() {
		d.CloseClientConnections()
		d.Close()
	})
	return d
}

func (d *database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.n++
	d.requests = append(d.requests, r.URL.String())
	d.auth = append(d.auth, r.Header.Get("Authorization"))
	answer, n := d.answer, d.n
	d.mu.Unlock()
	if answer != nil && answer(w, n) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(z)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for line := range strings.Lines(string(body)) {
		d.lines[line]++
	}
	w.WriteHeader(http.StatusNoContent)
}

// behave says how requests are answered from now on.
func (d *database) behave(answer func(w http.ResponseWriter, n int) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer, d.n = answer, 0
}

func (d *database) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.lines)
}

// doubles lists the lines that were written more than once.
func (d *database) doubles() (list []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for line, n := range d.lines {
		if n > 1 {
			list = append(list, line)
		}
	}
	return list
}

// output runs until stop.
type output struct {
	t       *testing.T
	log     *testkit.Log
	board   status.Board
	updates hub.Hub[*meter.Update]
	samples hub.Hub[*meter.Solar]
	stop    func()
	n       int
}

func start(t *testing.T, url, dir string, change func(*Options)) *output {
	t.Helper()
	p := &output{t: t, log: new(testkit.Log)}
	o := Options{
		Influx:  config.Influx{URL: config.WebURL(url), Token: "secret-token", Org: "home org", Bucket: "energy", BufferMB: 1},
		Dir:     dir,
		Zone:    amsterdam,
		Log:     slog.New(slog.NewTextHandler(p.log, nil)),
		Counter: p.board.Output("influxdb"),
	}
	if change != nil {
		change(&o)
	}
	out := New(o, []*hub.Hub[*meter.Update]{&p.updates}, &p.samples)
	out.rhythm = rhythm{flush: time.Millisecond, spill: 3 * time.Millisecond, pause: time.Millisecond}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- out.Run(ctx) }()
	var once sync.Once
	p.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(p.stop)
	waitFor(t, "the output to listen", func() bool { return p.updates.Subscribers() == 1 && p.samples.Subscribers() == 1 })
	return p
}

// read publishes n readings that differ.
func (p *output) read(n int) {
	for range n {
		p.n++
		r := values{meter.PowerNet: fmt.Sprint(p.n)}.reading()
		p.updates.Publish(&meter.Update{Reading: *r})
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestWrites(t *testing.T) {
	d := newDatabase(t)
	p := start(t, d.URL+"/", t.TempDir(), nil)
	p.read(3)
	s := &meter.Solar{Received: received, Serial: "7E1A"}
	s.Set(meter.SolarACPower, meter.NewValue(500, 0))
	p.samples.Publish(s)
	waitFor(t, "all lines", func() bool { return d.count() == 4 })
	p.stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	if got, want := d.requests[0], "/api/v2/write?bucket=energy&org=home+org&precision=ms"; got != want {
		t.Errorf("address: got %s, want %s", got, want)
	}
	if got := d.auth[0]; got != "Token secret-token" {
		t.Errorf("authorization: got %q", got)
	}
	if o := p.board.Snapshot(time.Now()).Outputs[0]; o.Sent != 4 || o.Errors != 0 || o.Dropped != 0 {
		t.Errorf("counted %+v", o)
	}
	if p.log.String() != "" {
		t.Errorf("log: %s", p.log)
	}
}

// Doubted totals never reach a database: it would keep them for ever.
func TestGuardedTotals(t *testing.T) {
	d := newDatabase(t)
	p := start(t, d.URL, t.TempDir(), nil)
	p.updates.Publish(&meter.Update{Reading: *values{meter.EnergyImportT1: "0"}.reading(), Guarded: values{meter.EnergyImportT1: "5000.7"}.reading()})
	waitFor(t, "the line", func() bool { return d.count() == 1 })
	d.mu.Lock()
	defer d.mu.Unlock()
	for line := range d.lines {
		if !strings.Contains(line, "T1Used=5000.7") {
			t.Errorf("got %s", line)
		}
	}
}

// Each way in which a database can fail: no line is lost, none is doubled, a
// line in the log at loss and one at return.
func TestOutages(t *testing.T) {
	refuse := func(code int, body string, header ...string) func(http.ResponseWriter, int) bool {
		return func(w http.ResponseWriter, _ int) bool {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	for _, test := range []struct {
		name   string
		answer func(http.ResponseWriter, int) bool
		says   string
	}{
		{"503", refuse(503, `{"code":"unavailable","message":"starting"}`), "does not accept readings"},
		{"429", refuse(429, ""), "does not accept readings"},
		{"401", refuse(401, `{"code":"unauthorized","message":"unauthorized access"}`), "refuses the token"},
		{"no bucket", refuse(404, `{"code":"not found","message":"bucket \"energy\" not found"}`), "does not know the organisation or the bucket"},
		{"not a database", refuse(404, "<html>nothing here</html>"), "does not know the organisation or the bucket"},
		{"moved", refuse(301, "", "Location", "http://127.0.0.1:1/"), "has moved"},
		{"dies in the middle", func(http.ResponseWriter, int) bool { panic(http.ErrAbortHandler) }, "does not accept readings"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDatabase(t)
			dir := filepath.Join(t.TempDir(), "influxdb")
			p := start(t, d.URL, dir, nil)
			p.read(5)
			waitFor(t, "the first lines", func() bool { return d.count() == 5 })
			d.behave(test.answer)
			p.read(40)
			waitFor(t, "the outage", func() bool { return p.board.Snapshot(time.Now()).Outputs[0].Errors >= 3 })
			waitFor(t, "lines on disk", func() bool {
				files, _ := filepath.Glob(filepath.Join(dir, "*.lp.gz"))
				return len(files) > 0
			})
			p.read(40)
			d.behave(nil)
			waitFor(t, "all lines", func() bool { return d.count() == 85 })
			waitFor(t, "the return in the log", func() bool { return strings.Contains(p.log.String(), "accepts readings again") })
			p.stop()
			if doubles := d.doubles(); len(doubles) > 0 {
				t.Errorf("written twice: %q", doubles)
			}
			if got := p.log.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, test.says) || strings.Contains(got, "secret-token") {
				t.Errorf("log: got %s\nwant a line with %q and one of the return", got, test.says)
			}
			if files, _ := os.ReadDir(dir); len(files) > 0 {
				t.Errorf("left on disk: %v", files)
			}
		})
	}
}

// A database that hangs holds nobody up, and what it did not take is there in
// the next run.
func TestHangs(t *testing.T) {
	d := newDatabase(t)
	release := make(chan struct{})
	d.behave(func(http.ResponseWriter, int) bool { <-release; return true })
	dir := t.TempDir()
	p := start(t, d.URL, dir, nil)
	p.read(10)
	waitFor(t, "the request", func() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.n == 1 })
	p.read(10)
	p.stop()
	if log := p.log.String(); log != "" {
		t.Errorf("the end of the program is no fault of the database:\n%s", log)
	}
	close(release)
	d.behave(nil)
	p = start(t, d.URL, dir, nil)
	p.n = 20
	p.read(1)
	waitFor(t, "all lines", func() bool { return d.count() == 21 })
}

// What a database will never take does not block what comes after it.
func TestRefusesLines(t *testing.T) {
	d := newDatabase(t)
	d.behave(func(w http.ResponseWriter, n int) bool {
		if n == 1 {
			http.Error(w, `{"code":"invalid","message":"field type conflict"}`, http.StatusBadRequest)
		}
		return n == 1
	})
	p := start(t, strings.Replace(d.URL, "//", "//user:geheim@", 1), t.TempDir(), nil)
	p.read(1)
	waitFor(t, "the refusal", func() bool { return p.board.Snapshot(time.Now()).Outputs[0].Dropped == 1 })
	p.read(1)
	waitFor(t, "the next line", func() bool { return d.count() == 1 })
	if got := p.log.String(); !strings.Contains(got, "field type conflict") || !strings.Contains(got, d.URL) || strings.Contains(got, "geheim") {
		t.Errorf("log: %s", got)
	}
}

// InfluxDB before 1.8 knows the API of version 1 only.
func TestVersion1(t *testing.T) {
	d := newDatabase(t)
	d.behave(func(w http.ResponseWriter, n int) bool {
		if n == 1 {
			http.Error(w, "404 page not found", http.StatusNotFound)
		}
		return n == 1
	})
	p := start(t, d.URL, t.TempDir(), func(o *Options) { o.Token, o.Bucket = "me:secret", "energy/autogen" })
	p.read(2)
	waitFor(t, "the lines", func() bool { return d.count() == 2 })
	d.mu.Lock()
	defer d.mu.Unlock()
	if got, want := d.requests[1], "/write?db=energy&precision=ms&rp=autogen"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := d.auth[1]; got != "Basic bWU6c2VjcmV0" {
		t.Errorf("authorization: got %q", got)
	}
}

// A disk that cannot be written: memory keeps what it can, said once.
func TestNoDisk(t *testing.T) {
	d := newDatabase(t)
	d.behave(func(w http.ResponseWriter, _ int) bool { w.WriteHeader(503); return true })
	file := filepath.Join(t.TempDir(), "a file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, d.URL, filepath.Join(file, "influxdb"), nil)
	p.read(20)
	waitFor(t, "the warning", func() bool { return strings.Contains(p.log.String(), "in memory only") })
	d.behave(nil)
	waitFor(t, "all lines", func() bool { return d.count() == 20 })
	p.stop()
	if got := strings.Count(p.log.String(), "in memory only"); got != 1 {
		t.Errorf("said %d times:\n%s", got, p.log)
	}
}

func TestQueueIsBounded(t *testing.T) {
	dir := t.TempDir()
	q, err := openQueue(dir, 1000)
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for i := range 50 {
		lost += q.push(fmt.Appendf(nil, "line %d %x\n", i, bytes.Repeat([]byte{byte(i * 37)}, 5)), 1)
		n, err := q.spill()
		if err != nil {
			t.Fatal(err)
		}
		lost += n
	}
	if size := q.onDisk(); size > 1000 || lost == 0 || lost+q.waiting() != 50 {
		t.Errorf("got %d bytes, %d lost, %d waiting", size, lost, q.waiting())
	}
	// The next run finds them, and a damaged file costs its lines only.
	if err := os.WriteFile(filepath.Join(dir, q.files[0].name), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "other.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, ".000000000001-1.lp.gz-123")
	if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := openQueue(dir, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Errorf("what a run that was cut off left behind is still there: %v", err)
	}
	if diff := cmp.Diff(len(q.files), len(again.files)); diff != "" {
		t.Fatal(diff)
	}
	want := q.waiting() - 1
	got := 0
	for {
		b, lost, ok := again.next()
		if lost > 0 && (lost != 1 || got > 0) {
			t.Errorf("lost %d after %d", lost, got)
		}
		if !ok {
			break
		}
		if !strings.HasPrefix(string(b.lines), fmt.Sprintf("line %d ", 50-want+got)) {
			t.Errorf("got %q as number %d", b.lines, got)
		}
		again.done(b)
		got++
	}
	if got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	q := &queue{}
	lost := 0
	for range 2 * mostInMemory / 1024 {
		lost += q.push(make([]byte, 1024), 1)
	}
	if size := q.inMemory(); size > mostInMemory || lost+q.waiting() != 2*mostInMemory/1024 {
		t.Errorf("got %d bytes, %d lost, %d waiting", size, lost, q.waiting())
	}
}
