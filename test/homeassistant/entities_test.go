//go:build homeassistant

package homeassistant_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// entity is what Core's registry keeps of an entity.
type entity struct {
	ID       string `json:"entity_id"`
	UniqueID string `json:"unique_id"`
	Device   string `json:"device_id"`
	Platform string `json:"platform"`
	Entry    string `json:"config_entry_id"`
	Category string `json:"entity_category"`
	Disabled string `json:"disabled_by"`
	Hidden   string `json:"hidden_by"`
	Options  struct {
		Sensor struct {
			Decimals *int `json:"suggested_display_precision"`
		} `json:"sensor"`
	} `json:"options"`
}

// device is what Core's registry keeps of a device.
type device struct {
	ID           string      `json:"id"`
	Identifiers  [][2]string `json:"identifiers"`
	Name         string      `json:"name"`
	Manufacturer string      `json:"manufacturer"`
	Model        string      `json:"model"`
	ModelID      string      `json:"model_id"`
	Serial       string      `json:"serial_number"`
	Version      string      `json:"sw_version"`
	Via          string      `json:"via_device_id"`
	Page         string      `json:"configuration_url"`
}

func (h *house) entities(t *testing.T) []entity {
	t.Helper()
	var list []entity
	h.core.api.call(t, "config/entity_registry/list", nil, &list)
	return list
}

func (h *house) devices(t *testing.T) []device {
	t.Helper()
	var list []device
	h.core.api.call(t, "config/device_registry/list", nil, &list)
	return list
}

// switchOn switches on every entity that is off by default. It returns their ids
// and when Core has loaded MQTT again.
func (h *house) switchOn(t *testing.T) (off map[string]bool, reload time.Time) {
	t.Helper()
	off = make(map[string]bool)
	var answer struct {
		Seconds int `json:"reload_delay"`
	}
	for _, e := range h.entities(t) {
		if e.Platform == "mqtt" && e.Disabled != "" {
			if e.Disabled != "integration" {
				t.Errorf("%s is disabled by %q", e.ID, e.Disabled)
			}
			off[e.ID] = true
			h.core.api.call(t, "config/entity_registry/update", fields{"entity_id": e.ID, "disabled_by": nil}, &answer)
		}
	}
	if len(off) == 0 {
		t.Error("no entity is off by default")
	}
	t.Logf("%d entities were off; Core loads MQTT again in %d s", len(off), answer.Seconds)
	reload = time.Now().Add(time.Duration(answer.Seconds) * time.Second)
	time.Sleep(time.Until(reload))
	return off, reload
}

// entities switches on every entity that is off by default, since Core looks
// at a unit or a class only then. What it shows is compared with
// testdata/entities, one file a meter: ids, names, units and classes there are
// for ever.
func entities(t *testing.T, h *house) {
	h.clock.run() // a flow of gas takes two readings
	h.announced(t)
	off, reload := h.switchOn(t)
	report(t, "MQTT loaded again: entities are back", wait(t, func() (bool, string) {
		s := h.core.api.state("sensor.p1_gas_last_reading")
		return s.good() && s.Updated.After(reload), fmt.Sprintf("%s is %q", s.ID, s.State)
	}))
	h.answered(t, reload)
	if *update {
		time.Sleep(20 * time.Second) // until everything has a value
	}
	for _, m := range h.meters {
		t.Run(m.slot, func(t *testing.T) {
			path := m.table()
			if *update {
				if err := os.WriteFile(path, h.table(t, m, off), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			wait(t, func() (bool, string) {
				got := h.table(t, m, off)
				return bytes.Equal(got, want), "-want +got:\n" + gocmp.Diff(string(want), string(got))
			})
			h.times(t, m)
		})
	}
}

// announced waits until every entity of testdata/entities is there: some come
// only once a meter says more than zero.
func (h *house) announced(t *testing.T) {
	t.Helper()
	if *update {
		time.Sleep(time.Minute)
		return
	}
	for _, m := range h.meters {
		text, err := os.ReadFile(m.table())
		if err != nil {
			t.Fatal(err)
		}
		wait(t, func() (bool, string) {
			registry := h.entities(t)
			for _, id := range entityIDs.FindAllString(string(text), -1) {
				if !slices.ContainsFunc(registry, func(e entity) bool { return e.ID == id }) {
					return false, "there is no " + id
				}
			}
			return true, ""
		})
	}
}

var entityIDs = regexp.MustCompile(`\b(sensor|binary_sensor|button)\.[a-z0-9_]+\b`)

// table is the file that says what Core is to show of a meter.
func (m *meter) table() string { return filepath.Join("testdata", "entities", m.slot+".txt") }

// times compares the time that the meter tells with its clock: offsets from
// UTC are easily wrong.
func (h *house) times(t *testing.T, m *meter) {
	t.Helper()
	for id, age := range map[string]time.Duration{"meter_time": time.Minute, "gas_last_reading": 2 * time.Hour, "water_last_reading": 2 * time.Hour} {
		s := h.core.api.state("sensor." + m.slot + "_" + id)
		if s.ID == "" {
			continue // this meter does not tell
		}
		got, err := time.Parse(time.RFC3339, s.State)
		now := h.clock.now()
		if err != nil || got.After(now) || now.Sub(got) > age {
			t.Errorf("%s: got %s, want up to %s before %s", s.ID, s.State, age, now.Format(time.RFC3339))
		}
	}
}

// table shows the devices and entities of a meter.
func (h *house) table(t *testing.T, m *meter, off map[string]bool) []byte {
	t.Helper()
	registry, devices, states := h.entities(t), h.devices(t), h.core.api.states(t)
	slices.SortFunc(registry, func(a, b entity) int { return strings.Compare(a.ID, b.ID) })
	identifiers := make(map[string]string)
	for _, d := range devices {
		if len(d.Identifiers) == 1 && d.Identifiers[0][0] == "mqtt" {
			identifiers[d.ID] = d.Identifiers[0][1]
		}
	}
	own := func(d device) bool {
		id := identifiers[d.ID]
		return id == "smartmeter_"+m.slot || strings.HasPrefix(id, "smartmeter_"+m.slot+"_")
	}
	devices = slices.DeleteFunc(devices, func(d device) bool { return !own(d) })
	slices.SortFunc(devices, func(a, b device) int { return cmp.Compare(identifiers[a.ID], identifiers[b.ID]) })

	var b bytes.Buffer
	for _, d := range devices {
		version := d.Version
		if d.Via == "" {
			version = "" // the program's own
		}
		fmt.Fprintf(&b, "%s: %s\n", identifiers[d.ID], d.Name)
		for _, info := range [][2]string{
			{"via", identifiers[d.Via]}, {"manufacturer", d.Manufacturer}, {"model", d.Model},
			{"model id", d.ModelID}, {"serial number", d.Serial}, {"version", version}, {"visit", d.Page},
		} {
			if info[1] != "" {
				fmt.Fprintf(&b, "  %s: %s\n", info[0], info[1])
			}
		}
		w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', tabwriter.TabIndent)
		for _, e := range registry {
			if e.Device == d.ID {
				fmt.Fprintln(w, "  "+row(e, states[e.ID], identifiers[d.ID], off[e.ID]))
			}
		}
		_ = w.Flush() // into a buffer
		b.WriteByte('\n')
	}
	// tabwriter pads the last column too.
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return []byte(strings.Join(lines, "\n"))
}

// row shows an entity: id, name, unit, classes, decimals, category, and what
// is special.
func row(e entity, s state, identifier string, off bool) string {
	decimals := ""
	if n := e.Options.Sensor.Decimals; n != nil {
		decimals = fmt.Sprint(*n)
	}
	columns := []string{e.ID, s.Attributes.Name, s.Attributes.Unit, s.Attributes.Class, s.Attributes.State, decimals, e.Category}
	if off {
		columns = append(columns, "off")
	} else {
		columns = append(columns, "on")
	}
	var special []string
	if e.Hidden != "" {
		special = append(special, "hidden by "+e.Hidden)
	}
	if !s.good() {
		special = append(special, cmp.Or(s.State, "missing"))
	}
	if len(s.Attributes.Options) > 0 {
		special = append(special, "one of "+strings.Join(s.Attributes.Options, ", "))
	}
	_, key, _ := strings.Cut(e.ID, ".")
	if e.UniqueID != "smartmeter_"+key {
		special = append(special, "unique id "+e.UniqueID)
	}
	return strings.Join(append(columns, strings.Join(special, "; ")), "\t| ")
}
