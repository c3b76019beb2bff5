package verdict_test

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/verdict"
)

// TestTable: names are for programs, and every problem has a next step.
func TestTable(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	names := map[string]bool{}
	for kind := range verdict.NumKinds {
		if !name.MatchString(kind.String()) || names[kind.String()] {
			t.Errorf("kind %d: its name %q is none, or there twice", kind, kind)
		}
		names[kind.String()] = true
		if text := kind.Text(); text == "" || len(text) > 255 || strings.HasSuffix(text, ".") {
			t.Errorf("%s: text %q", kind, text)
		}
		if next := kind.Next(); (next != "") != kind.Problem() || kind.Problem() && strings.ToUpper(next[:1]) != next[:1] {
			t.Errorf("%s: next %q", kind, next)
		}
	}
	for trouble := range source.NumTroubles {
		if kind := verdict.OfTrouble(trouble); !kind.Problem() {
			t.Errorf("trouble %d is taken for %q", trouble, kind)
		}
	}
}

// scene is a line, second by second.
type scene struct {
	*verdict.Judge
	now time.Time
}

func newScene() *scene {
	s := &scene{now: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
	s.Judge = verdict.New(s.now)
	return s
}

func (s *scene) wait(d time.Duration) { s.now = s.now.Add(d) }
func (s *scene) open()                { s.Line(source.Event{State: source.Opened}, s.now) }
func (s *scene) hear(text string)     { s.Bytes([]byte(text), s.now) }
func (s *scene) good()                { s.Line(source.Event{State: source.Alive}, s.now); s.Good(s.now, 0) }
func (s *scene) lose(trouble source.Trouble, help string) {
	s.Line(source.Event{State: source.Lost, Err: io.EOF, Trouble: trouble, Help: help}, s.now)
}

const telegram = "/KFM5TEST\r\n\r\n1-3:0.2.8(42)\r\n1-0:1.7.0(00.329*kW)\r\n!ABCD\r\n"

func TestJudge(t *testing.T) {
	text := strings.Repeat("what is this\r\n", 400)
	noise := string(simulate.Noise(1, 400))
	for _, test := range []struct {
		name    string
		play    func(s *scene)
		want    verdict.Kind
		problem bool
	}{
		{"nothing happened yet", func(*scene) {}, verdict.Waiting, false},
		{"nothing happened for long", func(s *scene) { s.wait(time.Hour) }, verdict.Waiting, false},
		{"no source", func(s *scene) { s.Unset(nil) }, verdict.Unset, true},
		{"open", func(s *scene) { s.open() }, verdict.Waiting, false},
		{"half a telegram", func(s *scene) { s.open(); s.hear(telegram[20:]) }, verdict.Waiting, false},
		{"a reading", func(s *scene) { s.open(); s.hear(telegram); s.good(); s.wait(14 * time.Second) }, verdict.Good, false},
		{"a reading, and then nothing", func(s *scene) { s.open(); s.good(); s.wait(16 * time.Second) }, verdict.Waiting, false},

		{"missing", func(s *scene) { s.lose(source.TroubleMissing, "x") }, verdict.Missing, false},
		{"missing for long", func(s *scene) { s.lose(source.TroubleMissing, "x"); s.wait(31 * time.Second) }, verdict.Missing, true},
		{"missing, then there", func(s *scene) { s.lose(source.TroubleMissing, "x"); s.wait(time.Minute); s.open() }, verdict.Waiting, false},
		{"pulled while readings arrive", func(s *scene) { s.open(); s.good(); s.lose(source.TroubleGone, "x") }, verdict.Gone, false},
		{"noise, then another cable", func(s *scene) {
			s.open()
			s.hear(noise)
			s.lose(source.TroubleGone, "x")
			s.wait(time.Second)
			s.open()
			s.hear("?")
		}, verdict.Waiting, false},
		{"silence", func(s *scene) { s.open(); s.wait(15 * time.Second); s.lose(source.TroubleSilence, "x") }, verdict.Silence, false},
		{"lost and opened again", func(s *scene) { s.open(); s.good(); s.lose(source.TroubleHungUp, "x"); s.open() }, verdict.HungUp, false},
		{"silence, open again", func(s *scene) {
			s.open()
			s.wait(45 * time.Second)
			s.lose(source.TroubleSilence, "x")
			s.open()
		}, verdict.Silence, true},
		{"noise, then silence", func(s *scene) {
			s.open()
			s.hear(noise)
			s.wait(45 * time.Second)
			s.lose(source.TroubleSilence, "x")
		}, verdict.Noise, true},
		{"noise, then long silence", func(s *scene) {
			s.open()
			s.hear(noise)
			s.wait(45 * time.Second)
			s.lose(source.TroubleSilence, "x")
			s.wait(5 * time.Minute)
		}, verdict.Silence, true},
		{"a bit of noise", func(s *scene) { s.open(); s.hear(noise[:20]); s.wait(time.Minute) }, verdict.Waiting, false},

		{"refused", func(s *scene) { s.lose(source.TroubleRefused, "x"); s.wait(time.Minute) }, verdict.Refused, true},
		{"an error that nobody knows", func(s *scene) { s.lose(source.TroubleUnknown, ""); s.wait(time.Minute) }, verdict.Fails, true},
		{"hung up", func(s *scene) { s.open(); s.lose(source.TroubleHungUp, "x"); s.wait(time.Minute); s.open() }, verdict.HungUp, true},
		{"hung up in a telegram", func(s *scene) {
			s.open()
			s.hear(telegram[:50])
			s.Cut(1, s.now)
			s.lose(source.TroubleHungUp, "x")
		}, verdict.HungUp, false},
		{"busy, then hung up", func(s *scene) {
			s.open()
			s.hear("Too many connections\r\n")
			s.lose(source.TroubleHungUp, "x")
			s.wait(31 * time.Second)
			s.open()
		}, verdict.TooMany, true},

		{"noise", func(s *scene) { s.open(); s.hear(noise); s.wait(31 * time.Second) }, verdict.Noise, true},
		{"noise at first", func(s *scene) { s.open(); s.hear(noise); s.good() }, verdict.Good, false},
		{"other text, too early to tell", func(s *scene) { s.open(); s.hear(text[:2000]); s.wait(19 * time.Second) }, verdict.Waiting, false},
		{"other text", func(s *scene) { s.open(); s.hear(text[:2000]); s.wait(20 * time.Second) }, verdict.OtherText, false},
		{"much other text", func(s *scene) { s.open(); s.hear(text) }, verdict.OtherText, false},
		{"telegrams without end", func(s *scene) { s.open(); s.hear(text); s.Cut(1, s.now); s.wait(31 * time.Second) }, verdict.Cut, true},
		{"wrong checksums", func(s *scene) {
			s.open()
			s.hear(telegram)
			s.Bad(dsmr.ErrChecksum, s.now)
			s.wait(31 * time.Second)
		}, verdict.Checksums, true},
		{"encrypted", func(s *scene) { s.open(); s.hear(noise); s.Bad(dsmr.ErrNoKey, s.now) }, verdict.Encrypted, false},
		{"wrong key", func(s *scene) { s.open(); s.hear(noise); s.Bad(dsmr.ErrKey, s.now) }, verdict.WrongKey, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene()
			test.play(s)
			kind, v := s.Verdict(s.now)
			if kind != test.want || v.Name != kind.String() || v.Problem != test.problem {
				t.Errorf("got %s, problem %t, want %s, %t", v.Name, v.Problem, test.want, test.problem)
			}
			if v.Good != (kind == verdict.Good) {
				t.Errorf("good is %t", v.Good)
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
		{func(s *scene) { s.lose(source.TroubleMissing, "is it? /dev/ttyUSB1") }, "Is it? /dev/ttyUSB1"},
		{func(s *scene) { s.lose(source.TroubleMissing, "") }, verdict.Missing.Next()},
		{func(s *scene) { s.Unset([]string{"/dev/ttyUSB0", "/dev/ttyUSB1"}) }, verdict.Unset.Next() + ". Serial devices found: /dev/ttyUSB0, /dev/ttyUSB1"},
		{func(s *scene) { s.Unset(nil) }, verdict.Unset.Next() + ". No serial device was found: is the cable plugged in?"},
		{func(s *scene) { s.open(); s.hear("\xDB"); s.Bad(dsmr.ErrNoKey, s.now) }, verdict.Encrypted.Next()},
	} {
		s := newScene()
		test.play(s)
		if _, v := s.Verdict(s.now); v.Next != test.want {
			t.Errorf("%s: next %q, want %q", v.Name, v.Next, test.want)
		}
	}
}

// TestDegraded: readings arrive, one in so many is damaged.
func TestDegraded(t *testing.T) {
	s := newScene()
	s.open()
	minute := func(damaged int) (verdict.Kind, int) { // of sixty telegrams
		for i := range 60 {
			s.wait(time.Second)
			if i < damaged {
				s.Bad(dsmr.ErrChecksum, s.now)
			} else {
				s.good()
			}
		}
		kind, v := s.Verdict(s.now)
		if !v.Good || v.Problem != (kind == verdict.Degraded) || (v.Share > 0) != v.Problem {
			t.Errorf("got %+v", v)
		}
		return kind, v.Share
	}
	for n, test := range []struct {
		damaged int
		want    verdict.Kind
		share   int
	}{
		{4, verdict.Good, 0},                               // few
		{1, verdict.Good, 0},                               // 5 of 120
		{10, verdict.Degraded, 8},                          // 15 of 180
		{0, verdict.Degraded, 6},                           // 15 of 240
		{0, verdict.Degraded, 5}, {0, verdict.Degraded, 4}, // below one in twenty: it goes on
		{0, verdict.Degraded, 4}, {0, verdict.Degraded, 3}, {0, verdict.Degraded, 3}, {0, verdict.Degraded, 3},
		{0, verdict.Degraded, 2}, {0, verdict.Degraded, 2}, // 15 of 720
		{0, verdict.Good, 0}, // 15 of 780: below one in fifty
		{0, verdict.Good, 0},
	} {
		if kind, share := minute(test.damaged); kind != test.want || share != test.share {
			t.Errorf("minute %d: got %s, %d %%, want %s, %d %%", n, kind, share, test.want, test.share)
		}
	}
	s.wait(time.Hour)
	for range 4 { // what was an hour ago does not count
		s.Bad(dsmr.ErrChecksum, s.now)
	}
	s.good()
	if kind, _ := s.Verdict(s.now); kind != verdict.Good {
		t.Errorf("an hour later: got %s", kind)
	}
}

// TestProblemLasts until there are readings, whatever the line does meanwhile.
func TestProblemLasts(t *testing.T) {
	s := newScene()
	s.lose(source.TroubleRefused, "x")
	s.wait(time.Minute)
	s.Verdict(s.now)
	for _, step := range []struct {
		play    func()
		want    verdict.Kind
		problem bool
	}{
		{func() { s.open() }, verdict.Waiting, true},
		{func() { s.lose(source.TroubleHungUp, "x") }, verdict.HungUp, true},
		{func() { s.open(); s.good() }, verdict.Good, false},
		{func() { s.lose(source.TroubleHungUp, "x") }, verdict.HungUp, false},
		{func() { s.open(); s.good(); s.Cut(5, s.now) }, verdict.Degraded, true},
		{func() { s.lose(source.TroubleHungUp, "x") }, verdict.HungUp, true},
		{func() { s.open(); s.good() }, verdict.Degraded, true},
	} {
		s.wait(time.Second)
		step.play()
		if kind, v := s.Verdict(s.now); kind != step.want || v.Problem != step.problem {
			t.Errorf("got %s, problem %t, want %s, %t", kind, v.Problem, step.want, step.problem)
		}
	}
}

func TestSince(t *testing.T) {
	s := newScene()
	s.lose(source.TroubleRefused, "x")
	from := s.now
	s.Verdict(s.now)
	s.wait(time.Minute)
	if _, v := s.Verdict(s.now); !v.Since.Equal(from) {
		t.Errorf("refused since %v, want %v", v.Since, from)
	}
	s.lose(source.TroubleNoAnswer, "x")
	if _, v := s.Verdict(s.now); !v.Since.Equal(s.now) {
		t.Errorf("no answer since %v, want %v", v.Since, s.now)
	}
}
