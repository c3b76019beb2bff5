package mqtt

import (
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestGolden freezes what the first reading of a meter publishes: ids, units
// and classes must never change, because Home Assistant keeps history by them.
func TestGolden(t *testing.T) {
	for name, u := range map[string]*meter.Update{
		"dutch": dutch(), "belgian": belgian(), "warmtelink": warmtelink(), "old": old(),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(options())
			all := keep(connect(s, start))
			all = append(all, keep(s.status(start, alive()))...)
			all = append(all, keep(s.update(start, u))...)
			golden(t, name+".golden", detailed(t, all))
		})
	}
}
