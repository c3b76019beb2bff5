package app

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// summary is how often the log tells what goes on without a change.
const summary = 15 * time.Minute

// teller logs the cause: when it changes, and while it is a problem every
// quarter of an hour.
type teller struct {
	log    *slog.Logger
	told   diagnosis.Cause // in the log; Waiting: nothing yet
	toldAt time.Time

	since     time.Time // good and bad are counted
	good, bad uint64
}

// said records that the log has the cause already.
func (t *teller) said(cause diagnosis.Cause, now time.Time) { t.told, t.toldAt = cause, now }

// tell logs what there is to say of the finding.
func (t *teller) tell(f diagnosis.Finding, now time.Time) {
	switch {
	case f.Cause == diagnosis.Waiting:
	case f.Problem && f.Cause != t.told:
		t.log.Warn(sentences(f), attributes(f)...)
		t.said(f.Cause, now)
	case f.Problem && f.Cause != diagnosis.Degraded && now.Sub(t.toldAt) >= summary:
		t.log.Warn("still no readings: "+sentences(f), append(attributes(f), "since", f.Since.Format(time.TimeOnly))...)
		t.toldAt = now
	case f.Cause == diagnosis.Good && t.told != f.Cause:
		if t.told.Problem() {
			t.log.Info("readings have resumed")
		}
		t.said(f.Cause, now)
	}
	if age := now.Sub(t.since); age >= summary {
		if t.bad > 0 && t.good > 0 {
			t.log.Warn("some telegrams were damaged and dropped; now and then is normal, else try a shorter cable or another USB port",
				"damaged", t.bad, "good", t.good, "in", age.Round(time.Second))
		}
		t.since, t.good, t.bad = now, 0, 0
	}
}

// sentences returns what is the matter, and what to do about it.
func sentences(f diagnosis.Finding) string {
	if f.Next == "" {
		return f.Cause.Text(meter.English)
	}
	return f.Cause.Text(meter.English) + ". " + f.Next
}

func attributes(f diagnosis.Finding) []any {
	attrs := []any{"verdict", f.Cause.String()}
	if f.Share > 0 {
		attrs = append(attrs, "damaged", fmt.Sprintf("%d%%", f.Share))
	}
	return attrs
}
