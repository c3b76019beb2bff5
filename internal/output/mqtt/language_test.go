package mqtt

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestLanguage: a change of the language changes names, those of models and
// states too, and nothing else.
func TestLanguage(t *testing.T) {
	type named struct {
		device string
		names  map[string]string // by unique id
		rest   string            // the announcement without them
	}
	read := func(payload string) (n named) {
		var a homeassistant.Announcement
		if err := json.Unmarshal([]byte(payload), &a); err != nil {
			t.Fatal(err)
		}
		n.device, n.names = a.Device.Name, map[string]string{}
		a.Device.Name, a.Device.Model = "", ""
		for key, c := range a.Components {
			n.names[c.UniqueID] = c.Name
			c.Name = ""
			for i, option := range c.Options {
				c.ValueTemplate = strings.Replace(c.ValueTemplate, ": '"+option+"'", "", 1)
				c.Options[i] = ""
			}
			a.Components[key] = c
		}
		rest, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		n.rest = string(rest)
		return n
	}
	s, now := running(t, options(), belgian())
	before := announcements(keep(connect(s, now)))
	for _, l := range meter.Languages[1:] {
		o := options()
		o.Language = l
		next := againWith(t, o, s, nil)
		after := announcements(keep(connect(next, now)))
		if len(after) != len(before) {
			t.Errorf("%s: %d announcements, want %d", l, len(after), len(before))
		}
		for topic := range before {
			was, is := read(before[topic]), read(after[topic])
			if diff := cmp.Diff(was.rest, is.rest); diff != "" {
				t.Errorf("%s: %s changes beside the names (-en +%s):\n%s", l, topic, l, diff)
			}
			if program := strings.HasSuffix(topic, "bridge/config"); (is.device == was.device) != program {
				t.Errorf("%s: the device %q is called %q", l, was.device, is.device)
			}
			for id, name := range was.names {
				if want := homeassistant.Name(l, name); is.names[id] != want {
					t.Errorf("%s: %s is called %q, want %q", l, id, is.names[id], want)
				}
			}
		}
	}
}

// TestLanguageAndRemoval: what a version has no more goes in any language.
func TestLanguageAndRemoval(t *testing.T) {
	s, now := running(t, options(), dutch())
	o := options()
	o.Language = meter.Dutch
	next := againWith(t, o, s, func(m *memory) { m.Devices["p1"].Components["old_thing"] = "sensor" })
	const topic = "homeassistant/device/smartmeter_p1/config"
	got := announcements(keep(connect(next, now)))[topic]
	for _, want := range []string{`"old_thing":{"platform":"sensor"}`, `"unique_id":"smartmeter_p1_power_import"`, `"name":"Afgenomen vermogen"`} {
		if !strings.Contains(got, want) {
			t.Errorf("the announcement lacks %s: %s", want, got)
		}
	}
	for at := next.next(); at.Sub(now) < settle+copyAfter+debounce; at = next.next() {
		if a, ok := announcements(keep(next.tick(at)))[topic]; ok {
			got = a
		}
	}
	if strings.Contains(got, "old_thing") || !strings.Contains(got, `"name":"Afgenomen vermogen"`) {
		t.Errorf("the last announcement: %s", got)
	}
}
