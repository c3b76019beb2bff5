// Package config holds every option of the program in one struct. It is
// filled from the app's options JSON and from environment variables, which
// win. The same names, defaults and checks serve both.
package config

import "log/slog"

// Config is all the options. The tag json is the option's dotted path in the
// options file, env the variable's name without its prefix SMARTMETER_.
type Config struct {
	Source     Source `json:"source" env:"SOURCE" envDefault:"auto"`
	Serial     Serial
	Network    Network
	MQTT       MQTT
	JSONSocket Listen `env:"TCP_SERVER" envDefault:"3010"`     // JSON socket
	RawSocket  Listen `env:"RAW_TCP_SERVER" envDefault:"3020"` // raw socket
	Clients    int    `env:"SOCKET_CLIENTS" envDefault:"32"`   // at most, per socket

	Slot     string   `json:"slot" env:"SLOT" envDefault:"p1"` // name of the meter in topics and unique ids
	Checksum Checksum `json:"checksum" env:"CHECKSUM" envDefault:"auto"`
	Health   Listen   `env:"HEALTH" envDefault:"127.0.0.1:8098"`
	LogLevel LogLevel `json:"log_level" env:"LOG_LEVEL" envDefault:"info"`
	Debug    bool     `env:"DEBUG"` // as smartmeter2mqtt: log level debug
}

// Source tells which kind of source to read.
type Source string

// The kinds of source. SourceAuto takes the network if an address is set,
// else the serial device.
const (
	SourceAuto    Source = "auto"
	SourceSerial  Source = "serial"
	SourceNetwork Source = "network"
)

// Serial is the cable.
type Serial struct {
	Device string     `json:"serial.device" env:"PORT"` // best a /dev/serial/by-id/... path
	Mode   SerialMode `json:"serial.mode" env:"SERIAL_MODE" envDefault:"115200 8N1"`
}

// SerialMode is speed, data bits, parity and stop bits: "115200 8N1".
type SerialMode string

// Network is a P1-to-network reader.
type Network struct {
	Address string `json:"network.address" env:"SOCKET"` // host:port, IPv6 in brackets
}

// MQTT is the broker and what is published there.
type MQTT struct {
	URL             string `json:"mqtt.url" env:"MQTT_URL"` // empty under Home Assistant: the Supervisor knows
	Username        string `json:"mqtt.username" env:"MQTT_USERNAME"`
	Password        Secret `json:"mqtt.password" env:"MQTT_PASSWORD"`
	Topic           string `json:"mqtt.topic" env:"MQTT_TOPIC" envDefault:"smartmeter"`
	Discovery       bool   `json:"mqtt.discovery" env:"MQTT_DISCOVERY" envDefault:"true"`
	DiscoveryPrefix string `json:"mqtt.discovery_prefix" env:"MQTT_DISCOVERY_PREFIX" envDefault:"homeassistant"`
	BirthTopic      string `json:"mqtt.birth_topic" env:"MQTT_BIRTH_TOPIC" envDefault:"homeassistant/status"`
	Interval        int    `json:"mqtt.interval" env:"MQTT_INTERVAL" envDefault:"10"` // seconds between entity states; 0: every telegram
}

// Checksum tells whether a wrong checksum drops the telegram.
type Checksum string

// The ways to treat checksums.
const (
	ChecksumAuto Checksum = "auto"
	ChecksumOff  Checksum = "off" // for a meter known to send wrong ones
)

// Listen is where a server listens: host:port, or empty for off. As text it
// is a port, host:port, or 0.
type Listen string

// LogLevel is error, warning, info or debug.
type LogLevel string

// Secret is text that hides itself in logs and in fmt's output.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
