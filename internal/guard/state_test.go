package guard_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/guard"
)

// TestStateIsKept shows the form on disk, which a later version must read.
func TestStateIsKept(t *testing.T) {
	h := newHouse(t)
	h.play([]step{{1, 0, "id=4B38 t1=12345.678 t2=1.500 gas=1543.012 gas.id=4730 gas.time=0 heat=0 heat.time=0 heat.channel=2", "import=12347.178", ""}})
	got, err := json.MarshalIndent(h.guard.State(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "meter": 1,
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
   "slot": 1,
   "meter": 1,
   "unit": "m3",
   "time": "2026-03-14T00:00:00W",
   "value": 1543.012,
   "at": "2026-03-14T12:00:00Z"
  },
  {
   "medium": "heat",
   "slot": 1,
   "meter": 1,
   "unit": "",
   "time": "2026-03-14T00:00:00W",
   "doubt": {
    "value": 0,
    "unit": "GJ",
    "at": "2026-03-14T12:00:00Z",
    "first": 0,
    "count": 1,
    "quiet": true,
    "long": true
   }
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
	text := `{"meter": 1, "new": 1, "printed": ["x", "energy_import_total"], "energies": {"energy_import_total": {"value": 5}, "energy_unheard_of": {"value": 7}},
		"submeters": [{"medium": "gas", "slot": 1, "unit": "furlong", "value": 9}, {"medium": "beer", "slot": 1, "unit": "m3", "value": 9},
		{"medium": "water", "slot": 1, "unit": "m3", "value": 9}, {"medium": "gas", "slot": 1, "unit": "l", "value": 9},
		{"medium": "heat", "slot": -1, "unit": "GJ", "value": 9}, {"medium": "heat", "slot": 3, "unit": "GJ", "value": 9}]}`
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	h.guard.Restore(s)
	h.play([]step{
		{1, 0, "id=A import=0 gas=1 gas.time=0 water=2 water.time=0", "import=absent gas=1 water=none", "held import 5>0, held water_total 9>2"},
	})
}
