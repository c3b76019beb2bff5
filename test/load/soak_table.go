package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// soakTable prints a row for each period, and judges at the end.
type soakTable struct {
	w       io.Writer
	period  time.Duration
	long    time.Duration
	samples []sample
	printed int // samples that are in a row
}

const soakHeader = "    time  faults  telegrams  lost json/raw/mqtt   p50 ms   p99 ms  rss MiB (range)      anon  goroutines  log lines\n"

// add takes a sample and prints a row where one is due.
func (t *soakTable) add(s sample, k *soak) {
	if len(t.samples) == 0 {
		fmt.Fprint(t.w, soakHeader)
	}
	last := time.Duration(0)
	if t.printed > 0 {
		last = t.samples[t.printed-1].at
	}
	t.samples = append(t.samples, s)
	if s.at-last >= t.period*9/10 {
		t.row(k)
	}
}

func (t *soakTable) row(k *soak) {
	news := t.samples[t.printed:]
	t.printed = len(t.samples)
	var delays []time.Duration
	lost := map[string]int64{k.mqtt.what: k.mqtt.lost()}
	for _, r := range k.steady {
		lost[r.what] += r.lost()
		if list := r.take(); r.what == "json" {
			delays = append(delays, list...)
		}
	}
	k.mqtt.take()
	for _, b := range k.broken {
		b.tally.take()
	}
	slices.Sort(delays)
	resident := pick(news, func(s sample) float64 { return s.memory.resident / (1 << 20) })
	anonymous := pick(news, func(s sample) float64 { return s.memory.anonymous / (1 << 20) })
	goroutines := pick(news, func(s sample) float64 { return float64(s.goroutines) })
	fmt.Fprintf(t.w, "%8s  %6d  %9d  %18s  %7s  %7s  %4.1f (%.1f-%.1f)  %8.1f  %10s  %9d\n",
		news[len(news)-1].at.Round(time.Second), t.printed, k.meter.sent.Load(),
		fmt.Sprintf("%d/%d/%d", lost["json"], lost["raw"], lost["mqtt"]),
		ms(quantile(delays, 50)), ms(quantile(delays, 99)),
		quantile(resident, 50), resident[0], resident[len(resident)-1], quantile(anonymous, 50),
		fmt.Sprintf("%.0f-%.0f", goroutines[0], goroutines[len(goroutines)-1]), k.program.tail.count())
}

// pick is one figure of all samples, sorted.
func pick(samples []sample, get func(sample) float64) []float64 {
	list := make([]float64, 0, len(samples))
	for _, s := range samples {
		list = append(list, get(s))
	}
	slices.Sort(list)
	return list
}

// end compares how the program was once it had settled with how it is at the
// end, a minute each.
func (t *soakTable) end(k *soak) error {
	if t.printed < len(t.samples) {
		t.row(k)
	}
	from := min(soakSettle, t.long/3)
	settled := slices.DeleteFunc(slices.Clone(t.samples), func(s sample) bool { return s.at < from })
	if len(settled) < 2 {
		return errors.New("that was too short to compare anything: soak for longer")
	}
	before, after := settled[:min(soakMinute, len(settled)/2)], settled[max(len(settled)-soakMinute, len(settled)/2):]
	figure := func(name string, most float64, get func(sample) float64) error {
		was, is := quantile(pick(before, get), 50), quantile(pick(after, get), 50)
		change := 100 * (is - was) / was
		fmt.Fprintf(t.w, "%s: %.1f after %v, %.1f at the end: %+.1f %%\n", name, was, before[0].at.Round(time.Second), is, change)
		if change > most || change < -most {
			return fmt.Errorf("%s changed by %+.1f %%, more than %.0f %%", name, change, most)
		}
		return nil
	}
	errs := []error{
		figure("resident memory, MiB", 10, func(s sample) float64 { return s.memory.resident / (1 << 20) }),
		figure("goroutines", 0, func(s sample) float64 { return float64(s.goroutines) }),
	}
	for _, r := range k.steady {
		if n := k.meter.sent.Load() - r.count.Load(); n != 0 {
			errs = append(errs, fmt.Errorf("a client (%s) lost %d readings", r.what, n))
		}
	}
	return errors.Join(errs...)
}
