package config

import (
	"fmt"
	"slices"
	"strings"
)

// renaming is another name of an option. now is the variable that the option
// has today, empty where there is no such option here.
type renaming struct {
	naming
	now string
}

// renamed are the former names of options, and the names that smartmeter2mqtt
// has for them in the options file of its beta. They still work. A name that
// was in the app's form also stays in the schema of its config.yaml, as an
// option that may be absent, because the Supervisor drops what is not there.
var renamed = []renaming{
	{naming{path: "serialPort"}, "PORT"},
	{naming{path: "socket"}, "SOCKET"},
	{naming{path: "encryption.key"}, "ENC_KEY"},
	{naming{path: "encryption.aad"}, "ENC_AAD"},
	{naming{path: "outputs.debug"}, "DEBUG"},
	{naming{path: "outputs.jsonSocket"}, "TCP_SERVER"},
	{naming{path: "outputs.rawSocket"}, "RAW_TCP_SERVER"},
	{naming{path: "outputs.webserver"}, "WEB_SERVER"},
	{naming{path: "outputs.mqtt.url"}, "MQTT_URL"},
	{naming{path: "outputs.mqtt.prefix"}, "MQTT_TOPIC"},
	{naming{path: "outputs.mqtt.discovery"}, "MQTT_DISCOVERY"},
	{naming{path: "outputs.mqtt.discoveryPrefix"}, "MQTT_DISCOVERY_PREFIX"},
	{naming{path: "outputs.mqtt.distinct"}, "MQTT_DISTINCT"},
	{naming{path: "outputs.mqtt.distinctFields"}, "MQTT_DISTINCT_FIELDS"},
	{naming{path: "outputs.post.url"}, "POST_URL"},
	{naming{path: "outputs.post.interval"}, "POST_INTERVAL"},
	{naming{path: "outputs.post.json"}, "POST_JSON"},
	{naming{path: "outputs.post.fields"}, "POST_FIELDS"},
	{naming{path: "outputs.influx.url"}, "INFLUX_URL"},
	{naming{path: "outputs.influx.token"}, "INFLUX_TOKEN"},
	{naming{path: "outputs.influx.org"}, "INFLUX_ORG"},
	{naming{path: "outputs.influx.bucket"}, "INFLUX_BUCKET"},
	{naming{path: "solar.host"}, "SUNSPEC_MODBUS"},
	{naming{path: "solar.port"}, "SUNSPEC_MODBUS_PORT"},

	{naming{"outputs.mqttSocket", "TCP_SERVER_MQTT"}, ""},
	{naming{"outputs.mqtt.last_reset", "MQTT_LAST_RESET"}, ""},
	{naming{"outputs.mqtt.last_reset_solar", "MQTT_LAST_RESET_SOLAR"}, ""},
}

// found is what a lookup of a name found.
type found int

const (
	unknown found = iota
	current       // the option's own name
	former        // another name of it
	gone          // a name that has no option here
)

// find returns the option that is called by the path in the options file or by
// the folded name of a variable; the other one is empty. Every name that a user
// writes is looked up here.
func (l *loader) find(path, folded string) (option, found) {
	if i := slices.IndexFunc(l.list, func(o option) bool { return o.has(path, folded) }); i >= 0 {
		return l.list[i], current
	}
	i := slices.IndexFunc(renamed, func(r renaming) bool { return r.has(path, folded) })
	switch {
	case i < 0:
		return option{}, unknown
	case renamed[i].now == "":
		return option{naming: renamed[i].naming}, gone
	}
	now, _ := l.find("", fold(renamed[i].now))
	return now, former
}

// formerGroup reports whether former names begin with the path and a dot.
func formerGroup(path string) bool {
	return slices.ContainsFunc(renamed, func(r renaming) bool { return strings.HasPrefix(r.path, path+".") })
}

// formerSetting is a setting of the options file under a former name.
type formerSetting struct {
	option option
	setting
}

// takeFormer takes what the file says under former names, where the option's
// own name says nothing. Of a file of smartmeter2mqtt one warning says it all.
func (l *loader) takeFormer() {
	for _, f := range l.former {
		name := f.option.name()
		_, isSet := l.settings[f.option.variable]
		switch {
		case isSet:
			l.warn("%s is called %s now, and that is used; remove %s", f.name, name, f.name)
			continue
		case !l.foreign:
			l.warn("%s is called %s now; it still works, but write %s", f.name, name, name)
		}
		l.settings[f.option.variable] = f.setting
	}
}

// warn adds a warning.
func (l *loader) warn(format string, args ...any) {
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}
