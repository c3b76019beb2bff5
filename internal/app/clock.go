package app

import (
	"log/slog"
	"time"
)

// The meter's clock is reported when it is off by more than these.
const (
	clockOff    = 30 * time.Minute // a wrong time zone here, or a wrong clock there
	clockInsane = 24 * time.Hour
)

// clockCheck logs once that a meter's clock is off, and once that it is correct
// again.
type clockCheck struct {
	log   *slog.Logger
	other bool // the telegrams are replayed or simulated, so their times are others
	off   bool
}

func (c *clockCheck) check(received, at time.Time) {
	if c.other || at.IsZero() {
		return
	}
	by := at.Sub(received).Round(time.Minute)
	switch off := by.Abs() > clockOff; {
	case off == c.off:
	case !off:
		c.log.Info("the meter's clock is correct again")
	case by.Abs() > clockInsane:
		c.log.Warn("the meter's clock is wrong, and with it every time in its telegrams; the readings are not affected. "+
			"The grid operator, who owns the meter, can set it",
			"meter", at.Format(time.RFC3339), "off", by)
	default:
		c.log.Warn("the meter's clock differs from this machine's: "+
			"is the time zone right (variable TZ; under Home Assistant, its own time zone is used)?",
			"meter", at.Format(time.RFC3339), "off", by)
	}
	c.off = by.Abs() > clockOff
}
