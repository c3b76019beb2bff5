package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/app"
)

// command is a command of the program, which is its first argument.
type command struct {
	name    string
	args    string // its flags and arguments, as the list of commands shows them
	does    string // what it does, for the list of commands; lines of 60 characters
	more    string // more about it, for its own help; may be empty
	example string // an example with its purpose
	most    int    // most arguments besides the flags; -1: any number

	// define defines the flags and returns what runs the command once they are
	// set.
	define func(flags *flag.FlagSet) func(call invocation) int
}

// invocation is a call of a command, with its environment.
type invocation struct {
	args           []string // without flags
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// fail reports an error to the user and returns the exit code.
func (c invocation) fail(code int, err error) int {
	fmt.Fprintf(c.stderr, "smartmeter: %v\n", err)
	return code
}

// commands returns the table of commands, in the order of the help. It is a
// function because the help command needs the table itself.
func commands() []command {
	return []command{
		{
			name: "decode", args: "[-json] [-key HEX] [FILE ...]", most: -1, define: decodeCommand,
			does:    "explains telegrams from files or standard input",
			more:    "Captures, raw bytes and encrypted frames in hex digits are understood; - is standard input.\nThe exit code is 1 when a telegram is bad or a file has none.",
			example: "nc 192.168.1.20 3020 | smartmeter decode  # the meter's telegrams, as they come",
		},
		{
			name: "check", args: "[-meter SLOT | -serial DEV | -network ADDR] [-for 1m]", define: checkCommand,
			does:    "listens, and shows what arrives, which settings fit,\nwhich meter it is, and what to do next",
			more:    "Without -serial and -network it listens to the source that is set up. The exit code is 0 when\nreadings arrive.",
			example: "smartmeter check -serial /dev/ttyUSB0  # is this the meter's cable?",
		},
		{
			name: "capture", args: "[-meter SLOT | -network ADDR] [-for 1m] [-last] [-redact] [-o FILE] [FILE]", most: 1, define: captureCommand,
			does:    "writes what arrives for a bug report, with -redact without\nwhat identifies the meter; or redacts FILE",
			more:    "FILE may be a capture, raw bytes or encrypted frames in hex digits; - is standard input.\nThe exit code is 1 when nothing arrived.",
			example: "smartmeter capture -last -redact -o report.txt  # what the running app heard last",
		},
		{
			name: "replay", args: "[-meter SLOT] [-speed N] [-loop] FILE", most: 1, define: replayCommand,
			does:    "runs the app with a capture or raw telegrams in the\nmeter's place",
			more:    "FILE may also be - for standard input. The app is set up as always; its state is not kept.",
			example: "smartmeter replay -speed 10 report.txt  # ten times as fast as it was",
		},
		{
			name: "healthcheck", args: "[-v] [-meter SLOT]", define: healthcheckCommand,
			does:    "exits with 0 when the running app is alive; -v shows the\nstate of the meter and the outputs, and why there is no data",
			example: "smartmeter healthcheck -v  # what is wrong?",
		},
		{name: "version", does: "prints version, commit and Go version", define: versionCommand},
		{name: "help", args: "[COMMAND]", most: 1, does: "explains a command, or lists them", define: helpCommand},
	}
}

const usageHead = `smartmeter reads a smart meter's P1 port and shares it.

  smartmeter [--NAME VALUE ...]
                            runs the app: it reads the meter until SIGTERM or SIGINT
`

const usageTail = `
"smartmeter COMMAND -h" explains a command.

The app is set up by /data/options.json (or the file named by SMARTMETER_OPTIONS),
by variables, or by arguments with the names of the variables:

  SMARTMETER_PORT=/dev/ttyUSB0 SMARTMETER_MQTT_URL=mqtt://user:password@host:1883 smartmeter
  smartmeter --socket 192.168.1.20:23 --mqtt-url mqtt://host:1883
`

// usage returns the help of the whole program.
func usage() string {
	var b strings.Builder
	b.WriteString(usageHead)
	for _, c := range commands() {
		fmt.Fprintf(&b, "  smartmeter %s\n", strings.TrimSpace(c.name+" "+c.args))
		for line := range strings.Lines(c.does + "\n") {
			fmt.Fprintf(&b, "%28s%s", "", line)
		}
	}
	b.WriteString(usageTail)
	return b.String()
}

// find returns the command of that name.
func find(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

// flagSet returns the command's flags, which print nothing, and what runs it.
func (c *command) flagSet() (*flag.FlagSet, func(invocation) int) {
	flags := flag.NewFlagSet("smartmeter "+c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags, c.define(flags)
}

// run reads the command's flags and runs it.
func (c *command) run(call invocation) int {
	flags, run := c.flagSet()
	err := flags.Parse(call.args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		c.help(call.stdout)
		return exitGood
	case err == nil && c.most >= 0 && flags.NArg() > c.most:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(c.most))
	}
	if err != nil {
		return call.fail(exitCall, fmt.Errorf("%s: %w; see smartmeter %s -h", c.name, err, c.name))
	}
	call.args = flags.Args()
	return run(call)
}

// help explains the command: what it does, its arguments and an example.
func (c *command) help(out io.Writer) {
	fmt.Fprintf(out, "smartmeter %s %s.\n", c.name, c.does)
	if c.more != "" {
		fmt.Fprintf(out, "%s\n", c.more)
	}
	fmt.Fprintf(out, "\n  smartmeter %s\n", strings.TrimSpace(c.name+" "+c.args))
	flags, _ := c.flagSet()
	var list strings.Builder
	flags.SetOutput(&list)
	flags.PrintDefaults()
	if list.Len() > 0 {
		fmt.Fprintf(out, "\n%s", list.String())
	}
	if c.example != "" {
		fmt.Fprintf(out, "\nFor example:\n\n  %s\n", c.example)
	}
}

func versionCommand(*flag.FlagSet) func(invocation) int {
	return func(call invocation) int {
		fmt.Fprintf(call.stdout, "smartmeter %s, commit %s, %s %s/%s\n",
			app.Version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return exitGood
	}
}

func helpCommand(*flag.FlagSet) func(invocation) int {
	return func(call invocation) int {
		if len(call.args) == 0 {
			fmt.Fprint(call.stdout, usage())
			return exitGood
		}
		c, ok := find(call.args[0])
		if !ok {
			return unknownCommand(call, call.args[0])
		}
		c.help(call.stdout)
		return exitGood
	}
}

func unknownCommand(call invocation, name string) int {
	return call.fail(exitCall, fmt.Errorf("there is no command %q; smartmeter help lists them", name))
}
