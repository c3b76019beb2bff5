package app

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// summary is how often the log repeats a problem that does not change.
const summary = 15 * time.Minute

// causeLog logs the cause: when it changes, and while it is a problem every
// quarter of an hour.
type causeLog struct {
	log    *slog.Logger
	told   diagnosis.Cause // the last one in the log; Waiting: none yet
	toldAt time.Time

	since     time.Time // when the counts below began
	good, bad uint64
}

// said records that the cause was logged elsewhere.
func (l *causeLog) said(cause diagnosis.Cause, now time.Time) { l.told, l.toldAt = cause, now }

// write logs the finding if it is new, or due again.
func (l *causeLog) write(f diagnosis.Finding, now time.Time) {
	switch {
	case f.Cause == diagnosis.Waiting:
	case f.Problem && f.Cause != l.told:
		l.log.Warn(sentences(f), attributes(f)...)
		l.said(f.Cause, now)
	case f.Problem && f.Cause != diagnosis.Degraded && now.Sub(l.toldAt) >= summary:
		l.log.Warn("still no readings: "+sentences(f), append(attributes(f), "since", f.Since.Format(time.TimeOnly))...)
		l.toldAt = now
	case f.Cause.Arrive() && l.told != f.Cause:
		if l.told.Problem() {
			l.log.Info("readings have resumed")
		}
		if f.Cause.Hint() {
			l.log.Warn(sentences(f), attributes(f)...)
		}
		l.said(f.Cause, now)
	}
	if age := now.Sub(l.since); age >= summary {
		if l.bad > 0 && l.good > 0 {
			l.log.Warn("some telegrams were damaged and dropped; a few are normal, "+
				"but if there are many, try a shorter cable or another USB port",
				"damaged", l.bad, "good", l.good, "in", age.Round(time.Second))
		}
		l.since, l.good, l.bad = now, 0, 0
	}
}

// sentences returns the cause and what to do about it.
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
