package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// TestDemo follows the printed guide for every standard: the addresses work,
// the JSON socket sends readings and the raw socket telegrams.
func TestDemo(t *testing.T) {
	for _, s := range standards() {
		name := s.Name
		_, isPush := simulate.ParsePush(name)
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			guide, out := io.Pipe()
			ended := make(chan int, 1)
			go func() {
				ended <- run(ctx, []string{"-standard", name, "-every", "50ms"}, out, io.Discard)
				out.Close()
			}()
			addresses := printed(t, guide)
			want := regexp.MustCompile(`"header":`)
			if isPush { // whose lists hold the one, the other or both
				want = regexp.MustCompile(`"(currentUsage|totalUse)":`)
			}
			if got := firstLine(t, addresses[0], "{"); !want.MatchString(got) {
				t.Errorf("JSON socket: got %q", got)
			}
			if isPush {
				cancel()
				if code := <-ended; code != 0 {
					t.Errorf("the demo ended with %d", code)
				}
				return
			}
			if got := firstLine(t, addresses[1], "/"); !strings.Contains(got, "SIMULATED") {
				t.Errorf("raw socket: got %q", got)
			}
			cancel()
			if code := <-ended; code != 0 {
				t.Errorf("the demo ended with %d", code)
			}
		})
	}
}

// printed returns the addresses of the two sockets that the guide names.
func printed(t *testing.T, guide io.Reader) []string {
	t.Helper()
	var addresses []string
	for _, m := range found(t, guide, regexp.MustCompile(`telnet (\S+) (\d+)`)) {
		addresses = append(addresses, net.JoinHostPort(m[1], m[2]))
	}
	if len(addresses) != 2 {
		t.Fatalf("the guide names the sockets %q", addresses)
	}
	return addresses
}

// found returns what a pattern finds in the lines of the guide, of which there is at least one.
func found(t *testing.T, guide io.Reader, pattern *regexp.Regexp) [][]string {
	t.Helper()
	var all [][]string
	lines := bufio.NewScanner(guide)
	for lines.Scan() {
		if m := pattern.FindStringSubmatch(lines.Text()); m != nil {
			all = append(all, m)
		}
		if strings.Contains(lines.Text(), "Ctrl-C") {
			break
		}
	}
	if len(all) == 0 {
		t.Fatalf("the guide has nothing like %s", pattern)
	}
	return all
}

// waitForCause reads an event stream until the app names the cause.
func waitForCause(t *testing.T, ctx context.Context, url, cause string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var last string
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var status struct{ Verdict struct{ Name string } }
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData || json.Unmarshal([]byte(data), &status) != nil || status.Verdict.Name == "" {
			continue
		}
		if last = status.Verdict.Name; last == cause {
			return
		}
	}
	t.Errorf("the cause is %q, want %q (%v)", last, cause, lines.Err())
}

func firstLine(t *testing.T, addr, begins string) string {
	t.Helper()
	return lineWith(t, addr, begins, "")
}

// lineWith returns the first of many lines that has the text, or the last of
// them; all begin alike.
func lineWith(t *testing.T, addr, begins, text string) (line string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	for range 200 {
		line, err = r.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, begins) {
			t.Fatalf("%s: got %q, %v", addr, line, err)
		}
		if strings.Contains(line, text) {
			break
		}
	}
	return line
}

// TestCalls: what is asked for wrongly is said in one line and exits with 2, and
// the help is no error.
func TestCalls(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		want string // in the one line on standard error
	}{
		{[]string{"-h"}, 0, ""},
		{[]string{"--help"}, 0, ""},
		{[]string{"-nonsense"}, exitCall, "-nonsense"},
		{[]string{"stray"}, exitCall, `unexpected argument "stray"`},
		{[]string{"-v", "stray"}, exitCall, `unexpected argument "stray"`},
		{[]string{"-at", "noon"}, exitCall, "-at noon"},
		{[]string{"-every", "-2s"}, exitCall, "-every -2s"},
		{[]string{"-every", "soon"}, exitCall, "-every"},
		{[]string{"-meters", "5"}, exitCall, "-meters 5"},
		{[]string{"-fault", "fire"}, exitCall, "wrong-speed"},
		{[]string{"-standard", "dsmr9"}, exitCall, "dsmr50"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), test.args, &stdout, &stderr)
		if code != test.code {
			t.Errorf("%v: exit %d, want %d", test.args, code, test.code)
		}
		if code == 0 {
			for _, flag := range []string{"-at", "-every", "-fault", "-meters", "-no-solar", "-one-phase", "-seed", "-standard", "emucs17", "web-page"} {
				if !strings.Contains(stdout.String(), flag) {
					t.Errorf("%v: the help does not tell of %s", test.args, flag)
				}
			}
			continue
		}
		if text := stderr.String(); !strings.Contains(text, test.want) || strings.Count(text, "\n") != 1 {
			t.Errorf("%v: got %q, want one line with %q", test.args, text, test.want)
		}
	}
}

func TestClock(t *testing.T) {
	clock, err := clockFrom("2026-06-21T13:00")
	if err != nil {
		t.Fatal(err)
	}
	if now := clock(); now.Format("2006-01-02T15:04") != "2026-06-21T13:00" {
		t.Errorf("the clock shows %s", now)
	}
}

// TestMeters: each meter has sockets of its own at ports that follow each other,
// and what all say together is known.
func TestMeters(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	guide, out := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"-meters", "3", "-every", "50ms", "-seed", "5"}, out, io.Discard)
		out.Close()
	}()
	defer func() {
		cancel()
		<-ended
	}()
	var sockets, raw []string
	api := ""
	lines := bufio.NewScanner(guide)
	for lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C") {
		for i, m := range regexp.MustCompile(`telnet (\S+) (\d+)`).FindAllStringSubmatch(lines.Text(), -1) {
			if addr := net.JoinHostPort(m[1], m[2]); i == 0 && !strings.Contains(lines.Text(), "own telegrams") {
				sockets = append(sockets, addr)
			} else {
				raw = append(raw, addr)
			}
		}
		if m := regexp.MustCompile(`curl '(http://\S+\?meter=sum)'`).FindStringSubmatch(lines.Text()); m != nil {
			api = m[1]
		}
	}
	if len(sockets) != 3 || len(raw) != 3 || api == "" {
		t.Fatalf("the guide names %q, %q and %q", sockets, raw, api)
	}
	for _, addr := range sockets {
		if got := firstLine(t, addr, "{"); !strings.Contains(got, `"header":`) {
			t.Errorf("%s: got %q", addr, got)
		}
	}
	for _, addr := range raw {
		if got := firstLine(t, addr, "/"); !strings.Contains(got, "SIMULATED") {
			t.Errorf("%s: got %q", addr, got)
		}
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(api)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK && bytes.Contains(text, []byte(`"houseUsage":`)) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the sum: %s %s", answer.Status, text)
		}
	}
}

// TestHouseholds: at noon in June a household without panels exports nothing
// and one with panels does; one phase is one phase.
func TestHouseholds(t *testing.T) {
	for _, test := range []struct {
		args []string
		has  string // in a reading
		not  string
	}{
		{nil, `"solarProduction":`, ""},
		{[]string{"-no-solar"}, `"calculatedUsage":`, `"solarProduction":`},
		{[]string{"-one-phase"}, `"voltageL1":`, `"voltageL2":`},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			guide, out := io.Pipe()
			ended := make(chan int, 1)
			go func() {
				ended <- run(ctx, append(test.args, "-every", "50ms", "-at", "2026-06-21T13:00", "-seed", "5"), out, io.Discard)
				out.Close()
			}()
			line := lineWith(t, printed(t, guide)[0], "{", test.has) // the inverter is asked after the first readings
			if !strings.Contains(line, test.has) || test.not != "" && strings.Contains(line, test.not) {
				t.Errorf("got %s, want %s and not %s", line, test.has, test.not)
			}
			cancel()
			<-ended
		})
	}
}

// TestDemoEmulates: the printed commands lead to the emulated meters, which tell
// the power of the simulated one.
func TestDemoEmulates(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	guide, out := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"-emulate", "-every", "50ms"}, out, io.Discard)
		out.Close()
	}()
	asked := found(t, guide, regexp.MustCompile(`as an? .* curl '?(http://[^'\s]+)`))
	if len(asked) != len(emulations) {
		t.Fatalf("the guide names %q", asked)
	}
	for _, m := range asked {
		var body []byte
		for { // until the first reading has come
			answer, err := http.Get(m[1])
			if err != nil {
				t.Fatal(err)
			}
			body, err = io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode == http.StatusOK {
				break
			}
		}
		if !regexp.MustCompile(`power(_w)?":-?\d`).Match(body) {
			t.Errorf("%s: %s", m[1], body)
		}
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("the demo ended with %d", code)
	}
}

// TestDemoSources: by every way all outputs are alive.
func TestDemoSources(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			guide, out := io.Pipe()
			ended := make(chan int, 1)
			go func() {
				ended <- run(ctx, []string{"-source", w.name, "-meters", "2", "-every", "500ms"}, out, io.Discard)
				out.Close()
			}()
			pattern := `telnet (\S+) (\d+)|http://(\S+?):(\d+)/metrics`
			var addresses []string
			for _, m := range found(t, guide, regexp.MustCompile(pattern)) {
				addresses = append(addresses, net.JoinHostPort(m[1]+m[3], m[2]+m[4]))
			}
			if len(addresses) != 4 {
				t.Fatalf("the guide names %q", addresses)
			}
			for i, want := range []string{`"header":`, "SIMULATED"} {
				if got := firstLine(t, addresses[i], []string{"{", "/"}[i]); !strings.Contains(got, want) {
					t.Errorf("socket %d: got %q", i, got)
				}
			}
			if got := firstLine(t, addresses[3], "{"); !strings.Contains(got, `"header":`) {
				t.Errorf("the second meter: got %q", got)
			}
			waitForCause(t, ctx, "http://"+addresses[2]+"/api/events", "good")
			cancel()
			if code := <-ended; code != 0 {
				t.Errorf("the demo ended with %d", code)
			}
		})
	}
}

// TestAt: the app does not warn of the clock of a household that lives at another
// time.
func TestAt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	guide, out := io.Pipe()
	ended := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		ended <- run(ctx, []string{"-at", "2020-06-21T13:00", "-every", "50ms"}, out, &log)
		out.Close()
	}()
	if got := firstLine(t, printed(t, guide)[0], "{"); !strings.Contains(got, `"powerTs":"2020-06-21T13:00`) {
		t.Errorf("got %s", got)
	}
	cancel()
	if code := <-ended; code != 0 || strings.Contains(log.String(), "clock") {
		t.Errorf("exit %d, log:\n%s", code, log.String())
	}
}
