package app_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // for machines that have none

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/capture"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The golden files tell times with their offset.
func init() {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		panic(err)
	}
	time.Local = zone
}

// replays are captures that were once, or could be, a bug report. A new one is
// a file in testdata/captures; it needs a row only where an option mattered.
var replays = map[string][]string{
	"luxembourg-encrypted.txt": {"ENC_KEY=" + key},
	"seed-masked.txt":          {"CHECKSUM=off"},
}

// TestReplays plays every capture through the whole program and compares what
// came out of it: readings, what the log says of the line, and the raw socket,
// which must give what the meter sent.
func TestReplays(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/captures/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			variables := replays[filepath.Base(file)]
			got := played(t, file, variables...)
			golden := strings.TrimSuffix(file, ".txt") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-golden +got)\n%s", diff)
			}
		})
	}
}

// TestCapturesAreRedacted: nobody's meter is published. What was made by hand
// and is encrypted cannot be.
func TestCapturesAreRedacted(t *testing.T) {
	files, err := filepath.Glob("testdata/captures/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := capture.Read(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		redacted, err := c.Redact(cipher.Keys{})
		if errors.Is(err, capture.ErrEncrypted) && filepath.Base(file) == "luxembourg-encrypted.txt" {
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var again strings.Builder
		if err := redacted.Write(&again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), again.String()); diff != "" {
			t.Errorf("%s: redact it first (smartmeter capture -redact -o NEW OLD): (-file +redacted)\n%s", file, diff)
		}
	}
}

// played plays a file as fast as possible, to its end.
func played(t *testing.T, file string, variables ...string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := capture.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	port := source.Replay(filepath.Base(file), c.Records, 0, false)
	open, ready := port.Open, make(chan struct{})
	port.Open = func(ctx context.Context) (source.Conn, error) {
		<-ready
		return open(ctx)
	}
	p := startReplay(t, &port, variables...)
	raw, lines := p.dial("raw"), p.dial("json")
	waitFor(t, "clients on both sockets", func() bool { return p.log.Count("client connected") == 2 })
	close(ready)
	readings, passed := lines.rest(), raw.rest()
	p.stop() // it has ended unexpectedly

	var out strings.Builder
	out.WriteString(strings.ReplaceAll(readings, "\r\n", "\n"))
	for line := range strings.Lines(p.log.String()) {
		if saidOfLine.MatchString(line) {
			out.WriteString(momentary.ReplaceAllString(line, ""))
		}
	}
	sent := c.Bytes()
	switch start := bytes.IndexByte(sent, '/'); { // a client is started at a telegram
	case len(passed) == 0:
		out.WriteString("raw socket: nothing\n")
	case start >= 0 && strings.HasSuffix(string(sent), passed):
		out.WriteString("raw socket: the meter's bytes\n")
	default:
		out.WriteString("raw socket:\n")
		decrypted := capture.Capture{Records: []capture.Record{{Data: []byte(passed)}}}
		if err := decrypted.Write(&out); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// What the log says of the line, and what depends on the moment.
var (
	saidOfLine = regexp.MustCompile(`level=(INFO|WARN).* part=meter|msg="(telegram|frame) dropped"`)
	momentary  = regexp.MustCompile(`time=\S+ | away=\S+`)
)

// rest reads until the program hangs up.
func (c *client) rest() string {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(deadline)); err != nil {
		c.t.Fatal(err)
	}
	all, err := io.ReadAll(c.r)
	if err != nil {
		c.t.Fatalf("reading to the end: %v", err)
	}
	return string(all)
}

// TestReplayEnds: every reading reaches the broker before the program ends.
func TestReplayEnds(t *testing.T) {
	t.Parallel()
	var stream strings.Builder
	for n := range 500 {
		stream.WriteString(numbered(n + 1))
	}
	c, err := capture.Read(strings.NewReader(stream.String()))
	if err != nil {
		t.Fatal(err)
	}
	b := newBroker(t, testkit.Addr(t))
	port := source.Replay("file", c.Records, 0, false)
	p := startReplay(t, &port, b.variable())
	b.wait("smartmeter/status/energy", `"calculatedUsage":1}`)
	b.wait("smartmeter/status/energy", `"calculatedUsage":500}`)
	b.wait("smartmeter/connected", "0") // a clean stop
	select {
	case err := <-p.done:
		p.done <- err
	case <-time.After(deadline):
		t.Error("the program does not end with the file")
	}
}

// TestLastMinutes: what the line sent is kept, and can be had redacted.
func TestLastMinutes(t *testing.T) {
	meter := newLine(t)
	p := start(t, meter.variable(), "WEB_SERVER=127.0.0.1:0")
	conn := meter.accept()
	telegram := signed("/KFM5TEST\r\n\r\n1-3:0.2.8(42)\r\n0-0:96.1.1(4530303433303037303532383730333138)\r\n1-0:1.7.0(00.001*kW)\r\n")
	write(t, conn, "\x00\xFFnoise\r\n"+telegram)
	waitFor(t, "the telegram", func() bool { return p.log.Count("telegrams arrive") == 1 })
	conn.Close()
	waitFor(t, "the loss", func() bool { return p.log.Count("no data from the meter") == 1 })
	p.dial("health")
	address := p.address("health")
	raw := download(t, "http://"+address+"/capture?redact=no")
	for _, want := range []string{"# smartmeter capture 1\n", "# source: " + meter.listener.Addr().String(), " = opened\n", ` < \x00\xFFnoise\r\n`, "(4530303433303037303532383730333138)", " = lost: "} {
		if !strings.Contains(raw, want) {
			t.Errorf("the capture lacks %q:\n%s", want, raw)
		}
	}
	redacted := download(t, "http://"+address+"/capture")
	if strings.Contains(redacted, "4530303433303037303532383730333138") || !strings.Contains(redacted, "(4530303030303030303030303030303031)") || !strings.Contains(redacted, "# source: network\n") {
		t.Errorf("redacted:\n%s", redacted)
	}
	p.dial("page")
	if page := download(t, "http://"+p.address("page")+"/api/capture"); page != redacted {
		t.Errorf("the page gives another file: %s", cmp.Diff(redacted, page))
	}
	if strings.Contains(redacted, "127.0.0.1") {
		t.Errorf("an address is left:\n%s", redacted)
	}
}

func download(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", url, answer.Status, err, text)
	}
	return string(text)
}
