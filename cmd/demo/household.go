package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// household is a simulated household with its meter.
type household interface {
	Run(ctx context.Context, w io.Writer, every time.Duration, now func() time.Time) error
	Inverter(addr string, now func() time.Time) (*simulate.Inverter, error)
}

// standards returns what the meter can speak: P1 text first, then DLMS and SML.
func standards() []simulate.StandardInfo {
	list := simulate.Standards[:len(simulate.Standards):len(simulate.Standards)]
	for _, p := range simulate.Pushes {
		list = append(list, simulate.StandardInfo{Name: p.Name, Title: p.Title, Mode: p.Mode, Period: p.Period})
	}
	return list
}

// household returns a household with a meter of the named standard, and that
// standard.
func (o *options) household(name string) (household, simulate.StandardInfo, error) {
	settings := simulate.Options{Seed: o.seed, Zone: time.Local, NoSolar: o.noSolar, SinglePhase: o.onePhase}
	var names []string
	for i, s := range standards() {
		names = append(names, s.Name)
		if s.Name != name {
			continue
		}
		if p, ok := simulate.ParsePush(name); ok {
			return simulate.NewPush(p, settings), s, nil
		}
		settings.Standard = simulate.Standard(i)
		return simulate.New(settings), s, nil
	}
	return nil, simulate.StandardInfo{}, fmt.Errorf("-standard %s: use one of %s", name, strings.Join(names, ", "))
}

// slots are the names of the meters beside the first.
var slots = []string{"night", "barn", "heatpump"}

// keys returns the options that open the messages of a meter that encrypts, of
// which the variables begin so.
func keys(h household, prefix string) []string {
	push, ok := h.(*simulate.PushMeter)
	if !ok || push.Encrypter == nil {
		return nil
	}
	return []string{
		fmt.Sprintf("%sENC_KEY=%X", prefix, push.Encrypter.Key), fmt.Sprintf("%sENC_AAD=30%X", prefix, push.Encrypter.AuthKey),
	}
}
