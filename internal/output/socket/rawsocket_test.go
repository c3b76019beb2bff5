package socket_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

func telegram(n int) string {
	return fmt.Sprintf("/ISk5\\2MT382-1000\r\n\r\n1-0:1.8.1(%06d.000*kWh)\r\n!%04X\r\n", n, n)
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

func TestRawClientIsStartedAtTheNextTelegram(t *testing.T) {
	one, two, three := telegram(1), telegram(2), telegram(3)
	tests := []struct {
		name   string
		before string   // written before the client is there
		after  []string // and then, one write each
		want   string
	}{
		{"between telegrams", one, []string{two, three}, two + three},
		{"in the middle of one", one + two[:20], []string{two[20:], three}, three},
		{"in the middle, and the rest comes with the next", two[:20], []string{two[20:] + three}, three},
		{"at the first byte", "", []string{one, two}, one + two},
		{"behind the line end", one, []string{two[:1], two[1:]}, two},
		{"between CR and LF", one[:len(one)-1], []string{"\n" + two}, two},
		{"what lies between telegrams is passed on", one, []string{two, "\x00\xffnoise\r\n", three}, two + "\x00\xffnoise\r\n" + three},
		{"a damaged one too", "", []string{one[:30] + three}, one[:30] + three},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := serveRaw(t, 2)
			w := newRawLine(t, s.hub)
			write(t, w, test.before)
			p := s.join(t)
			for _, text := range test.after {
				write(t, w, text)
			}
			p.want(t, test.want)
		})
	}
}

// Bytes leave as they come, without waiting for the end of a line.
func TestRawByteByByte(t *testing.T) {
	s := serveRaw(t, 2)
	w := newRawLine(t, s.hub)
	p := s.join(t)
	for n := range 20 {
		for _, b := range []byte(telegram(n)) {
			if _, err := w.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
			if got, err := p.ReadByte(); got != b || err != nil {
				t.Fatalf("client reads %q, %v, want %q", got, err, b)
			}
		}
	}
	for n := range 20 { // and where many wait, together
		for _, b := range []byte(telegram(n)) {
			if _, err := w.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n := range 20 {
		p.want(t, telegram(n))
	}
}

// Half a telegram is worse than a new connection: a raw client that does not
// read is disconnected, and the others notice nothing.
func TestSlowRawClientIsDisconnected(t *testing.T) {
	s := serveRaw(t, 2)
	w := newRawLine(t, s.hub)
	slow := s.join(t)
	quick := s.join(t)
	text := "/ISk5\r\n" + strings.Repeat("1-0:1.8.1(000001.000*kWh)\r\n", 100) + "!0000\r\n"
	// It is found out when a write of its has waited for a while.
	await(t, "the end of the slow client", func() bool {
		write(t, w, text)
		quick.want(t, text)
		return s.clients() < 2
	})
	await(t, "a warning", func() bool { return s.log.Count("level=WARN", "cannot keep up") == 1 })
	// What it got is the beginning, without a gap.
	got, _ := io.ReadAll(slow)
	if n := len(got); n == 0 || string(got) != strings.Repeat(text, n/len(text)+1)[:n] {
		t.Errorf("the slow client got %d bytes that were not sent so", n)
	}
	write(t, w, text)
	quick.want(t, text)
	s.join(t) // there is room again
}
