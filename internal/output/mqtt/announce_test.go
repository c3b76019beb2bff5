package mqtt

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestDebounce lets solar panels wake up two seconds after the announcement.
func TestDebounce(t *testing.T) {
	night := later(dutch(), 0, func(r *meter.Reading) {
		for q := range meter.NumQuantities {
			if meter.Quantities[q].Entity.Group == meter.GroupExport {
				r.Values.Set(q, value("0"))
			}
		}
	})
	s := newSession(options())
	s.status(start, alive())
	connect(s, start)
	first := keep(s.update(start, night))
	i := slices.IndexFunc(first, func(m message) bool { return m.topic == "homeassistant/device/smartmeter_p1/config" })
	if i < 0 || bytes.Contains(first[i].payload, []byte("export")) {
		t.Fatalf("a house without solar panels is not announced as such: %q", brief(first))
	}
	for _, line := range brief(s.update(start.Add(2*time.Second), later(dutch(), 2*time.Second, nil))) {
		if strings.Contains(line, "announcement") {
			t.Errorf("announced too early: %s", line)
		}
	}
	var got []string
	for at := s.next(); at.Sub(start) < time.Minute; at = s.next() {
		for _, m := range keep(s.tick(at)) {
			if m.topic == "homeassistant/device/smartmeter_p1/config" {
				if !bytes.Contains(m.payload, []byte(`"power_export"`)) {
					t.Error("the change is missing")
				}
				got = append(got, at.Sub(start).String())
			}
		}
	}
	if diff := cmp.Diff([]string{"10s", "40s"}, got); diff != "" {
		t.Errorf("announcements (-want +got):\n%s", diff)
	}
}

func TestMeterSwap(t *testing.T) {
	s, now := running(t, options(), dutch())
	swapped := later(dutch(), time.Minute, func(r *meter.Reading) {
		r.Header, r.EquipmentID = "KFM5KAIFA-METER", "4530303235303030303538313834393134"
		r.Meter = meter.Identity{Slot: 1, Meter: 2, ID: r.EquipmentID}
		r.Channels[1].ID = "G2"
		r.Channels[1].Meter = meter.Identity{Slot: 1, Meter: 2, ID: "G2"}
		r.Channels[1].Unit = meter.KilowattHour
	})
	var devices, total string
	for _, m := range keep(s.update(now, swapped)) {
		if !strings.HasSuffix(m.topic, "/config") {
			continue
		}
		var a homeassistant.Announcement
		if err := json.Unmarshal(m.payload, &a); err != nil {
			t.Fatal(err)
		}
		devices += a.Device.Manufacturer + " " + a.Device.SerialNumber + ";"
		if c, ok := a.Components["gas_total"]; ok {
			total = c.UniqueID + " " + c.DeviceClass + " " + c.Unit
		}
	}
	if want := "Kaifa E0025000058184914; G2;"; devices != want {
		t.Errorf("devices %q, want %q", devices, want)
	}
	if want := "smartmeter_p1_gas_total energy kWh"; total != want {
		t.Errorf("total %q, want %q", total, want)
	}

	odd := later(swapped, time.Minute, func(r *meter.Reading) {
		r.Channels[1].Unit = meter.CubicMetre
		r.Channels[1].Time = r.Time
		r.Header, r.EquipmentID = "", ""
	})
	for _, line := range brief(s.update(now.Add(time.Minute), odd)) {
		if strings.Contains(line, "config") || strings.Contains(line, "gas/state") {
			t.Errorf("an odd line changed the meter: %s", line)
		}
	}
}

// TestParent lets a heat meter report before the electricity meter does.
func TestParent(t *testing.T) {
	s := newSession(options())
	connect(s, start)
	s.update(start, warmtelink())
	both := later(dutch(), 0, func(r *meter.Reading) { r.Channels[0] = warmtelink().Reading.Channels[0] })
	s.update(start.Add(debounce), both)
	for i, want := range []string{"", "smartmeter_p1_bridge", "smartmeter_p1", "smartmeter_p1"} {
		var a homeassistant.Announcement
		if err := json.Unmarshal(s.meters[0].announcer.Build(s.devices[i].Device), &a); err != nil {
			t.Fatal(err)
		}
		if got := a.Device.ViaDevice; got != want {
			t.Errorf("%s hangs on %q, want %q", a.Device.Name, got, want)
		}
	}
}

// TestFirstAnnouncement: Home Assistant asks whether an entity is hidden when it
// meets it first, when the totals of a meter without checksum are still held
// back. That the house exports is known by then.
func TestFirstAnnouncement(t *testing.T) {
	for name, tt := range map[string]struct {
		export string
		want   bool
	}{
		"a house with solar panels": {"12.5", false},
		"a house without":           {"0", true},
	} {
		t.Run(name, func(t *testing.T) {
			u := old()
			u.Reading.Values.Set(meter.EnergyExportT1, value(tt.export))
			guarded := u.Reading
			for q := range meter.NumQuantities {
				if meter.Quantities[q].Unit.Total() {
					guarded.Values.Clear(q)
				}
			}
			u.Guarded = &guarded
			s := newSession(options())
			s.status(start, alive())
			connect(s, start)
			var hidden bool
			for _, m := range s.update(start, u) {
				if strings.HasSuffix(m.topic, "/smartmeter_p1/config") {
					var a struct {
						Components map[string]struct {
							Visible *bool `json:"visible_by_default"`
						} `json:"components"`
					}
					if err := json.Unmarshal(m.payload, &a); err != nil {
						t.Fatal(err)
					}
					c, ok := a.Components["power_import"]
					if !ok {
						t.Fatalf("there is no power_import in %s", m.payload)
					}
					hidden = c.Visible != nil && !*c.Visible
				}
			}
			if hidden != tt.want {
				t.Errorf("power_import is hidden: %t, want %t", hidden, tt.want)
			}
		})
	}
}
