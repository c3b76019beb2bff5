package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks a second in /proc/stat: the same on every Linux.
const ticks = 100

// glance is what the system tells at one moment.
type glance struct {
	program, ours time.Duration // CPU times
	memory        memory
	busy, total   float64
}

func (w *world) look() (g glance, err error) {
	if g.program, err = w.program.cpu(); err != nil {
		return g, err
	}
	if g.memory, err = w.program.memory(); err != nil {
		return g, err
	}
	if g.busy, g.total, err = machine(); err != nil {
		return g, err
	}
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return g, fmt.Errorf("reading our own CPU time: %w", err)
	}
	g.ours = time.Duration(self.Utime.Nano() + self.Stime.Nano())
	return g, nil
}

// cpu is the CPU time that the program has used: in the scheduler's own
// account, because the ticks of /proc/<pid>/stat are longer than a telegram
// takes.
func (p *program) cpu() (time.Duration, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil || len(tasks) == 0 {
		return 0, errors.New("no CPU times of the program in /proc: this needs Linux with CONFIG_SCHED_INFO")
	}
	var sum time.Duration
	for _, task := range tasks {
		data, err := os.ReadFile(task)
		if err != nil {
			return 0, fmt.Errorf("reading the program's CPU time: %w", err)
		}
		ns, _, _ := strings.Cut(string(data), " ")
		n, err := strconv.ParseInt(ns, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the program's CPU time: %w", err)
		}
		sum += time.Duration(n)
	}
	return sum, nil
}

// memory is what the program has in memory, in bytes.
type memory struct{ resident, anonymous, peak float64 }

func (p *program) memory() (memory, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return memory{}, fmt.Errorf("reading the program's memory: %w", err)
	}
	var m memory
	fields := map[string]*float64{"VmRSS": &m.resident, "RssAnon": &m.anonymous, "VmHWM": &m.peak}
	for line := range strings.Lines(string(data)) {
		name, text, _ := strings.Cut(line, ":")
		field, ok := fields[name]
		if !ok {
			continue
		}
		kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 64)
		if err != nil {
			return memory{}, fmt.Errorf("reading the program's memory: %w", err)
		}
		*field = kb * 1024
		delete(fields, name)
	}
	if len(fields) > 0 {
		return memory{}, errors.New("the program's memory is not in /proc: this needs Linux")
	}
	return m, nil
}

// machine is the CPU time of all programs and the time that there was, in
// ticks.
func machine() (busy, total float64, err error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, fmt.Errorf("reading how busy the machine is: %w", err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	// user nice system idle iowait irq softirq steal; the guests' are in user.
	for i, text := range strings.Fields(line)[1:9] {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("reading how busy the machine is: %w", err)
		}
		total += n
		if i != 3 && i != 4 {
			busy += n
		}
	}
	return busy, total, nil
}
