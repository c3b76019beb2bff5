package mqtt

import (
	"strconv"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/homeassistant"
	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// names are what the topics and ids of a meter are made of; those of the first
// meter name what all have together, too.
type names struct {
	topic  string // prefix of all topics
	slot   string // of the electricity meter
	prefix string // of discovery
}

// connected is the topic that says whether broker and meter are there.
func (n *names) connected() string { return n.topic + "/connected" }

// bridge is the slot of this program.
func (n *names) bridge() string { return n.slot + "_bridge" }

// solar is the slot of the inverter.
func (n *names) solar() string { return n.slot + "_solar" }

// submeter is the slot of an M-Bus meter: p1_water, of the second p1_water_2.
func (n *names) submeter(m meter.Medium, number int) string {
	slot := n.slot + "_" + meter.Media[m].Slot
	if number > 1 {
		slot += "_" + strconv.Itoa(number)
	}
	return slot
}

func (n *names) config(slot string) string { return homeassistant.ConfigTopic(n.prefix, slot) }

func (n *names) state(slot string) string { return n.topic + "/" + slot + "/state" }

func (n *names) availability(slot string) string { return n.topic + "/" + slot + "/availability" }

// slots are those of all devices of the meter that there can be, by the topic of
// their announcement.
func (n *names) slots() map[string]string {
	list := map[string]string{n.config(n.slot): n.slot}
	for m := range meter.NumMedia {
		for number := 1; number <= household.MaxSame; number++ {
			slot := n.submeter(m, number)
			list[n.config(slot)] = slot
		}
	}
	return list
}

// claim is the topic of the claim of a bridge below the same topic.
func (n *names) claim(bridge string) string { return n.topic + "/" + bridge + "/claim" }

// claims are the topics where the programs of this slot find each other.
func (n *names) claims(discovery bool) []string {
	list := []string{n.claim(n.bridge())}
	if discovery {
		list = append(list, strings.TrimSuffix(n.config(n.bridge()), "config")+"claim")
	}
	return list
}

// cutAround returns what stands between prefix and suffix.
func cutAround(s, prefix, suffix string) (between string, ok bool) {
	s, ok = strings.CutPrefix(s, prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, suffix)
}
