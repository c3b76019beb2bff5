package diagnosis_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// TestTable: names are for programs, and every problem has a next step.
func TestTable(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	names := map[string]bool{}
	for _, c := range diagnosis.All() {
		if !name.MatchString(c.String()) || names[c.String()] {
			t.Errorf("cause %d: its name %q is none, or there twice", c, c)
		}
		names[c.String()] = true
		seen := map[string]meter.Language{}
		for _, l := range meter.Languages {
			text, next := c.Text(l), c.Next(l)
			if text == "" || len(text) > 255 || strings.HasSuffix(text, ".") {
				t.Errorf("%s: text %q in %s", c, text, l)
			}
			if (next != "") != (c.Problem() || c.Hint()) || strings.HasSuffix(next, ".") || c.Problem() && !unicode.IsUpper([]rune(next)[0]) {
				t.Errorf("%s: next %q in %s", c, next, l)
			}
			if other, twice := seen[text]; twice {
				t.Errorf("%s: %s and %s have the same text %q", c, other, l, text)
			}
			seen[text] = l
		}
		if (c.Member() == "") != (c.Metric() == "") || (c.Member() == "") != (c.Count() == "") {
			t.Errorf("%s: its counter is not named everywhere", c)
		}
	}
}

// scene is a line, second by second.
type scene struct {
	*diagnosis.Judge
	now time.Time
}

func newScene() *scene {
	s := &scene{now: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
	s.Judge = diagnosis.New(s.now)
	return s
}

func (s *scene) wait(d time.Duration)                    { s.now = s.now.Add(d) }
func (s *scene) open()                                   { s.Opened(s.now) }
func (s *scene) hear(text string)                        { s.Bytes([]byte(text), s.now) }
func (s *scene) good()                                   { s.Good(s.now, 0) }
func (s *scene) lose(cause diagnosis.Cause, help string) { s.Lost(cause, help) }

const telegram = "/KFM5TEST\r\n\r\n1-3:0.2.8(42)\r\n1-0:1.7.0(00.329*kW)\r\n!ABCD\r\n"

func TestJudge(t *testing.T) {
	text := strings.Repeat("what is this\r\n", 400)
	noise := string(simulate.Noise(1, 400))
	for _, test := range []struct {
		name    string
		play    func(s *scene)
		want    diagnosis.Cause
		problem bool
	}{
		{"nothing happened yet", func(*scene) {}, diagnosis.Waiting, false},
		{"nothing happened for long", func(s *scene) { s.wait(time.Hour) }, diagnosis.Waiting, false},
		{"no source", func(s *scene) { s.Unset(nil) }, diagnosis.Unset, true},
		{"open", func(s *scene) { s.open() }, diagnosis.Waiting, false},
		{"half a telegram", func(s *scene) { s.open(); s.hear(telegram[20:]) }, diagnosis.Waiting, false},
		{"a reading", func(s *scene) { s.open(); s.hear(telegram); s.good(); s.wait(14 * time.Second) }, diagnosis.Good, false},
		{"a reading, and then nothing", func(s *scene) { s.open(); s.good(); s.wait(16 * time.Second) }, diagnosis.Waiting, false},

		{"missing", func(s *scene) { s.lose(diagnosis.Missing, "x") }, diagnosis.Missing, false},
		{"missing for long", func(s *scene) { s.lose(diagnosis.Missing, "x"); s.wait(31 * time.Second) }, diagnosis.Missing, true},
		{"missing, then there", func(s *scene) { s.lose(diagnosis.Missing, "x"); s.wait(time.Minute); s.open() }, diagnosis.Waiting, false},
		{"pulled while readings arrive", func(s *scene) { s.open(); s.good(); s.lose(diagnosis.Gone, "x") }, diagnosis.Gone, false},
		{"noise, then another cable", func(s *scene) {
			s.open()
			s.hear(noise)
			s.lose(diagnosis.Gone, "x")
			s.wait(time.Second)
			s.open()
			s.hear("?")
		}, diagnosis.Waiting, false},
		{"silence", func(s *scene) { s.open(); s.wait(15 * time.Second); s.lose(diagnosis.Silence, "x") }, diagnosis.Silence, false},
		{"lost and opened again", func(s *scene) { s.open(); s.good(); s.lose(diagnosis.HungUp, "x"); s.open() }, diagnosis.HungUp, false},
		{"silence, open again", func(s *scene) {
			s.open()
			s.wait(45 * time.Second)
			s.lose(diagnosis.Silence, "x")
			s.open()
		}, diagnosis.Silence, true},
		{"noise, then silence", func(s *scene) {
			s.open()
			s.hear(noise)
			s.wait(45 * time.Second)
			s.lose(diagnosis.Silence, "x")
		}, diagnosis.Noise, true},
		{"noise, then long silence", func(s *scene) {
			s.open()
			s.hear(noise)
			s.wait(45 * time.Second)
			s.lose(diagnosis.Silence, "x")
			s.wait(5 * time.Minute)
		}, diagnosis.Silence, true},
		{"a bit of noise", func(s *scene) { s.open(); s.hear(noise[:20]); s.wait(time.Minute) }, diagnosis.Waiting, false},

		{"refused", func(s *scene) { s.lose(diagnosis.Refused, "x"); s.wait(time.Minute) }, diagnosis.Refused, true},
		{"an error that nobody knows", func(s *scene) { s.lose(diagnosis.Fails, ""); s.wait(time.Minute) }, diagnosis.Fails, true},
		{"hung up", func(s *scene) { s.open(); s.lose(diagnosis.HungUp, "x"); s.wait(time.Minute); s.open() }, diagnosis.HungUp, true},
		{"hung up in a telegram", func(s *scene) {
			s.open()
			s.hear(telegram[:50])
			s.Cut(1, s.now)
			s.lose(diagnosis.HungUp, "x")
		}, diagnosis.HungUp, false},
		{"busy, then hung up", func(s *scene) {
			s.open()
			s.hear("Too many connections\r\n")
			s.lose(diagnosis.HungUp, "x")
			s.wait(31 * time.Second)
			s.open()
		}, diagnosis.TooMany, true},

		{"noise", func(s *scene) { s.open(); s.hear(noise); s.wait(31 * time.Second) }, diagnosis.Noise, true},
		{"noise at first", func(s *scene) { s.open(); s.hear(noise); s.good() }, diagnosis.Good, false},
		{"other text, too early to tell", func(s *scene) { s.open(); s.hear(text[:2000]); s.wait(19 * time.Second) }, diagnosis.Waiting, false},
		{"other text", func(s *scene) { s.open(); s.hear(text[:2000]); s.wait(20 * time.Second) }, diagnosis.OtherText, false},
		{"much other text", func(s *scene) { s.open(); s.hear(text) }, diagnosis.OtherText, false},
		{"telegrams without end", func(s *scene) { s.open(); s.hear(text); s.Cut(1, s.now); s.wait(31 * time.Second) }, diagnosis.Cut, true},
		{"wrong checksums", func(s *scene) {
			s.open()
			s.hear(telegram)
			s.Bad(decode.CauseOf(dsmr.ErrChecksum), s.now)
			s.wait(31 * time.Second)
		}, diagnosis.Checksums, true},
		{"encrypted", func(s *scene) { s.open(); s.hear(noise); s.Bad(decode.CauseOf(cipher.ErrNoKey), s.now) }, diagnosis.Encrypted, false},
		{"wrong key", func(s *scene) { s.open(); s.hear(noise); s.Bad(decode.CauseOf(cipher.ErrKey), s.now) }, diagnosis.WrongKey, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene()
			test.play(s)
			v := s.Find(s.now)
			if v.Cause != test.want || v.Problem != test.problem {
				t.Errorf("got %s, problem %t, want %s, %t", v.Cause, v.Problem, test.want, test.problem)
			}
		})
	}
}

// TestNextStep: the source knows more of some, such as what devices there are.
func TestNextStep(t *testing.T) {
	for _, test := range []struct {
		play func(s *scene)
		want string
	}{
		{func(s *scene) { s.lose(diagnosis.Missing, "Is it? /dev/ttyUSB1") }, "Is it? /dev/ttyUSB1"},
		{func(s *scene) { s.lose(diagnosis.Missing, "") }, diagnosis.Missing.Next(meter.English)},
		{func(s *scene) { s.Unset([]string{"/dev/ttyUSB0", "/dev/ttyUSB1"}) }, diagnosis.Unset.Next(meter.English) + ". Serial devices found: /dev/ttyUSB0, /dev/ttyUSB1"},
		{func(s *scene) { s.Unset(nil) }, diagnosis.Unset.Next(meter.English) + ". No serial device was found: is the cable plugged in?"},
		{func(s *scene) { s.open(); s.hear("\xDB"); s.Bad(decode.CauseOf(cipher.ErrNoKey), s.now) }, diagnosis.Encrypted.Next(meter.English)},
	} {
		s := newScene()
		test.play(s)
		if v := s.Find(s.now); v.Next != test.want {
			t.Errorf("%s: next %q, want %q", v.Cause, v.Next, test.want)
		}
	}
}

// TestDegraded: readings arrive, one in so many is damaged.
func TestDegraded(t *testing.T) {
	s := newScene()
	s.open()
	minute := func(damaged int) (diagnosis.Cause, int) { // of sixty telegrams
		for i := range 60 {
			s.wait(time.Second)
			if i < damaged {
				s.Bad(decode.CauseOf(dsmr.ErrChecksum), s.now)
			} else {
				s.good()
			}
		}
		v := s.Find(s.now)
		kind := v.Cause
		if kind != diagnosis.Good && kind != diagnosis.Degraded || v.Problem != (kind == diagnosis.Degraded) || (v.Share > 0) != v.Problem {
			t.Errorf("got %+v", v)
		}
		return kind, v.Share
	}
	for n, test := range []struct {
		damaged int
		want    diagnosis.Cause
		share   int
	}{
		{4, diagnosis.Good, 0},                                 // few
		{1, diagnosis.Good, 0},                                 // 5 of 120
		{10, diagnosis.Degraded, 8},                            // 15 of 180
		{0, diagnosis.Degraded, 6},                             // 15 of 240
		{0, diagnosis.Degraded, 5}, {0, diagnosis.Degraded, 4}, // below one in twenty: it goes on
		{0, diagnosis.Degraded, 4}, {0, diagnosis.Degraded, 3}, {0, diagnosis.Degraded, 3}, {0, diagnosis.Degraded, 3},
		{0, diagnosis.Degraded, 2}, {0, diagnosis.Degraded, 2}, // 15 of 720
		{0, diagnosis.Good, 0}, // 15 of 780: below one in fifty
		{0, diagnosis.Good, 0},
	} {
		if kind, share := minute(test.damaged); kind != test.want || share != test.share {
			t.Errorf("minute %d: got %s, %d %%, want %s, %d %%", n, kind, share, test.want, test.share)
		}
	}
	s.wait(time.Hour)
	for range 4 { // what was an hour ago does not count
		s.Bad(decode.CauseOf(dsmr.ErrChecksum), s.now)
	}
	s.good()
	if kind := s.Find(s.now).Cause; kind != diagnosis.Good {
		t.Errorf("an hour later: got %s", kind)
	}
}

// TestProblemLasts until there are readings, whatever the line does meanwhile.
func TestProblemLasts(t *testing.T) {
	s := newScene()
	s.lose(diagnosis.Refused, "x")
	s.wait(time.Minute)
	s.Find(s.now)
	for _, step := range []struct {
		play    func()
		want    diagnosis.Cause
		problem bool
	}{
		{func() { s.open() }, diagnosis.Waiting, true},
		{func() { s.lose(diagnosis.HungUp, "x") }, diagnosis.HungUp, true},
		{func() { s.open(); s.good() }, diagnosis.Good, false},
		{func() { s.lose(diagnosis.HungUp, "x") }, diagnosis.HungUp, false},
		{func() { s.open(); s.good(); s.Cut(5, s.now) }, diagnosis.Degraded, true},
		{func() { s.lose(diagnosis.HungUp, "x") }, diagnosis.HungUp, true},
		{func() { s.open(); s.good() }, diagnosis.Degraded, true},
	} {
		s.wait(time.Second)
		step.play()
		if v := s.Find(s.now); v.Cause != step.want || v.Problem != step.problem {
			t.Errorf("got %s, problem %t, want %s, %t", v.Cause, v.Problem, step.want, step.problem)
		}
	}
}

func TestSince(t *testing.T) {
	s := newScene()
	s.lose(diagnosis.Refused, "x")
	from := s.now
	s.Find(s.now)
	s.wait(time.Minute)
	if v := s.Find(s.now); !v.Since.Equal(from) {
		t.Errorf("refused since %v, want %v", v.Since, from)
	}
	s.lose(diagnosis.NoAnswer, "x")
	if v := s.Find(s.now); !v.Since.Equal(s.now) {
		t.Errorf("no answer since %v, want %v", v.Since, s.now)
	}
}
