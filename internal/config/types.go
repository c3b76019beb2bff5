package config

import (
	"log/slog"
	"net"
	"strconv"
	"strings"
)

// Source is the kind of source to read.
type Source string

// The kinds of source. SourceAuto takes the network if an address is set,
// else the serial device.
const (
	SourceAuto    Source = "auto"
	SourceSerial  Source = "serial"
	SourceNetwork Source = "network"
)

var sources = []Source{SourceAuto, SourceSerial, SourceNetwork}

// SerialMode is speed, data bits, parity and stop bits.
type SerialMode string

// The modes of a serial line. SerialAuto finds the right one by listening.
const (
	SerialAuto     SerialMode = "auto"
	Serial115200N8 SerialMode = "115200 8N1" // DSMR 4 and later, and most others
	Serial9600E7   SerialMode = "9600 7E1"   // DSMR 2 and 3
	Serial115200E7 SerialMode = "115200 7E1" // Slovenia
	Serial115200E8 SerialMode = "115200 8E1" // Denmark: NES
	Serial2400E8   SerialMode = "2400 8E1"   // M-Bus: Norway, Austria, Switzerland
	Serial2400N8   SerialMode = "2400 8N1"   // Kamstrup's modules
	Serial9600N8   SerialMode = "9600 8N1"   // optical heads in Germany, RS-485 in Czechia
	Serial38400N8  SerialMode = "38400 8N1"  // Slovenia
	Serial9600E8   SerialMode = "9600 8E1"
)

var serialModes = []SerialMode{SerialAuto, Serial115200N8, Serial9600E7, Serial115200E7, Serial115200E8,
	Serial2400E8, Serial2400N8, Serial9600N8, Serial38400N8, Serial9600E8}

// Checksum says whether a wrong checksum drops the telegram.
type Checksum string

// The ways to treat checksums.
const (
	ChecksumAuto Checksum = "auto"
	ChecksumOff  Checksum = "off" // for a meter known to send wrong ones
)

var checksums = []Checksum{ChecksumAuto, ChecksumOff}

// EnergyUnit is the unit of a meter's totals where its messages do not name it.
type EnergyUnit string

// The units of totals.
const (
	EnergyAuto EnergyUnit = "auto" // power over time decides
	EnergyWh   EnergyUnit = "Wh"
	Energy10Wh EnergyUnit = "10Wh"
)

var energyUnits = []EnergyUnit{EnergyAuto, EnergyWh, Energy10Wh}

// WattHours returns the value of one count, 0 where the power has to decide.
func (u EnergyUnit) WattHours() int64 {
	switch u {
	case EnergyWh:
		return 1
	case Energy10Wh:
		return 10
	}
	return 0
}

// LogLevel is the lowest level that is logged.
type LogLevel string

// The levels of the log.
const (
	LogError   LogLevel = "error"
	LogWarning LogLevel = "warning"
	LogInfo    LogLevel = "info"
	LogDebug   LogLevel = "debug"
)

var logLevels = []LogLevel{LogError, LogWarning, LogInfo, LogDebug}

// Level returns the level for log/slog, which makes LogLevel a slog.Leveler. An
// unknown level is info.
func (l LogLevel) Level() slog.Level {
	switch l {
	case LogError:
		return slog.LevelError
	case LogWarning:
		return slog.LevelWarn
	case LogDebug:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// Listen is where a server listens, as net.Listen takes it: ":3010" is port
// 3010 on every address, IPv6 and IPv4; a port 0 after a host is one that the
// system picks. Empty means off. As text it is a port, host:port, or 0 for
// off.
type Listen string

// The methods below normalise texts; Validate checks them, so that an invalid
// one is reported with its option's name.

// UnmarshalText takes any case.
func (s *Source) UnmarshalText(text []byte) error {
	*s = canonical(string(text), sources)
	return nil
}

// UnmarshalText takes any case.
func (m *SerialMode) UnmarshalText(text []byte) error {
	*m = canonical(string(text), serialModes)
	return nil
}

// UnmarshalText takes any case.
func (c *Checksum) UnmarshalText(text []byte) error {
	*c = canonical(string(text), checksums)
	return nil
}

// UnmarshalText takes any case.
func (u *EnergyUnit) UnmarshalText(text []byte) error {
	*u = canonical(string(text), energyUnits)
	return nil
}

// UnmarshalText takes any case, and warn for warning.
func (l *LogLevel) UnmarshalText(text []byte) error {
	*l = canonical(string(text), logLevels)
	if strings.EqualFold(string(text), "warn") {
		*l = LogWarning
	}
	return nil
}

// UnmarshalText takes a port, host:port, or 0 for off.
func (l *Listen) UnmarshalText(text []byte) error {
	*l = Listen(text)
	if port, err := strconv.ParseUint(string(text), 10, 16); err == nil {
		*l = ""
		if port != 0 {
			*l = Listen(net.JoinHostPort("", strconv.FormatUint(port, 10)))
		}
	}
	return nil
}

// OwnPort is a Listen that is not switched off: that is done by leaving out what
// has the port. 0 alone is refused, as somebody means off by it.
type OwnPort Listen

// UnmarshalText takes a port or host:port.
func (p *OwnPort) UnmarshalText(text []byte) error {
	err := (*Listen)(p).UnmarshalText(text)
	if *p == "" && len(text) > 0 {
		*p = ":0"
	}
	return err
}

// canonical returns the value that text stands for in any case, or else text
// itself.
func canonical[T ~string](text string, values []T) T {
	for _, v := range values {
		if strings.EqualFold(text, string(v)) {
			return v
		}
	}
	return T(text)
}

// List is a list of names, separated by commas; * stands for all.
type List string

// Names returns the list's members.
func (l List) Names() []string {
	var names []string
	for name := range strings.SplitSeq(string(l), ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// WebURL is a web address. Logs, the page and fmt show only its scheme and host,
// because the path of a webhook is its password. A conversion to string returns
// all of it.
type WebURL string

// String returns the part that may be shown.
func (u WebURL) String() string {
	if strings.Contains(string(u), "://") || u == "" {
		return mask(string(u))
	}
	return maskWeb("", string(u))
}

// GoString hides the rest from %#v.
func (u WebURL) GoString() string { return strconv.Quote(u.String()) }

// LogValue hides the rest from log/slog.
func (u WebURL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText hides the rest from encoding/json and the like.
func (u WebURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// Secret is text that logs and fmt do not show. A conversion to string returns
// it.
type Secret string

const hidden = "(hidden)"

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// LogValue hides the secret from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from encoding/json and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
