package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

const usage = `demo shows the whole product without a meter, a broker or any set-up: a simulated
household, its meter and solar inverter, an MQTT broker, and the real app between
them, on loopback only. It prints how to look at each output. Ctrl-C ends it.

`

// options are the options of a call of the demo.
type options struct {
	meter    household
	further  []household // beside the first
	standard simulate.StandardInfo
	every    time.Duration
	seed     uint64
	clock    func() time.Time
	way      way
	fault    fault
	noSolar  bool
	onePhase bool
	emulate  bool
	verbose  bool
}

// parseOptions reads the command line. The help, which is asked for with -h, is
// written to stdout; the error is then flag.ErrHelp.
func parseOptions(args []string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are shown once, by the caller
	at := flags.String("at", "", "simulated date and `time`, such as 2026-06-21T13:00 (default now)")
	flags.BoolVar(&o.emulate, "emulate", false, "answer as other makers' meters too, for batteries and wallboxes")
	flags.DurationVar(&o.every, "every", 0, "time between telegrams (default as the standard has it)")
	source := flags.String("source", "tcp", "how the app reads the meter: one of the `ways` below")
	fault := flags.String("fault", "", "what is wrong with the line: one of the `faults` below")
	meters := flags.Int("meters", 1, "how many meters the house has, 1 to 4")
	flags.BoolVar(&o.noSolar, "no-solar", false, "a household without solar panels")
	flags.BoolVar(&o.onePhase, "one-phase", false, "a household with one phase instead of three")
	flags.Uint64Var(&o.seed, "seed", 0, "which household it is (default another one each time)")
	name := flags.String("standard", "dsmr50", "what the meter prints: one of the `standards` below")
	flags.BoolVar(&o.verbose, "v", false, "log every telegram")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			help(flags, stdout)
		}
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.every < 0 {
		return o, fmt.Errorf("-every %s: the time between telegrams cannot be negative", o.every)
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano())
	}
	var err error
	if o.meter, o.standard, err = o.household(*name); err != nil {
		return o, err
	}
	if *meters < 1 || *meters > 1+len(slots) {
		return o, fmt.Errorf("-meters %d: the house may have 1 to %d", *meters, 1+len(slots))
	}
	beside := options{noSolar: true, onePhase: o.onePhase} // the panels are the house's, and the first meter sees them
	for n := 1; n < *meters; n++ {
		beside.seed = o.seed + uint64(n)
		further, _, err := beside.household(*name)
		if err != nil {
			return o, err
		}
		o.further = append(o.further, further)
	}
	if o.every == 0 {
		o.every = o.standard.Period
	}
	if o.clock, err = clockFrom(*at); err != nil {
		return o, err
	}
	if o.way, err = parseWay(*source); err != nil {
		return o, err
	}
	o.fault, err = parseFault(*fault)
	return o, err
}

// help prints what the demo does, and its flags.
func help(flags *flag.FlagSet, out io.Writer) {
	fmt.Fprint(out, usage)
	flags.SetOutput(out)
	flags.PrintDefaults()
	fmt.Fprint(out, "\nThe meter's standards:\n")
	for _, s := range standards() {
		fmt.Fprintf(out, "  %-12s %s\n", s.Name, s.Title)
	}
	fmt.Fprint(out, "\nThe ways to the meter:\n")
	for _, w := range ways {
		fmt.Fprintf(out, "  %-12s %s\n", w.name, w.what)
	}
	fmt.Fprint(out, "\nThe faults:\n")
	for _, f := range faults[1:] {
		fmt.Fprintf(out, "  %-12s %s\n", f.name, f.what)
	}
}

// clockFrom returns the household's clock: this machine's, or one that shows
// the given local time now and continues from there.
func clockFrom(at string) (func() time.Time, error) {
	if at == "" {
		return time.Now, nil
	}
	start, err := time.ParseInLocation("2006-01-02T15:04", at, time.Local)
	if err != nil {
		return nil, fmt.Errorf("-at %s: write it like 2026-06-21T13:00", at)
	}
	begun := time.Now()
	return func() time.Time { return start.Add(time.Since(begun)) }, nil
}
