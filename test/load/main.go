// Command load measures the real program under load, from outside: it builds
// smartmeter, starts it with a meter's network reader, an MQTT broker and
// clients around it, all on loopback, and prints one table. It sets no limits
// and fails only where something cannot be measured.
//
//	go run ./test/load                         every scenario once, about three minutes
//	go run ./test/load -only household -for 1m one household, for a minute
//	go run ./test/load -repeat 5               medians of five rounds
//	go run ./test/load -before PROGRAM         each scenario with an earlier build too, in turn
//	go run ./test/load -soak 1h                an hour while things break
//
// # What happens in a scenario
//
// A new process of the program connects to the reader, which sends one
// telegram at once. The clients connect, and a telegram without number is
// sent now and then until each of them and the broker has got one. Then the
// series is sent: telegrams of a simulated household, each with its own number
// in the register 1.8.1, so that what is lost is counted and not guessed.
// Every JSON line and MQTT message is looked up by that number; what the raw
// clients get is compared with what was sent, byte for byte. A stalled client
// connects and never reads.
//
// The clients and the broker run in this process, on the same cores as the
// program: their work is part of the latencies, not of the program's CPU time.
// Where other programs keep the machine busy, latencies tell of them; see the
// last column.
//
// # The columns
//
//	clients    JSON clients, raw clients, pages that are open
//	stalled    the socket that a client is connected to which never reads
//	rate       telegrams a second; "at once": in one write
//	telegrams  in the series
//	lost       telegrams that a reader did not get, summed over the readers of
//	           JSON and the pages / raw / MQTT, and over rounds; stalled clients
//	           are not counted
//	p50, p99   latency in ms, from when a telegram's last byte is written (at
//	           once: from when the first is about to be) until a reader has it:
//	           of JSON lines, then p99 of the raw bytes and of MQTT
//	cpu        CPU time of the program in ms a telegram, user and system, with
//	           everything that it does beside; background work weighs most at
//	           low rates
//	rss        resident memory of the program in MiB after the series; anon is
//	           the part that is no file (heap, stacks), peak the highest since
//	           its start
//	first      ms from just before the start of the process to its first JSON
//	           line at a client that tries to connect from then on
//	others     how much of the machine other programs used meanwhile, in percent
//
// With -repeat the figures are medians over rounds, and p99 shows its range.
//
// # The soak
//
// With -soak the program runs for long at 100 telegrams a second, and every
// ten seconds something breaks: the meter's line is reset in the middle of a
// telegram, a JSON and a raw client are reset, a client does not read, the
// broker is restarted. Five clients that do read stay connected all the time
// and may lose nothing; MQTT loses what comes while the broker is away. Before
// the next fault every reader must have got the newest telegram. Then the
// program's memory and goroutines are taken, with the same clients connected
// each time. The table has a row for each twelfth of the time; the command
// fails when a reading was lost, something did not recover, the resident
// memory at the end is not within 10 % of that after the first five minutes,
// or the number of goroutines has changed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "load:", err)
		}
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "run the scenarios whose name matches this regular expression: household, meters, pages, start, clients, steady, burst")
	series := flags.Duration("for", 4*time.Second, "length of a series with a rate")
	burst := flags.Int("burst", 10000, "telegrams sent at once")
	age := flags.Int("age", 1500, "telegrams sent before the series of household, as many as the heap needs to settle")
	repeat := flags.Int("repeat", 1, "rounds")
	binary := flags.String("binary", "", "measure this program instead of building one")
	before := flags.String("before", "", "measure this program too, in turn with the other: a build of an earlier commit")
	long := flags.Duration("soak", 0, "instead of the scenarios, run for so long at 100 telegrams a second while things break")
	every := flags.Duration("every", 10*time.Second, "time between two faults of -soak")
	verbose := flags.Bool("v", false, "show the program's log")
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("flag -only: %w", err)
	}
	if *series <= 0 || *burst < 1 || *age < 0 || *repeat < 1 || *long < 0 || *every <= 0 || flags.NArg() > 0 {
		return errors.New("-for, -burst, -repeat, -soak and -every must be positive and there are no arguments; see -h")
	}

	dir, err := os.MkdirTemp("", "smartmeter-load-")
	if err != nil {
		return fmt.Errorf("making a folder for the program: %w", err)
	}
	defer os.RemoveAll(dir)
	b := bench{dir: dir}
	if *verbose {
		b.log = stderr
	}
	if *binary == "" {
		*binary = filepath.Join(dir, "smartmeter")
		if err := build(ctx, *binary); err != nil {
			return err
		}
	}
	if *long > 0 {
		return (&soak{bench: &b, binary: *binary, every: *every}).run(ctx, *long, stdout)
	}
	var rows []row
	for _, s := range scenarios(*series, *burst, *age) {
		if !wanted.MatchString(s.name) {
			continue
		}
		if *before != "" {
			earlier := s
			earlier.name += " before"
			rows = append(rows, row{scenario: earlier, binary: *before})
		}
		rows = append(rows, row{scenario: s, binary: *binary})
	}
	// Whole rounds, so that noise meets all scenarios alike.
	for round := range *repeat {
		for i := range rows {
			r := &rows[i]
			for range r.starts {
				f, err := b.measure(ctx, r.binary, r.scenario)
				if err != nil {
					return fmt.Errorf("scenario %s: %w", r.name, err)
				}
				r.figures = append(r.figures, f)
			}
			fmt.Fprintf(stderr, "round %d of %d, %d of %d: %s\n", round+1, *repeat, i+1, len(rows), r)
		}
	}
	return print(stdout, rows)
}
