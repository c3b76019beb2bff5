package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// leaves lists the fields of Config that are options, with their whole names as
// tags. Of a list it has those of the first place.
func leaves(t reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for field := range t.Fields() {
		if field.Type.Kind() == reflect.Struct {
			path, prefix := field.Tag.Get("json"), field.Tag.Get("envPrefix")
			if prefix != "" && !strings.HasSuffix(prefix, "_0_") {
				continue
			}
			for _, member := range leaves(field.Type) {
				if path != "" {
					member.Tag = reflect.StructTag(fmt.Sprintf(`json:"%s.%s" env:"%s%s"`, path, member.Tag.Get("json"), prefix, member.Tag.Get("env")))
				}
				list = append(list, member)
			}
			continue
		}
		list = append(list, field)
	}
	return list
}

func TestEveryOptionHasNames(t *testing.T) {
	seen := make(map[string]string)
	for _, field := range leaves(reflect.TypeFor[config.Config]()) {
		variable := field.Tag.Get("env")
		if variable == "" || strings.ToUpper(variable) != variable {
			t.Errorf("%s: variable %q, want a name in capitals", field.Name, variable)
		}
		names := []string{strings.ReplaceAll(variable, "_", "")}
		if path := field.Tag.Get("json"); path != "" {
			names = append(names, path)
		}
		for _, name := range names {
			if other, ok := seen[name]; ok {
				t.Errorf("%s and %s are both called %s", other, field.Name, name)
			}
			seen[name] = field.Name
		}
	}
}

func TestSourceInUse(t *testing.T) {
	for _, tt := range []struct {
		source          config.Source
		device, address string
		want            config.Source
	}{
		{config.SourceAuto, "", "", config.SourceAuto},
		{config.SourceAuto, "/dev/ttyUSB0", "", config.SourceSerial},
		{config.SourceAuto, "", "h:1", config.SourceNetwork},
		{config.SourceAuto, "/dev/ttyUSB0", "h:1", config.SourceNetwork},
		{config.SourceSerial, "/dev/ttyUSB0", "h:1", config.SourceSerial},
		{config.SourceNetwork, "/dev/ttyUSB0", "h:1", config.SourceNetwork},
	} {
		m := config.Meter{Source: tt.source, Serial: config.Serial{Device: tt.device}, Network: config.Network{Address: tt.address}}
		if got := m.SourceInUse(); got != tt.want {
			t.Errorf("%+v: got %s", tt, got)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := defaults().Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	c := defaults()
	c.Clients = 0
	c.MQTT.Password = "geheim"
	const want = `SMARTMETER_SOCKET_CLIENTS = "0": write a number from 1 to 300 (clients)`
	if err := c.Validate(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLogLevel(t *testing.T) {
	for level, want := range map[config.LogLevel]slog.Level{
		config.LogError: slog.LevelError, config.LogWarning: slog.LevelWarn, config.LogInfo: slog.LevelInfo, config.LogDebug: slog.LevelDebug,
	} {
		if got := level.Level(); got != want {
			t.Errorf("%s: got %v, want %v", level, got, want)
		}
	}
}

func TestSecretHides(t *testing.T) {
	const secret = config.Secret("geheim")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("", "secret", secret)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("", "config", config.MQTT{Password: secret})
	data, err := json.Marshal(struct{ S config.Secret }{secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{
		fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %q %x", secret, secret, secret, secret, secret),
		fmt.Sprintf("%+v %#v", config.MQTT{Password: secret}, config.MQTT{Password: secret}), log.String(), string(data),
	} {
		if strings.Contains(got, "geheim") || strings.Contains(got, fmt.Sprintf("%x", "geheim")) {
			t.Errorf("shows the secret: %s", got)
		}
	}
	if got := config.Secret("").String(); got != "" {
		t.Errorf("no secret: got %q, want nothing", got)
	}
}

// TestWebURLHides: of a web hook's address only scheme and host are shown, on
// the page as in the log.
func TestWebURLHides(t *testing.T) {
	for written, want := range map[config.WebURL]string{
		"https://ha.example.org/api/webhook/geheim": "https://ha.example.org/***",
		"https://me:geheim@h:8443/":                 "https://h:8443/***",
		"http://h?geheim":                           "http://h/***",
		"http://h#geheim":                           "http://h/***",
		"http://u:1/geheim@h/x":                     "http://***",
		"http://[fe80::1]:8086/write?p=geheim":      "http://[fe80::1]:8086/***",
		"h/api/webhook/geheim":                      "h/***",
		"http://%zz/geheim":                         "http://***",
		"http://192.168.1.10:8086":                  "http://192.168.1.10:8086",
		"":                                          "",
	} {
		c := config.Config{Post: config.Post{URL: written}, Influx: config.Influx{URL: written}}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("", "url", written, "config", c)
		page, err := json.Marshal(c.Settings())
		if err != nil {
			t.Fatal(err)
		}
		if got := written.String(); got != want {
			t.Errorf("%q is shown as %q, want %q", string(written), got, want)
		}
		for _, got := range []string{log.String(), string(page), fmt.Sprintf("%v %#v", written, written), fmt.Sprintf("%+v", c.Post)} {
			if strings.Contains(got, "geheim") {
				t.Errorf("%q: shows the secret: %s", string(written), got)
			}
		}
	}
}

func TestDefaultAAD(t *testing.T) {
	if got := defaults().Decryption.AAD; got != config.DefaultAAD {
		t.Errorf("the option's default is not the constant")
	}
}

func TestLogValue(t *testing.T) {
	c, _, err := config.Load([]string{
		"SMARTMETER_SOCKET=10.0.0.2:23", "SMARTMETER_MQTT_URL=mqtt://me:geheim@10.0.0.3", "SMARTMETER_TCP_SERVER=0",
	}, files{}.read)
	if err != nil {
		t.Fatal(err)
	}
	line := func() string {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey {
				return slog.Attr{}
			}
			return a
		}})).Info("options", "", c)
		return strings.TrimSpace(log.String())
	}
	const want = `source=auto serial.mode=auto network.address=10.0.0.2:23 decryption.aad=(hidden) decryption.allow_unverified=false ` +
		`mqtt.url=mqtt://10.0.0.3:1883 mqtt.username=me mqtt.password=(hidden) mqtt.insecure=false mqtt.topic=smartmeter mqtt.discovery=true ` +
		`mqtt.discovery_prefix=homeassistant mqtt.birth_topic=homeassistant/status mqtt.distinct=false mqtt.distinct_fields=currentTarrif,totalT1Use,totalT2Use,totalT1Delivered,totalT2Delivered,powerSn,currentUsage,currentDelivery mqtt.interval=10 ` +
		`SMARTMETER_TCP_SERVER=off SMARTMETER_RAW_TCP_SERVER=:3020 SMARTMETER_SOCKET_CLIENTS=32 SMARTMETER_WEB_SERVER=off SMARTMETER_API_SERVER=off SMARTMETER_SUNSPEC_MODBUS_PORT=502 solar.unit=1 solar.interval=10 influxdb.buffer_mb=16 post.interval=300 post.json=false post.fields=powerTs,totalT1Use,totalT1Delivered,totalT2Use,gas_totalUse,gas_ts slot=p1 language=en checksum=auto energy_unit=auto SMARTMETER_DATA=/var/lib/smartmeter SMARTMETER_HEALTH=127.0.0.1:8098 log_level=info SMARTMETER_DEBUG=false`
	if diff := cmp.Diff(want, line()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c.MQTT.URL = "mqtt://me:geheim@10.0.0.3" // as it would be without Load
	if got := line(); strings.Contains(got, "geheim") {
		t.Errorf("shows the URL's password: %s", got)
	}
}
