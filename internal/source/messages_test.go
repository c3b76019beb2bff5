package source

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// streamOf is what a line makes of messages.
func streamOf(t *testing.T, list ...string) string {
	t.Helper()
	m := &messages{receive: func(time.Time) ([]byte, error) {
		if len(list) == 0 {
			return nil, io.EOF
		}
		next := list[0]
		list = list[1:]
		return []byte(next), nil
	}}
	var got strings.Builder
	if _, err := io.CopyBuffer(&got, struct{ io.Reader }{m}, make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	return got.String()
}

// TestMessages: however a telegram is cut into messages, the stream holds its
// bytes.
func TestMessages(t *testing.T) {
	whole := telegramAt("261128120000W")
	timeless := "/ISk5\\2ME382-1003\r\n\r\n1-0:1.8.1(00608.400*kWh)\r\n!\r\n"
	rows := strings.Split(strings.TrimSuffix(whole, "\r\n"), "\r\n")
	chunked := func(size int) (list []string) {
		for rest := whole + whole; rest != ""; {
			n := min(size, len(rest))
			list, rest = append(list, rest[:n]), rest[n:]
		}
		return list
	}
	for name, tt := range map[string]struct {
		list []string
		want string
	}{
		"whole":                  {[]string{whole}, whole},
		"the same again":         {[]string{whole, whole, telegramAt("261128120001W")}, whole + telegramAt("261128120001W")},
		"line ends before it":    {[]string{"\r\n" + strings.TrimSpace(whole)}, "\r\n" + whole},
		"the same without time":  {[]string{timeless, timeless}, timeless + timeless},
		"trimmed":                {[]string{strings.TrimSpace(whole)}, whole},
		"rows with their ends":   {strings.SplitAfter(whole, "\r\n"), whole},
		"rows":                   {rows, whole},
		"rows that end with CR":  {strings.Split(strings.TrimSuffix(whole, "\n"), "\n"), whole},
		"rows, the blank missed": {append([]string{rows[0]}, rows[2:]...), strings.Replace(whole, "\r\n\r\n", "\r\n", 1)},
		"nothing at all":         {[]string{"", ""}, ""},
		"halves":                 {[]string{whole[:60], whole[60:]}, whole},
		"chunks of 64":           {chunked(64), whole + whole},
		"chunks of 48":           {chunked(48), whole + whole},
		"binary":                 {[]string{"\x7e\xa0\x01", "\xdb\x08("}, "\x7e\xa0\x01\xdb\x08("},
		"two rows in one":        {[]string{rows[0] + "\r\n\r\n" + rows[2], "\r\n" + rows[3] + "\r\n"}, rows[0] + "\r\n\r\n" + rows[2] + "\r\n" + rows[3] + "\r\n"},
	} {
		if diff := cmp.Diff(tt.want, streamOf(t, tt.list...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzMessages(f *testing.F) {
	f.Add(telegramAt("261128120000W"), 9)
	f.Add("!\n/\n!", 1)
	f.Fuzz(func(t *testing.T, text string, size int) {
		var list []string
		p := new(publishers)
		for rest := text; rest != ""; {
			n := min(max(size, 1), len(rest))
			p.takes([]byte(rest[:n]), time.Unix(int64(n), 0))
			list, rest = append(list, rest[:n]), rest[n:]
		}
		got := streamOf(t, list...)
		mayRepeat := slices.ContainsFunc(list, func(m string) bool { return isWhole([]byte(m)) })
		if strings.Map(endless, got) != strings.Map(endless, text) && !mayRepeat {
			t.Errorf("%q becomes %q", list, got)
		}
	})
}

// endless leaves line ends out, which are all that may be added.
func endless(r rune) rune {
	if r == '\r' || r == '\n' {
		return -1
	}
	return r
}

// meterAt is a telegram of another meter.
func meterAt(id, clock string) string {
	return strings.Replace(telegramAt(clock), "4530303434", id, 1)
}

func TestPublishers(t *testing.T) {
	rows := func(list ...string) (all []string) { // each telegram in rows, one of each in turn
		var split [][]string
		for _, s := range list {
			split = append(split, strings.Split(strings.TrimSpace(s), "\r\n"))
		}
		for i := range split[0] {
			for _, s := range split {
				all = append(all, s[i])
			}
		}
		return all
	}
	clock := func(second int) string { return fmt.Sprintf("26112812%02d%02dW", second/60, second%60) }
	var alone, pair, racers, behind, replaced, mixed, inRows []string
	for i := range 6 {
		alone = append(alone, meterAt("41", clock(i)))
		pair = append(pair, meterAt("41", clock(i)), meterAt("42", clock(i)))
		racers = append(racers, meterAt("41", clock(i+2)), meterAt("41", clock(i)))
		mixed = append(mixed, rows(meterAt("41", clock(i)), meterAt("42", clock(i)))...)
		inRows = append(inRows, rows(meterAt("41", clock(i)))...)
	}
	behind = []string{meterAt("41", "261128120500W"), meterAt("41", "261128120000W"), meterAt("41", "261128120001W")} // its clock was set
	replaced = append(append(replaced, alone...), meterAt("42", clock(80)))
	for name, tt := range map[string]struct {
		list             []string
		taken            int
		areTwo, areMixed bool
	}{
		"one":                         {alone, 6, false, false},
		"two meters":                  {pair, 6, true, false},
		"two readers of one meter":    {racers, 6, true, false},
		"a clock that was set":        {behind, 3, false, false},
		"a meter in place of another": {replaced, 7, false, false},
		"one in rows":                 {inRows, len(inRows), false, false},
		"two in rows":                 {mixed, len(mixed), true, true},
	} {
		p, now, taken := new(publishers), time.Unix(1, 0), 0
		for i, m := range tt.list {
			now = now.Add(time.Second)
			if name == "a meter in place of another" && i == 6 {
				now = now.Add(ownerLeaves)
			}
			if p.takes([]byte(m), now) {
				taken++
			}
		}
		if taken != tt.taken || p.areTwo(now) != tt.areTwo || p.areMixed(now) != tt.areMixed {
			t.Errorf("%s: %d taken, two: %t, mixed: %t", name, taken, p.areTwo(now), p.areMixed(now))
		}
		if p.areTwo(now.Add(time.Hour)) {
			t.Errorf("%s: still two after an hour", name)
		}
	}
}

func TestMessagesDeadline(t *testing.T) {
	m := &messages{receive: func(deadline time.Time) ([]byte, error) {
		if deadline.Unix() != 5 {
			t.Errorf("deadline %v", deadline)
		}
		return nil, os.ErrDeadlineExceeded
	}}
	_ = m.SetReadDeadline(time.Unix(5, 0))
	if _, err := m.Read(make([]byte, 1)); err != os.ErrDeadlineExceeded {
		t.Errorf("got %v", err)
	}
}
