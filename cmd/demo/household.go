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

// keys returns the key and the additional data that open the messages of a meter
// that encrypts; empty for another one.
func keys(h household) (key, aad string) {
	push, ok := h.(*simulate.PushMeter)
	if !ok || push.Encrypter == nil {
		return "", ""
	}
	return fmt.Sprintf("%X", push.Encrypter.Key), fmt.Sprintf("30%X", push.Encrypter.AuthKey)
}

// keyOptions returns the options that open a meter's messages, of which the
// variables begin so.
func keyOptions(h household, prefix string) []string {
	key, aad := keys(h)
	if key == "" {
		return nil
	}
	return []string{prefix + "ENC_KEY=" + key, prefix + "ENC_AAD=" + aad}
}

// keyFlags returns the same for the flags of a command, after a space.
func keyFlags(h household) string {
	key, aad := keys(h)
	if key == "" {
		return ""
	}
	return " -key " + key + " -aad " + aad
}
