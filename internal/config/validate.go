package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Validate returns an *Error for the first option that cannot work, named as in
// the options file, or nil.
func (c Config) Validate() error {
	if field, mend := c.wrong(); mend != "" {
		l := loader{list: optionsOf(&c)}
		return l.fault(optionAt(l.list, field), mend)
	}
	return nil
}

// wrong returns the field of the first option that cannot work, and what to do
// about it.
func (c *Config) wrong() (field any, mend string) {
	for _, rule := range []struct {
		field any
		mend  string // empty: all is well
	}{
		{&c.Source, oneOf(c.Source, sources)},
		{&c.Serial.Device, device(c.Serial.Device)},
		{&c.Serial.Mode, oneOf(c.Serial.Mode, serialModes)},
		{&c.Network.Address, networkAddress(c.Network.Address)},
		{&c.Source, c.lacksSource()},
		{&c.Decryption.Key, keyed(parseKey(c.Decryption.Key))},
		{&c.Decryption.AAD, keyed(parseAAD(c.Decryption.AAD))},
		{&c.MQTT.URL, brokerURL(c.MQTT.URL)},
		{&c.MQTT.CAFile, file(c.MQTT.CAFile)},
		{&c.MQTT.CertFile, file(c.MQTT.CertFile)},
		{&c.MQTT.KeyFile, file(c.MQTT.KeyFile)},
		{&c.MQTT.CertFile, c.lacksOther(c.MQTT.CertFile, "its private key", &c.MQTT.KeyFile)},
		{&c.MQTT.KeyFile, c.lacksOther(c.MQTT.KeyFile, "the certificate that it belongs to", &c.MQTT.CertFile)},
		{&c.MQTT.Topic, topic(c.MQTT.Topic)},
		{&c.MQTT.DiscoveryPrefix, topic(c.MQTT.DiscoveryPrefix)},
		{&c.MQTT.BirthTopic, topic(c.MQTT.BirthTopic)},
		{&c.MQTT.Interval, within(c.MQTT.Interval, 0, 3600, "seconds, 0 for every telegram")},
		{&c.JSONSocket, listen(c.JSONSocket)},
		{&c.RawSocket, listen(c.RawSocket)},
		{&c.RawSocket, apart(c.RawSocket, "the JSON socket", c.JSONSocket)},
		{&c.WebServer, listen(c.WebServer)},
		{&c.WebServer, taken(c.WebServer, c.sockets())},
		{&c.APIServer, listen(c.APIServer)},
		{&c.APIServer, taken(c.APIServer, append(c.sockets(), server{"the page", c.WebServer}))},
		{&c.Data, folder(c.Data)},
		{&c.Health, listen(c.Health)},
		{&c.Health, taken(c.Health, append(c.sockets(), server{"the page", c.WebServer}, server{"the API", c.APIServer}))},
		{&c.APIHosts, hosts(c.APIHosts)},
		{&c.Clients, within(c.Clients, 1, 300, "clients")},
		{&c.Solar.Address, hostOrAddress(c.Solar.Address, "192.168.1.30:502")},
		{&c.Solar.Port, within(c.Solar.Port, 1, 65535, "a port")},
		{&c.Solar.Unit, within(c.Solar.Unit, 0, 247, "a Modbus unit id")},
		{&c.Solar.Interval, within(c.Solar.Interval, 1, mostMilliseconds, "seconds; 900 and more are milliseconds")},
		{&c.Influx.URL, webURL(c.Influx.URL, "http://192.168.1.10:8086")},
		{&c.Influx.URL, c.lacksInflux(&c.Influx.URL)},
		{&c.Influx.Token, c.lacksInflux(&c.Influx.Token)},
		{&c.Influx.Org, c.lacksInflux(&c.Influx.Org)},
		{&c.Influx.Bucket, c.lacksInflux(&c.Influx.Bucket)},
		{&c.Influx.BufferMB, within(c.Influx.BufferMB, 1, 1024, "megabytes")},
		{&c.Post.URL, webURL(c.Post.URL, "http://192.168.1.10/readings")},
		{&c.Post.Interval, within(c.Post.Interval, 1, 86400, "seconds")},
		{&c.Post.Fields, names(c.Post.Fields)},
		{&c.Post.CAFile, file(c.Post.CAFile)},
		{&c.MQTT.DistinctFields, names(c.MQTT.DistinctFields)},
		{&c.Slot, slot(c.Slot)},
		{&c.Language, oneOf(c.Language, meter.Languages)},
		{&c.Checksum, oneOf(c.Checksum, checksums)},
		{&c.Energy, oneOf(c.Energy, energyUnits)},
		{&c.LogLevel, oneOf(c.LogLevel, logLevels)},
	} {
		if rule.mend != "" {
			return rule.field, rule.mend
		}
	}
	if field, mend = c.wrongFurther(); mend != "" {
		return field, mend
	}
	return c.wrongEmulated()
}

// lacksSource checks that what the chosen source needs is set.
func (c *Config) lacksSource() string {
	switch {
	case c.Source == SourceSerial && c.Serial.Device == "":
		return c.needs(&c.Serial.Device, "a serial device")
	case c.Source == SourceNetwork && c.Network.Address == "":
		return c.needs(&c.Network.Address, "the address of a P1-to-network reader")
	}
	return ""
}

// lacksOther checks that both files of a pair are set, or neither.
func (c *Config) lacksOther(this, what string, other *string) string {
	if this == "" || *other != "" {
		return ""
	}
	return c.needs(other, what)
}

// lacksInflux checks that all options of a database are set, or none. It is
// called for each of them: the error of one that is set names one that is not.
func (c *Config) lacksInflux(field any) string {
	db := &c.Influx
	if o := optionAt(optionsOf(c), field); o.value.IsZero() {
		return ""
	}
	switch "" {
	case string(db.URL):
		return c.needs(&db.URL, "the database's address")
	case string(db.Token):
		return c.needs(&db.Token, "a token with write access "+
			"(for InfluxDB 1: user:password; any text where the database asks for none)")
	case db.Org:
		return c.needs(&db.Org, "the organisation (any text where the database has none)")
	case db.Bucket:
		return c.needs(&db.Bucket, "the bucket, or for InfluxDB 1 the database")
	}
	return ""
}

func (c *Config) needs(field any, what string) string {
	o := optionAt(optionsOf(c), field)
	return fmt.Sprintf("this needs %s; set %s (or the variable %s%s)", what, o.path, prefix, o.variable)
}

func parseKey(s Secret) ([]byte, error) { return cipher.ParseKey(string(s)) }

func parseAAD(s Secret) ([]byte, error) { return cipher.ParseAAD(string(s)) }

// keyed returns the text of an error of a key.
func keyed(_ []byte, err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

// oneOf checks that v is one of the values.
func oneOf[T ~string](v T, values []T) string {
	var b strings.Builder
	for i, want := range values {
		switch {
		case v == want:
			return ""
		case i == 0:
		case i == len(values)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(want))
	}
	return "write " + b.String()
}

func within(n, least, most int, of string) string {
	if n >= least && n <= most {
		return ""
	}
	return fmt.Sprintf("write a number from %d to %d (%s)", least, most, of)
}

var windowsPort = regexp.MustCompile(`(?i)^com[0-9]+$`)

// device checks the path of a serial device, which must be absolute.
func device(s string) string {
	switch {
	case s == "":
	case strings.Contains(s, "://"):
		// Kubernetes sets SMARTMETER_PORT=tcp://... for a service of that name.
		return "this is not a serial device; write a path such as /dev/ttyUSB0, " +
			"and give a Kubernetes service called smartmeter another name"
	case strings.ContainsFunc(s, control):
		return "remove the control characters"
	case !strings.HasPrefix(s, "/") && !windowsPort.MatchString(s):
		return "write the whole path of the serial device, such as /dev/ttyUSB0"
	}
	return ""
}

// folder checks the path of a folder, which must be absolute.
func folder(s string) string { return absolute(s, "folder, such as /var/lib/smartmeter") }

// file checks the path of a file, which must be absolute: users of an app or a
// container do not know the working directory.
func file(s string) string { return absolute(s, "file, such as /config/ca.crt") }

func absolute(s, what string) string {
	switch {
	case s == "":
	case strings.ContainsFunc(s, control):
		return "remove the control characters"
	case !filepath.IsAbs(s):
		return "write the whole path of a " + what
	}
	return ""
}

// topic checks a topic to publish under (MQTT 3.1.1, 4.7): no wildcards, and no
// empty level at either end. Topics that start with $ are the broker's.
func topic(s string) string {
	switch {
	case s == "":
		return "write a topic"
	case strings.ContainsAny(s, "+#"):
		return "leave out + and #, which are wildcards"
	case strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/"):
		return "leave out / at the start and the end"
	case strings.HasPrefix(s, "$"):
		return "leave out $ at the start, which is the broker's own"
	}
	return lacksText(s)
}

// lacksText wants a topic to be text that every broker takes.
func lacksText(topic string) string {
	const most = 255
	switch {
	case !utf8.ValidString(topic) || strings.ContainsFunc(topic, control):
		return "write text without control characters"
	case len(topic) > most:
		return fmt.Sprintf("write at most %d bytes", most)
	}
	return ""
}

var fieldName = regexp.MustCompile(`^([A-Za-z0-9_]+|\*)$`)

// names checks the names of fields, of which there must be one.
func names(l List) string {
	const form = "write names of the JSON socket's fields, separated by commas, " +
		"such as currentUsage,gas_totalUse, or * for all"
	if len(l.Names()) == 0 {
		return form
	}
	for _, name := range l.Names() {
		if !fieldName.MatchString(name) {
			return form
		}
	}
	return ""
}

// hosts checks the names of hosts.
func hosts(l List) string {
	for _, name := range l.Names() {
		if !host(name) {
			return "write host names with commas between them, without http:// and port, such as meter.example.org"
		}
	}
	return ""
}

var slots = regexp.MustCompile(`^[a-z0-9_]+$`)

func slot(s string) string {
	if !slots.MatchString(s) {
		return "write small letters, digits and _ only, such as p1"
	}
	// The slots of what belongs to a meter are made of the meter's.
	own := strings.TrimSuffix(s, "_2")
	belongs := strings.HasSuffix(own, "_bridge") || strings.HasSuffix(own, "_solar")
	for m := range meter.Media {
		belongs = belongs || strings.HasSuffix(own, "_"+meter.Media[m].Slot)
	}
	if belongs {
		return fmt.Sprintf("write a name that does not end like this: "+
			"the meter %s may have a device of that name already", own[:strings.LastIndex(own, "_")])
	}
	return ""
}
