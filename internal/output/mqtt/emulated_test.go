package mqtt

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
)

// emulating returns options with two emulated meters.
func emulating(t *testing.T) (*Options, *emulate.Meter) {
	t.Helper()
	o := options()
	s := store.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	for _, name := range []string{"homewizard_p1", "ecotracker_p1"} {
		o.Emulated = append(o.Emulated, emulate.New(emulate.Options{Name: name, Slot: "p1", Store: s}))
	}
	return o, o.Emulated[0]
}

const (
	offsetTopic = "smartmeter/p1_bridge/offset_homewizard_p1"
	resetTopic  = "smartmeter/p1_bridge/reset_offset_homewizard_p1"
)

// TestOffset: Home Assistant and programs set the offset of one emulated meter,
// and the bridge shows what it is, also after a value that was refused.
func TestOffset(t *testing.T) {
	o, m := emulating(t)
	s, now, log := listening(t, o, dutch())
	for _, tt := range []struct {
		message incoming
		want    int
	}{
		{incoming{offsetTopic, []byte("-1500"), false}, -1500},
		{incoming{offsetTopic, []byte("250.6"), false}, 251},
		{incoming{offsetTopic, []byte("20001"), false}, 251},
		{incoming{offsetTopic, []byte("-1e300"), false}, 251},
		{incoming{offsetTopic, []byte("NaN"), false}, 251},
		{incoming{offsetTopic, []byte("unavailable"), false}, 251},
		{incoming{offsetTopic, nil, false}, 251},
		{incoming{resetTopic, []byte("PRESS"), false}, 0},
		{incoming{offsetTopic, []byte("-20000"), false}, -20000},
	} {
		out := keep(s.received(now, tt.message))
		if m.Offset() != tt.want || o.Emulated[1].Offset() != 0 {
			t.Errorf("%s %s: the offsets are %d and %d, want %d and 0",
				tt.message.topic, tt.message.payload, m.Offset(), o.Emulated[1].Offset(), tt.want)
		}
		shown := fmt.Sprintf(`"offset_homewizard_p1":%d,"offset_ecotracker_p1":0`, tt.want)
		if len(out) != 1 || out[0].topic != "smartmeter/p1_bridge/state" || !strings.Contains(string(out[0].payload), shown) {
			t.Errorf("%s %s: got %q, want %s", tt.message.topic, tt.message.payload, brief(out), shown)
		}
	}
	says(t, log, 1, "stays as it is") // once, not for each
	// What the broker has kept since before is no wish of now.
	compare(t, "kept", s.received(now, incoming{offsetTopic, []byte("7"), true}))
	if m.Offset() != -20000 {
		t.Errorf("a retained message made the offset %d", m.Offset())
	}
}

// TestOffsetEntities: a number and a button of each emulated meter. Those of one
// that is emulated no more are removed.
func TestOffsetEntities(t *testing.T) {
	o, _ := emulating(t)
	s := newSession(o)
	bridge := lastConfig(t, keep(connect(s, start)), bridgeConfig)
	number, button := bridge.Components["offset_homewizard_p1"], bridge.Components["reset_offset_homewizard_p1"]
	if number.Platform != "number" || number.CommandTopic != offsetTopic || *number.Min != -20000 || *number.Max != 20000 ||
		number.Name != "Power offset (homewizard p1)" {
		t.Errorf("the number is %+v", number)
	}
	if button.Platform != "button" || button.CommandTopic != resetTopic ||
		button.Name != "Reset power offset (homewizard p1)" {
		t.Errorf("the button is %+v", button)
	}
	for _, topic := range []string{offsetTopic, resetTopic} {
		if !slices.Contains(s.subscriptions(), topic) {
			t.Errorf("nobody listens at %s", topic)
		}
	}
	kept := s.memory()
	o.Emulated = o.Emulated[1:]
	again := newSession(o)
	again.restore(kept)
	bridge = lastConfig(t, keep(connect(again, start)), bridgeConfig)
	for key, platform := range map[string]string{"offset_homewizard_p1": "number", "reset_offset_homewizard_p1": "button"} {
		if c, ok := bridge.Components[key]; !ok || c.Platform != platform || c.UniqueID != "" {
			t.Errorf("%s is not removed: %+v", key, c)
		}
	}
	if bridge.Components["offset_ecotracker_p1"].UniqueID == "" {
		t.Error("the other emulated meter has no number")
	}

	o.Discovery = false
	plain := newSession(o)
	topics := plain.subscriptions()
	if !slices.Contains(topics, "smartmeter/p1_bridge/offset_ecotracker_p1") ||
		slices.Contains(topics, "smartmeter/p1_bridge/reset_offset_ecotracker_p1") {
		t.Errorf("without discovery it listens at %q", topics)
	}
}
