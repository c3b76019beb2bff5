package homeassistant

import (
	"encoding/json"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Announcement is a message of Home Assistant's device discovery.
type Announcement struct {
	Device           deviceConfig               `json:"device"`
	Origin           Origin                     `json:"origin"`
	StateTopic       string                     `json:"state_topic"`
	Availability     []availabilityConfig       `json:"availability"`
	AvailabilityMode string                     `json:"availability_mode"`
	Components       map[string]componentConfig `json:"components"`
}

type deviceConfig struct {
	Identifiers  []string `json:"identifiers"`
	Name         string   `json:"name"`
	Manufacturer string   `json:"manufacturer,omitempty"`
	Model        string   `json:"model,omitempty"`
	SerialNumber string   `json:"serial_number,omitempty"`
	Version      string   `json:"sw_version,omitempty"`
	ViaDevice    string   `json:"via_device,omitempty"`
	Page         string   `json:"configuration_url,omitempty"`
}

// Origin is the program that announces.
type Origin struct {
	Name       string `json:"name"`
	Version    string `json:"sw_version,omitempty"`
	SupportURL string `json:"support_url,omitempty"`
}

type availabilityConfig struct {
	Topic         string `json:"topic"`
	ValueTemplate string `json:"value_template,omitempty"`
}

// componentConfig announces an entity; with its platform alone it is removed.
type componentConfig struct {
	Platform string `json:"platform"`
	nameConfig
	sensorConfig
	ValueTemplate    string `json:"value_template,omitempty"`
	EntityCategory   string `json:"entity_category,omitempty"`
	EnabledByDefault *bool  `json:"enabled_by_default,omitempty"`
	VisibleByDefault *bool  `json:"visible_by_default,omitempty"`
	Icon             string `json:"icon,omitempty"`
	CommandTopic     string `json:"command_topic,omitempty"`
	Min              *int   `json:"min,omitempty"`
	Max              *int   `json:"max,omitempty"`
	Mode             string `json:"mode,omitempty"`
	AttributesTopic  string `json:"json_attributes_topic,omitempty"`
	AttributesOf     string `json:"json_attributes_template,omitempty"`
}

type nameConfig struct {
	UniqueID        string `json:"unique_id,omitempty"`
	DefaultEntityID string `json:"default_entity_id,omitempty"`
	Name            string `json:"name,omitempty"` // absent: named by its class, in the user's language
}

type sensorConfig struct {
	DeviceClass string   `json:"device_class,omitempty"`
	StateClass  string   `json:"state_class,omitempty"`
	Unit        string   `json:"unit_of_measurement,omitempty"`
	Precision   *int     `json:"suggested_display_precision,omitempty"`
	Options     []string `json:"options,omitempty"`
}

// connectedTemplate turns the topic connected into an availability.
const connectedTemplate = "{{ 'offline' if value == '0' else 'online' }}"

// OriginName is the name of this program in announcements.
const OriginName = "smartmeter"

// Announcer builds the announcements of devices.
type Announcer struct {
	ConnectedTopic string // of the availability of the program
	Origin         Origin
	Language       meter.Language // of names; ids are English
	Slot           string         // of the meter that the devices belong to
	Groups         *Groups        // that the household has
	Page           string         // of the program, where "Visit" on a device leads to; empty: nowhere
}

// usualSlot is the slot of a household with one meter.
const usualSlot = "p1"

// suffix tells the devices of several meters apart, which pickers list side by
// side.
func (a *Announcer) suffix() string {
	if a.Slot == usualSlot {
		return ""
	}
	return named(a.Slot)
}

// named is what a name ends in that tells its meter.
func named(slot string) string { return " (" + strings.ReplaceAll(slot, "_", " ") + ")" }

// Identifier returns the identifier of a device.
func Identifier(slot string) string { return OriginName + "_" + slot }

// ConfigTopic returns the topic of a device's announcement below the prefix of
// discovery.
func ConfigTopic(prefix, slot string) string {
	return prefix + "/device/" + Identifier(slot) + "/config"
}

// Build returns the device's announcement with the entities that it has.
func (a *Announcer) Build(d *Device) []byte {
	m := Announcement{
		Device: deviceConfig{
			Identifiers:  []string{Identifier(d.Slot)},
			Name:         d.Name(a.Language) + a.suffix(),
			Manufacturer: d.info.Manufacturer,
			Model:        Name(a.Language, d.info.Model),
			SerialNumber: d.info.Serial,
			Version:      d.info.Version,
			Page:         a.Page,
		},
		Origin:           a.Origin,
		StateTopic:       d.Topics.State,
		Availability:     []availabilityConfig{{Topic: a.ConnectedTopic, ValueTemplate: connectedTemplate}, {Topic: d.Topics.Availability}},
		AvailabilityMode: "all", // the default, the latest of the topics, shows a dead meter as alive
		Components:       make(map[string]componentConfig),
	}
	for p := d.Parent; p != nil; p = p.Parent {
		if !p.Deleted { // else Home Assistant makes a nameless device of it
			m.Device.ViaDevice = Identifier(p.Slot)
			break
		}
	}
	for i := range d.entities {
		if e := &d.entities[i]; e.seen {
			m.Components[e.Key] = a.component(d, e.Entity)
		}
	}
	for key, platform := range d.gone {
		m.Components[key] = componentConfig{Platform: platform}
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic("an announcement holds strings only: " + err.Error())
	}
	return b
}

// component returns the announcement of one entity of the device.
func (a *Announcer) component(d *Device, e *Entity) componentConfig {
	id := e.ID
	if id == "" {
		id = e.Key
	}
	m := componentConfig{
		Platform:     e.on(),
		nameConfig:   nameConfig{Identifier(d.Slot) + "_" + id, e.on() + "." + d.Slot + "_" + id, Name(a.Language, e.Name)},
		sensorConfig: sensorConfig{DeviceClass: e.Class, StateClass: e.State, Unit: e.Unit},
		Icon:         e.Icon,
	}
	if e.Of != "" {
		m.Name += named(e.Of)
	}
	if e.Platform == Button {
		m.EntityCategory, m.CommandTopic = "config", d.CommandTopic(e.Key)
		return m
	}
	m.ValueTemplate = "{{ value_json." + e.Key + " }}"
	if e.Platform == Number {
		m.EntityCategory, m.CommandTopic = "config", d.CommandTopic(e.Key)
		m.Min, m.Max, m.Mode = &e.Range.Least, &e.Range.Most, "box"
		return m
	}
	if len(e.Options) > 0 {
		m.Options, m.ValueTemplate = a.states(e)
	}
	if e.State != "" {
		m.Precision = &e.Precision
	}
	if e.Rare || e.Diagnostic {
		m.EntityCategory = "diagnostic"
	}
	if e.Rare || e.Off {
		m.EnabledByDefault = new(bool)
	}
	if e.IsHidden != nil && e.IsHidden(a.Groups) {
		m.VisibleByDefault = new(bool)
	}
	switch {
	case e.Details != nil:
		m.AttributesTopic = d.Topics.State
		m.AttributesOf = "{{ value_json." + e.Key + detailsSuffix + " | tojson }}"
	case e.Attributes != nil:
		m.AttributesTopic = d.attributesTopic(e.Key)
	}
	return m
}

// states returns the names of an entity's states, and the template that turns
// what its topic says into them: Home Assistant does not translate the states
// of MQTT sensors.
func (a *Announcer) states(e *Entity) (names []string, template string) {
	var pairs []string
	for _, state := range e.Options {
		name := stateName(a.Language, state)
		names = append(names, name)
		if name != state {
			pairs = append(pairs, "'"+state+"': '"+name+"'")
		}
	}
	value := "value_json." + e.Key
	return names, "{{ {" + strings.Join(pairs, ", ") + "}.get(" + value + ", " + value + ") }}"
}

// ReadAnnouncement returns an announcement of this program, or of another run;
// false for what others announce.
func ReadAnnouncement(payload []byte) (a Announcement, ok bool) {
	err := json.Unmarshal(payload, &a)
	return a, err == nil && a.Origin.Name == OriginName
}
