package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The beta of smartmeter2mqtt reads an options file of its own. Whoever comes
// from there keeps it: what we have of it is taken, and the rest is named.

// foreign reports whether the file is smartmeter2mqtt's: a key of theirs at the
// top, and none that is ours alone.
func (l *loader) foreign(root map[string]any) bool {
	ours := slices.ContainsFunc(l.list, func(o option) bool {
		top, _, _ := strings.Cut(o.path, ".")
		_, ok := root[top]
		return ok && top != "solar" // which both have
	})
	return !ours && slices.ContainsFunc([]string{"serialPort", "socket", "outputs", "encryption"}, func(key string) bool {
		_, ok := root[key]
		return ok
	})
}

// takeForeign takes the settings out of smartmeter2mqtt's file.
func (l *loader) takeForeign(file string, root map[string]any, c *Config) error {
	fields := map[string]any{
		"serialPort":                   &c.Serial.Device,
		"socket":                       &c.Network.Address,
		"encryption.key":               &c.Decryption.Key,
		"encryption.aad":               &c.Decryption.AAD,
		"outputs.debug":                &c.Debug,
		"outputs.jsonSocket":           &c.JSONSocket,
		"outputs.rawSocket":            &c.RawSocket,
		"outputs.webserver":            &c.WebServer,
		"outputs.mqtt.url":             &c.MQTT.URL,
		"outputs.mqtt.prefix":          &c.MQTT.Topic,
		"outputs.mqtt.discovery":       &c.MQTT.Discovery,
		"outputs.mqtt.discoveryPrefix": &c.MQTT.DiscoveryPrefix,
		"outputs.mqtt.distinct":        &c.MQTT.Distinct,
		"outputs.mqtt.distinctFields":  &c.MQTT.DistinctFields,
		"outputs.post.url":             &c.Post.URL,
		"outputs.post.interval":        &c.Post.Interval,
		"outputs.post.json":            &c.Post.JSON,
		"outputs.post.fields":          &c.Post.Fields,
		"outputs.influx.url":           &c.Influx.URL,
		"outputs.influx.token":         &c.Influx.Token,
		"outputs.influx.org":           &c.Influx.Org,
		"outputs.influx.bucket":        &c.Influx.Bucket,
		"solar.host":                   &c.Solar.Address,
		"solar.port":                   &c.Solar.Port,
		"solar.interval":               &c.Solar.Interval,
	}
	var left []string
	var walk func(group string, members map[string]any) error
	walk = func(group string, members map[string]any) error {
		for _, key := range slices.Sorted(maps.Keys(members)) {
			path, value := group+key, members[key]
			if field, ok := fields[path]; ok {
				if err := l.set(optionAt(l.list, field), path, value); err != nil {
					return err
				}
				continue
			}
			switch value := value.(type) {
			case map[string]any:
				if err := walk(path+".", value); err != nil {
					return err
				}
			default:
				if value != nil && value != "" && value != false {
					left = append(left, printable(path))
				}
			}
		}
		return nil
	}
	if err := walk("", root); err != nil {
		return err
	}
	hint := fmt.Sprintf("%s is smartmeter2mqtt's; it is understood, but better written with this program's options", printable(file))
	if len(left) > 0 {
		hint += "; this version does not have " + strings.Join(left, ", ")
	}
	l.warnings = append(l.warnings, hint)
	return nil
}
