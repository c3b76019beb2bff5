package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// figures are those of one run of a scenario.
type figures struct {
	lost            [3]int // JSON, raw, MQTT
	p50, p99        time.Duration
	rawP99, mqttP99 time.Duration
	cpu             time.Duration // a telegram
	memory          memory
	first           time.Duration
	others          float64 // of the machine, 0 to 1
}

// take adds what the readers have got. They must have ended.
func (f *figures) take(w *world) {
	var sorted [3][]time.Duration
	for i, readers := range [...][]*reader{w.json, w.raw, {w.mqtt}} {
		for _, r := range readers {
			list := r.latencies()
			sorted[i] = append(sorted[i], list...)
			f.lost[i] += len(w.series.telegrams) - len(list)
		}
		slices.Sort(sorted[i])
	}
	for _, r := range w.pages {
		f.lost[0] += len(w.series.telegrams) - r.count()
	}
	f.p50, f.p99 = quantile(sorted[0], 50), quantile(sorted[0], 99)
	f.rawP99, f.mqttP99 = quantile(sorted[1], 99), quantile(sorted[2], 99)
}

// quantile is the smallest value that so many percent of all do not exceed;
// zero where there is none.
func quantile[T cmp.Ordered](sorted []T, percent int) T {
	if len(sorted) == 0 {
		var none T
		return none
	}
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}

// row is one row of the table, with a figure for each run.
type row struct {
	scenario
	binary  string // that is measured
	figures []figures
}

// each returns one figure of all runs, sorted.
func each[T cmp.Ordered](r *row, get func(*figures) T) []T {
	all := make([]T, 0, len(r.figures))
	for i := range r.figures {
		all = append(all, get(&r.figures[i]))
	}
	slices.Sort(all)
	return all
}

func median[T cmp.Ordered](r *row, get func(*figures) T) T { return quantile(each(r, get), 50) }

const header = "scenario\tclients\tstalled\trate\ttelegrams\tlost\tp50\tp99\traw p99\tmqtt p99\tcpu\trss\tanon\tpeak\tfirst\tothers"

// cells returns the row's texts, in the order of the header.
func (r *row) cells() []string {
	var lost [3]int
	for i := range r.figures {
		for kind, n := range r.figures[i].lost {
			lost[kind] += n
		}
	}
	p99 := each(r, func(f *figures) time.Duration { return f.p99 })
	p99s := ms(quantile(p99, 50))
	if len(p99) > 1 {
		p99s += " (" + ms(p99[0]) + "-" + ms(p99[len(p99)-1]) + ")"
	}
	mib := func(get func(*memory) float64) string {
		return fmt.Sprintf("%.1f", median(r, func(f *figures) float64 { return get(&f.memory) })/(1<<20))
	}
	return []string{
		r.name,
		clients(r.json, r.raw, r.pages),
		cmp.Or(r.stalled, "-"),
		r.pace(),
		fmt.Sprint(r.count),
		fmt.Sprintf("%d/%d/%d", lost[0], lost[1], lost[2]),
		ms(median(r, func(f *figures) time.Duration { return f.p50 })),
		p99s,
		ms(median(r, func(f *figures) time.Duration { return f.rawP99 })),
		ms(median(r, func(f *figures) time.Duration { return f.mqttP99 })),
		fmt.Sprintf("%.3f", median(r, func(f *figures) time.Duration { return f.cpu }).Seconds()*1e3),
		mib(func(m *memory) float64 { return m.resident }),
		mib(func(m *memory) float64 { return m.anonymous }),
		mib(func(m *memory) float64 { return m.peak }),
		fmt.Sprintf("%.1f", median(r, func(f *figures) time.Duration { return f.first }).Seconds()*1e3),
		fmt.Sprintf("%.0f%%", 100*median(r, func(f *figures) float64 { return f.others })),
	}
}

// String is the row as far as it is known, for who waits.
func (r *row) String() string {
	names, cells := strings.Split(header, "\t"), r.cells()
	for i := range cells {
		cells[i] = names[i] + " " + cells[i]
	}
	return strings.Join(cells, ", ")
}

func clients(json, raw, pages int) string {
	text := fmt.Sprintf("%d+%d", json, raw)
	if pages > 0 {
		text += fmt.Sprintf("+%d", pages)
	}
	return text
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1e3) }

// print prints the table.
func print(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, header+"\t")
	for i := range rows {
		fmt.Fprintln(t, strings.Join(rows[i].cells(), "\t")+"\t")
	}
	return t.Flush()
}
