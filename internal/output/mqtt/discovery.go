package mqtt

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// announcement is a message of Home Assistant's device discovery.
type announcement struct {
	Device           deviceConfig               `json:"device"`
	Origin           originConfig               `json:"origin"`
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
	ModelID      string   `json:"model_id,omitempty"`
	SerialNumber string   `json:"serial_number,omitempty"`
	Version      string   `json:"sw_version,omitempty"`
	ViaDevice    string   `json:"via_device,omitempty"`
}

type originConfig struct {
	Name       string `json:"name"`
	Version    string `json:"sw_version,omitempty"`
	SupportURL string `json:"support_url,omitempty"`
}

type availabilityConfig struct {
	Topic         string `json:"topic"`
	ValueTemplate string `json:"value_template,omitempty"`
}

type componentConfig struct {
	Platform         string   `json:"platform"`
	UniqueID         string   `json:"unique_id,omitempty"` // absent with all that follows: the entity is removed
	DefaultEntityID  string   `json:"default_entity_id,omitempty"`
	Name             string   `json:"name,omitempty"` // absent: named by its class, in the user's language
	DeviceClass      string   `json:"device_class,omitempty"`
	StateClass       string   `json:"state_class,omitempty"`
	Unit             string   `json:"unit_of_measurement,omitempty"`
	Precision        *int     `json:"suggested_display_precision,omitempty"`
	Options          []string `json:"options,omitempty"`
	ValueTemplate    string   `json:"value_template,omitempty"`
	EntityCategory   string   `json:"entity_category,omitempty"`
	EnabledByDefault *bool    `json:"enabled_by_default,omitempty"`
	Icon             string   `json:"icon,omitempty"`
	CommandTopic     string   `json:"command_topic,omitempty"`
	AttributesTopic  string   `json:"json_attributes_topic,omitempty"`
	AttributesOf     string   `json:"json_attributes_template,omitempty"`
}

// name is the device's name; the second of its kind has a number.
func (d *device) name(in meter.Language) string {
	name := in.Name(d.info.name)
	if d.info.number > 1 {
		return name + " " + strconv.Itoa(d.info.number)
	}
	return name
}

// connectedTemplate turns the topic connected into an availability.
const connectedTemplate = "{{ 'offline' if value == '0' else 'online' }}"

// originName tells Home Assistant whose announcement it is.
const originName = "smartmeter"

// announcer builds the announcements of devices.
type announcer struct {
	connectedTopic string
	origin         originConfig
	language       meter.Language // of names; ids are English
}

func identifier(slot string) string { return "smartmeter_" + slot }

// build returns the device's announcement with the components that it has.
func (a *announcer) build(d *device) []byte {
	m := announcement{
		Device: deviceConfig{
			Identifiers:  []string{identifier(d.slot)},
			Name:         d.name(a.language),
			Manufacturer: d.info.manufacturer,
			Model:        d.info.model,
			ModelID:      d.info.modelID,
			SerialNumber: d.info.serial,
			Version:      d.info.version,
		},
		Origin:           a.origin,
		StateTopic:       d.stateTopic,
		Availability:     []availabilityConfig{{Topic: a.connectedTopic, ValueTemplate: connectedTemplate}},
		AvailabilityMode: "all", // the default, the latest of the topics, shows a dead meter as alive
		Components:       make(map[string]componentConfig),
	}
	for p := d.parent; p != nil; p = p.parent {
		if !p.deleted { // else Home Assistant makes a nameless device of it
			m.Device.ViaDevice = identifier(p.slot)
			break
		}
	}
	if d.availabilityTopic != "" {
		m.Availability = append(m.Availability, availabilityConfig{Topic: d.availabilityTopic})
	}
	for i := range d.components {
		if d.seen[i] {
			c := &d.components[i]
			config := c.config(d.slot, a.language)
			if c.attributes != nil {
				config.AttributesTopic = d.attributesTopic(c)
			}
			if c.details != nil {
				config.AttributesTopic = d.stateTopic
				config.AttributesOf = "{{ value_json." + c.Key + detailsSuffix + " | tojson }}"
			}
			if config.Platform == platformButton {
				config.CommandTopic = d.commandTopic(c)
			}
			m.Components[c.Key] = config
		}
	}
	for key, platform := range d.gone {
		m.Components[key] = componentConfig{Platform: platform}
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic("announcement holds strings only: " + err.Error())
	}
	return b
}

// on is the component's platform.
func (c *component) on() string {
	if c.platform == "" {
		return platformSensor
	}
	return c.platform
}

func (c *component) config(slot string, in meter.Language) componentConfig {
	platform := c.on()
	id := c.id
	if id == "" {
		id = c.Key
	}
	m := componentConfig{
		Platform:        platform,
		UniqueID:        identifier(slot) + "_" + id,
		DefaultEntityID: platform + "." + slot + "_" + id,
		Name:            in.Name(c.Name),
		DeviceClass:     c.Class,
		StateClass:      c.State,
		Unit:            c.Unit,
		Options:         c.Options,
		Icon:            c.Icon,
	}
	if platform == platformButton {
		m.EntityCategory = "config"
		return m
	}
	m.ValueTemplate = "{{ value_json." + c.Key + " }}"
	if c.State != "" {
		m.Precision = &c.Precision
	}
	if c.Rare || c.diagnostic {
		m.EntityCategory = "diagnostic"
	}
	if c.Rare || c.Off {
		m.EnabledByDefault = new(bool)
	}
	return m
}

// makers are the letters that a meter's identification line begins with: the
// manufacturer's, registered with the FLAG association, or on meters made by
// Sagemcom often the grid operator's.
var makers = map[string]string{
	"ACE": "Itron",
	"ADN": "Aidon",
	"AUX": "Sanxing",
	"ELL": "Sagemcom", // Ellevio
	"ELS": "Elster",
	"ENE": "Sagemcom", // Enexis
	"EST": "Sagemcom", // Energienetze Steiermark
	"ESY": "EasyMeter",
	"FLU": "Sagemcom", // Fluvius
	"ISK": "Iskraemeco",
	"KAM": "Kamstrup",
	"KFM": "Kaifa",
	"KMP": "Kamstrup",
	"LGF": "Landis+Gyr",
	"LGZ": "Landis+Gyr",
	"LG_": "Landis+Gyr",
	"LUX": "Sagemcom", // Luxmetering
	"MCS": "Metcom",
	"NES": "NES",
	"SAG": "Sagemcom",
	"XMX": "Landis+Gyr", // with a communication module by Xemex
}

// identify reads maker and model from the identification line, such as
// ISK5\2M550T-1012: three letters, the baud rate's digit, an escape (IEC
// 62056-21, 6.3.2), the maker's own text.
func identify(header string) (maker, model string) {
	if len(header) < 4 {
		return "", header
	}
	maker = makers[strings.ToUpper(header[:3])]
	if header[3] < '0' || header[3] > '9' {
		return maker, header
	}
	model = strings.TrimLeft(header[4:], `\=@ `)
	// "\2" announces an optical protocol; in \253769484_A it is the number.
	if len(model) > 1 && model[0] == '2' && (model[1] < '0' || model[1] > '9') {
		model = model[1:]
	}
	return maker, model
}

// serial makes an equipment identifier readable: most are text, printed as
// hex digits. One that could be a plain number stays as it is.
func serial(id string) string {
	decoded, err := hex.DecodeString(id)
	if err != nil {
		return id
	}
	letters := false
	for _, c := range decoded {
		if c < ' ' || c > '~' {
			return id
		}
		letters = letters || c >= 'A' && c <= 'Z'
	}
	if !letters {
		return id
	}
	return strings.TrimSpace(string(decoded))
}

// about returns what the telegram's words tell.
func about(i identity) information {
	maker, model := identify(i.header)
	return information{manufacturer: maker, model: model, modelID: i.header, serial: serial(i.id), version: i.standard}
}
