package guard_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestStateIsKept shows the form on disk, which a later version must read.
func TestStateIsKept(t *testing.T) {
	h := newHouse(t)
	h.play([]step{{1, 0, "id=4B38 t1=12345.678 t2=1.500 gas=1543.012 gas.id=4730 gas.time=0 heat=93.435 heat.time=0 heat.channel=2", "import=12347.178", ""}})
	got, err := json.MarshalIndent(h.guard.State(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "meter": "4B38",
 "energies": {
  "energy_import_tariff_1": {
   "value": 12345.678,
   "at": "2026-03-14T12:00:00Z"
  },
  "energy_import_tariff_2": {
   "value": 1.5,
   "at": "2026-03-14T12:00:00Z"
  },
  "energy_import_total": {
   "value": 12347.178,
   "at": "2026-03-14T12:00:00Z"
  }
 },
 "submeters": [
  {
   "medium": "gas",
   "id": "4730",
   "channel": 1,
   "unit": "m3",
   "value": 1543.012,
   "at": "2026-03-14T12:00:00Z"
  },
  {
   "medium": "heat",
   "channel": 2,
   "unit": "GJ",
   "value": 93.435,
   "at": "2026-03-14T12:00:00Z"
  }
 ]
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestRestoreOddities: what another version wrote, or nobody, is left out.
func TestRestoreOddities(t *testing.T) {
	var s guard.State
	text := `{"meter": "A", "new": 1, "energies": {"energy_import_total": {"value": 5}, "energy_unheard_of": {"value": 7}},
		"submeters": [{"medium": "gas", "unit": "furlong", "value": 9}, {"medium": "beer", "unit": "m3", "value": 9}, {"medium": "water", "unit": "m3", "channel": 2, "value": 9},
		{"medium": "gas", "unit": "l", "value": 9}` + strings.Repeat(`, {"medium": "heat", "unit": "GJ", "channel": -1}`, 100) + `]}`
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	h.guard.Restore(s)
	if got := len(h.guard.State().Submeters); got > 2*meter.MaxChannels {
		t.Errorf("%d M-Bus meters are remembered", got)
	}
	h.play([]step{
		{1, 0, "id=A import=0 gas=1 gas.time=0 water=2 water.time=0", "import=5 gas=1 water=9", "held import 5>0, held water_total 9>2"},
	})
}

// TestSubmetersAreBounded: a meter that calls itself by another name each time
// fills no memory.
func TestSubmetersAreBounded(t *testing.T) {
	h := newHouse(t)
	for i := range 100 {
		h.say(fmt.Sprintf("gas=%d gas.id=%d gas.time=%d", i, i, i))
		h.guard.Apply(h.telegram(time.Minute))
	}
	if got := len(h.guard.State().Submeters); got != 2*meter.MaxChannels {
		t.Errorf("%d M-Bus meters are remembered, want %d", got, 2*meter.MaxChannels)
	}
}
