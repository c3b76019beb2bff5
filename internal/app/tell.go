package app

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
	"github.com/smartmeter-addon/smartmeter-addon/internal/verdict"
)

// summary is how often the log tells what goes on without a change.
const summary = 15 * time.Minute

// teller tells the verdict in the log: when it changes, and while it is a
// problem every quarter of an hour.
type teller struct {
	log    *slog.Logger
	told   verdict.Kind // in the log; Waiting: nothing yet
	toldAt time.Time

	since     time.Time // good and bad are counted
	good, bad uint64
}

// said records that the log has the verdict already.
func (t *teller) said(kind verdict.Kind, now time.Time) { t.told, t.toldAt = kind, now }

// tell says what there is to say.
func (t *teller) tell(kind verdict.Kind, stands status.Verdict, now time.Time) {
	switch {
	case kind == verdict.Waiting:
	case stands.Problem && kind != t.told:
		t.log.Warn(sentences(stands), attributes(stands)...)
		t.said(kind, now)
	case stands.Problem && kind != verdict.Degraded && now.Sub(t.toldAt) >= summary:
		t.log.Warn("still no readings: "+sentences(stands), append(attributes(stands), "since", stands.Since.Format(time.TimeOnly))...)
		t.toldAt = now
	case kind == verdict.Good && t.told != kind:
		if t.told.Problem() {
			t.log.Info("readings go on")
		}
		t.said(kind, now)
	}
	if age := now.Sub(t.since); age >= summary {
		if t.bad > 0 && t.good > 0 {
			t.log.Warn("some telegrams were damaged and dropped; now and then is normal, else try a shorter cable or another USB port",
				"damaged", t.bad, "good", t.good, "in", age.Round(time.Second))
		}
		t.since, t.good, t.bad = now, 0, 0
	}
}

// sentences is the verdict with what to do about it.
func sentences(v status.Verdict) string {
	if v.Next == "" {
		return v.Text
	}
	return v.Text + ". " + v.Next
}

func attributes(v status.Verdict) []any {
	attrs := []any{"verdict", v.Name}
	if v.Share > 0 {
		attrs = append(attrs, "damaged", fmt.Sprintf("%d%%", v.Share))
	}
	return attrs
}
