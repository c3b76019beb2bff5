package mqtt

import "testing"

// TestNoAllocations guards the path of every telegram.
func TestNoAllocations(t *testing.T) {
	o := options()
	o.Interval = 0
	s, now := running(t, o, belgian())
	u := belgian()
	if got := testing.AllocsPerRun(100, func() { s.update(now, u) }); got != 0 {
		t.Errorf("a reading takes %v allocations, want 0", got)
	}
}

func BenchmarkState(b *testing.B) {
	s := newSession(options())
	u := dutch()
	s.update(start, u)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = s.meters[0].electricity.AppendState(dst[:0], &s.meters[0].view)
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkUpdate(b *testing.B) {
	s := newSession(options())
	s.status(start, alive())
	u := dutch()
	s.update(start, u)
	connect(s, start)
	b.ReportAllocs()
	for b.Loop() {
		s.update(start, u)
	}
}
