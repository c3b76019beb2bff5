package main

import (
	"fmt"
	"time"
)

// scenario is one row of the table. MQTT is on in all of them.
type scenario struct {
	name    string
	json    int    // clients
	raw     int    // clients
	pages   int    // open event streams
	further int    // meters beside the one that is looked at, which send as it does
	stalled string // socket with a client that never reads: json, raw or none
	rate    int    // telegrams a second; 0: all in one write
	count   int    // telegrams in the series
	age     int    // telegrams before the series
	starts  int    // processes a round
}

// scenarios are those of the program's targets: a household as it is, and far
// more of everything, each with and without a client that never reads.
func scenarios(series time.Duration, burst, age int) []scenario {
	during := func(rate int) int { return max(5, int(series.Seconds()*float64(rate))) }
	list := []scenario{
		{name: "household", json: 1, raw: 1, rate: 1, count: max(10, during(1)), age: age, starts: 1},
		{name: "meters", json: 1, raw: 1, further: 2, rate: 1, count: max(10, during(1)), age: age, starts: 1},
		{name: "pages", json: 1, raw: 1, pages: 10, rate: 1, count: max(10, during(1)), age: age, starts: 1},
		{name: "start", json: 1, raw: 1, count: 1, starts: 15},
	}
	for _, clients := range []int{1, 32, 250} {
		for _, rate := range []int{1, 10, 100} {
			for _, stalled := range []string{"", "json"} {
				list = append(list, scenario{name: "clients", json: clients, raw: 32, stalled: stalled, rate: rate, count: during(rate), starts: 1})
			}
		}
	}
	for _, stalled := range []string{"", "json", "raw"} {
		list = append(list, scenario{name: "steady", json: 1, raw: 1, stalled: stalled, rate: 1000, count: during(1000), starts: 1})
	}
	for _, stalled := range []string{"", "json", "raw"} {
		list = append(list, scenario{name: "burst", json: 1, raw: 1, stalled: stalled, count: burst, starts: 1})
	}
	return list
}

// pace is how the rate is printed.
func (s *scenario) pace() string {
	if s.rate == 0 {
		return "at once"
	}
	return fmt.Sprint(s.rate)
}
