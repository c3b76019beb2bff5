package config

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/household"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// SumSlot is the slot of what all electricity meters say together, which no
// meter has.
const SumSlot = "sum"

// Meter is what the options say of one meter.
type Meter struct {
	Slot       string
	Path       string // where its options stand in the options file; empty: the first one's stand alone
	Source     Source
	Serial     Serial
	Network    Network
	Decryption Decryption
	Checksum   Checksum
	Energy     EnergyUnit
	JSONSocket Listen
	RawSocket  Listen
}

// further returns the meters beside the first that are set, in their order.
func (c *Config) further() (list []*Further) {
	all := []*Further{&c.More.Second, &c.More.Third, &c.More.Fourth}
	return slices.DeleteFunc(all, func(f *Further) bool { return *f == Further{} })
}

// Meters returns all meters, of which there is always one. The sockets of
// further ones are at the ports after those of the first.
func (c Config) Meters() []Meter {
	list := []Meter{{
		Slot: c.Slot, Source: c.Source, Serial: c.Serial, Network: c.Network, Decryption: c.Decryption,
		Checksum: c.Checksum, Energy: c.Energy, JSONSocket: c.JSONSocket, RawSocket: c.RawSocket,
	}}
	for i, f := range c.further() {
		list = append(list, Meter{
			Slot: f.Slot, Path: c.path(f), Source: SourceAuto,
			Serial:     Serial{Device: f.Device, Mode: cmp.Or(f.Mode, SerialAuto)},
			Network:    Network{Address: f.Address},
			Decryption: Decryption{Key: f.Key, AAD: cmp.Or(f.AAD, DefaultAAD)},
			Checksum:   ChecksumAuto, Energy: EnergyAuto,
			JSONSocket: c.JSONSocket.after(i + 1), RawSocket: c.RawSocket.after(i + 1),
		})
	}
	return list
}

// path returns where the options of a further meter stand.
func (c *Config) path(f *Further) string {
	return strings.TrimSuffix(optionAt(optionsOf(c), &f.Slot).path, ".slot")
}

// after returns the same address n ports on. What is off stays off, and a port
// that the system picks is picked again.
func (l Listen) after(n int) Listen {
	host, text, err := net.SplitHostPort(string(l))
	port, notNumber := strconv.Atoi(text)
	if err != nil || notNumber != nil || port == 0 {
		return l
	}
	return Listen(net.JoinHostPort(host, strconv.Itoa(port+n)))
}

// AddressOption returns the name of the option that says where the meter is read
// over the network.
func (m Meter) AddressOption() string {
	if m.Path == "" {
		return "network.address"
	}
	return m.Path + ".address"
}

// SourceInUse is Source with auto decided: the network if an address is set,
// else the serial device. SourceAuto means that there is neither, which is
// valid: the program says so and waits.
func (m Meter) SourceInUse() Source {
	switch {
	case m.Source != SourceAuto:
		return m.Source
	case m.Network.Address != "":
		return SourceNetwork
	case m.Serial.Device != "":
		return SourceSerial
	}
	return SourceAuto
}

// line returns what tells the meter's line from others; empty: there is none.
func (m Meter) line() string {
	switch m.SourceInUse() {
	case SourceNetwork:
		u, err := m.Network.URL()
		if err != nil || u.Opaque != "" {
			return m.Network.Address // capitals count in a topic
		}
		u.Host = strings.ToLower(u.Host)
		return u.String()
	case SourceSerial:
		return filepath.Clean(m.Serial.Device)
	}
	return ""
}

// slots are those of all devices that the meter may have.
func (m Meter) slots() []string {
	list := []string{m.Slot, m.Slot + "_bridge", m.Slot + "_solar"}
	for i := range meter.Media {
		slot := m.Slot + "_" + meter.Media[i].Slot
		list = append(list, slot)
		for number := 2; number <= household.MaxSame; number++ {
			list = append(list, slot+"_"+strconv.Itoa(number))
		}
	}
	return list
}

// wrongFurther returns the field of the first further meter that cannot work,
// and the mend.
func (c *Config) wrongFurther() (field any, mend string) {
	meters := c.Meters()
	if len(meters) > 1 && c.Slot == SumSlot {
		return &c.Slot, "write another name, because sum is what all meters say together"
	}
	for i, f := range c.further() {
		n := i + 1 // in meters
		for _, rule := range []struct {
			field any
			mend  string // empty: all is well
		}{
			{&f.Device, device(f.Device)},
			{&f.Address, networkAddress(f.Address)},
			{&f.Mode, oneOf(cmp.Or(f.Mode, SerialAuto), serialModes)},
			{&f.Key, keyed(parseKey(f.Key))},
			{&f.AAD, keyed(parseAAD(f.AAD))},
			{&f.Slot, lacksSlot(f.Slot)},
			{&f.Slot, slot(f.Slot)},
			{&f.Slot, clashOfSlots(meters, n)},
			{&f.Slot, f.lacksLine()},
			{&f.Address, f.bothLines()},
			{cmp.Or(f.field(), any(&f.Slot)), clashOfLines(meters, n)},
			{&c.JSONSocket, clashOfPorts(meters, n)},
		} {
			if rule.mend != "" {
				return rule.field, rule.mend
			}
		}
	}
	return nil, ""
}

// field is what names the meter's line; nil: nothing does.
func (f *Further) field() any {
	switch {
	case f.Address != "":
		return &f.Address
	case f.Device != "":
		return &f.Device
	}
	return nil
}

func lacksSlot(slot string) string {
	switch slot {
	case "":
		return "give this meter a slot, a name of its own such as night"
	case SumSlot:
		return "write another name, because sum is what all meters say together"
	}
	return ""
}

func (f *Further) lacksLine() string {
	if f.field() == nil {
		return "set where this meter is read: its device, or the address of its reader in the network"
	}
	return ""
}

func (f *Further) bothLines() string {
	if f.Address != "" && f.Device != "" {
		return "this meter has a device already; leave one of the two empty"
	}
	return ""
}

// clashOfSlots wants no device of the nth meter to have the name of another
// one's.
func clashOfSlots(meters []Meter, n int) string {
	own := meters[n].slots()
	for _, other := range meters[:n] {
		if i := slices.IndexFunc(own, func(slot string) bool { return slices.Contains(other.slots(), slot) }); i >= 0 {
			if own[i] == other.Slot && i == 0 {
				return "another meter has this slot already; write another name"
			}
			return fmt.Sprintf("write another name: the meter %s may have a device called %s, too", other.Slot, own[i])
		}
	}
	return ""
}

// clashOfLines wants each line to be read once.
func clashOfLines(meters []Meter, n int) string {
	for _, other := range meters[:n] {
		if line := meters[n].line(); line != "" && line == other.line() {
			return fmt.Sprintf("the meter %s is read there already; write another one, or remove this meter", other.Slot)
		}
	}
	return ""
}

// clashOfPorts wants no socket of the nth meter to have another one's port.
func clashOfPorts(meters []Meter, n int) string {
	const rule = "the sockets of further meters are at the ports after this one"
	own := meters[n]
	if listen(own.JSONSocket) != "" || listen(own.RawSocket) != "" {
		return rule + ", and there is none after 65535; write a lower one"
	}
	for _, other := range meters[:n] {
		for _, mend := range []string{
			apart(own.JSONSocket, "the raw socket of "+other.Slot, other.RawSocket),
			apart(own.RawSocket, "the JSON socket of "+other.Slot, other.JSONSocket),
		} {
			if mend != "" {
				return rule + ", and " + mend
			}
		}
	}
	return ""
}
