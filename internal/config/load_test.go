package config_test

import (
	"encoding/pem"
	"errors"
	"io/fs"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// files is a file system with a single level, for Load.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	data, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return []byte(data), nil
}

// options is a file system that holds only the app's options file.
func options(json string) files { return files{config.DefaultOptions: json} }

const key = "50fb5fbd11976b2c635a0b020fd45336"

func defaults() config.Config {
	return config.Config{
		Source:     config.SourceAuto,
		Serial:     config.Serial{Mode: config.SerialAuto},
		Decryption: config.Decryption{AAD: "3000112233445566778899AABBCCDDEEFF"},
		JSONSocket: ":3010",
		RawSocket:  ":3020",
		Clients:    32,
		Solar:      config.Solar{Port: 502, Unit: 1, Interval: 10},
		Influx:     config.Influx{BufferMB: 16},
		Post:       config.Post{Interval: 300, Fields: "powerTs,totalT1Use,totalT1Delivered,totalT2Use,gas_totalUse,gas_ts"},
		MQTT: config.MQTT{
			Topic:           "smartmeter",
			Discovery:       true,
			DiscoveryPrefix: "homeassistant",
			BirthTopic:      "homeassistant/status",
			DistinctFields:  "currentTarrif,totalT1Use,totalT2Use,totalT1Delivered,totalT2Delivered,powerSn,currentUsage,currentDelivery",
			Interval:        10,
		},
		Slot:     "p1",
		Language: meter.English,
		Checksum: config.ChecksumAuto,
		Energy:   config.EnergyAuto,
		Data:     "/var/lib/smartmeter",
		Health:   "127.0.0.1:8098",
		LogLevel: config.LogInfo,
	}
}

func TestLoad(t *testing.T) {
	for _, tt := range []struct {
		name     string
		environ  []string
		files    files
		want     func(c *config.Config) // what differs from the defaults
		warnings []string
	}{
		{name: "nothing", want: func(*config.Config) {}},
		{name: "empty object", files: options(" {}\n"), want: func(*config.Config) {}},
		{
			name: "as the app's form saves it",
			files: options(`{"source": "auto", "serial": {"device": "/dev/serial/by-id/usb-FTDI-if00", "mode": "9600 7E1"}, "network": {},
				"mqtt": {"topic": "meters/p1", "discovery": false, "discovery_prefix": "ha", "birth_topic": "ha/birth", "interval": 0},
				"slot": "main_2", "language": "nl", "checksum": "off", "energy_unit": "10wh", "log_level": "warning"}`),
			want: func(c *config.Config) {
				c.Serial = config.Serial{Device: "/dev/serial/by-id/usb-FTDI-if00", Mode: config.Serial9600E7}
				c.MQTT = config.MQTT{Topic: "meters/p1", DiscoveryPrefix: "ha", BirthTopic: "ha/birth", DistinctFields: defaults().MQTT.DistinctFields}
				c.Slot, c.Language, c.Checksum, c.LogLevel = "main_2", meter.Dutch, config.ChecksumOff, config.LogWarning
				c.Energy = config.Energy10Wh
			},
		},
		{
			name:  "null and empty text are not set",
			files: options(`{"source": null, "serial": null, "network": {"address": ""}, "mqtt": {"topic": " ", "interval": null, "discovery": ""}, "slot": ""}`),
			want:  func(*config.Config) {},
		},
		{
			name:  "types that mean the same",
			files: options(`{"slot": 1, "mqtt": {"interval": "30", "discovery": "off", "username": 7, "password": 12345}}`),
			want: func(c *config.Config) {
				c.Slot = "1"
				c.MQTT.Interval, c.MQTT.Discovery, c.MQTT.Username, c.MQTT.Password = 30, false, "7", "12345"
			},
		},
		{name: "number as 1e1", files: options(`{"mqtt": {"interval": 1.5e1}}`), want: func(c *config.Config) { c.MQTT.Interval = 15 }},
		{name: "dotted path as a key", files: options(`{"mqtt.topic": "m"}`), want: func(c *config.Config) { c.MQTT.Topic = "m" }},
		{name: "byte order mark", files: options("\ufeff{\"slot\": \"p2\"}"), want: func(c *config.Config) { c.Slot = "p2" }},
		{
			name: "every variable",
			environ: []string{
				"SMARTMETER_SOURCE=serial", "SMARTMETER_PORT=/dev/ttyUSB0", "SMARTMETER_SERIAL_MODE=9600 7e1", "SMARTMETER_SOCKET=[fe80::1%eth0]:23",
				"SMARTMETER_ENC_KEY=" + key, "SMARTMETER_ENC_AAD=30" + key,
				"SMARTMETER_MQTT_URL=mqtts://broker", "SMARTMETER_MQTT_USERNAME=u", "SMARTMETER_MQTT_PASSWORD= p ", "SMARTMETER_MQTT_TOPIC=t",
				"SMARTMETER_MQTT_DISCOVERY=no", "SMARTMETER_MQTT_DISCOVERY_PREFIX=d", "SMARTMETER_MQTT_BIRTH_TOPIC=b", "SMARTMETER_MQTT_INTERVAL=3600",
				"SMARTMETER_TCP_SERVER=0", "SMARTMETER_RAW_TCP_SERVER=[::1]:2000", "SMARTMETER_SOCKET_CLIENTS=300", "SMARTMETER_API_HOSTS=meter.example.org, b.example", "SMARTMETER_SLOT=p2", "SMARTMETER_LANGUAGE=SV", "LANGUAGE=nl_NL:nl",
				"SMARTMETER_MQTT_DISTINCT=yes", "SMARTMETER_MQTT_DISTINCT_FIELDS=gas", "SMARTMETER_POST_URL=http://h/?k=v", "SMARTMETER_POST_INTERVAL=1", "SMARTMETER_POST_JSON=on", "SMARTMETER_POST_FIELDS=*",
				"SMARTMETER_INFLUX_URL=https://db/x", "SMARTMETER_INFLUX_TOKEN=secret", "SMARTMETER_INFLUX_ORG=o", "SMARTMETER_INFLUX_BUCKET=b", "SMARTMETER_INFLUX_BUFFER_MB=1",
				"SMARTMETER_SUNSPEC_MODBUS=fd00::5", "SMARTMETER_SUNSPEC_MODBUS_PORT=1502", "SMARTMETER_SUNSPEC_UNIT=247", "SMARTMETER_SUNSPEC_INTERVAL=899",
				"SMARTMETER_CHECKSUM=off", "SMARTMETER_ENERGY_UNIT=Wh", "SMARTMETER_DATA=/srv/meter", "SMARTMETER_HEALTH=0", "SMARTMETER_LOG_LEVEL=warn", "SMARTMETER_DEBUG=false", "PATH=/bin", "SMARTMETER=x",
			},
			want: func(c *config.Config) {
				*c = config.Config{
					Source:     config.SourceSerial,
					Serial:     config.Serial{Device: "/dev/ttyUSB0", Mode: config.Serial9600E7},
					Network:    config.Network{Address: "[fe80::1%eth0]:23"},
					Decryption: config.Decryption{Key: key, AAD: "30" + key},
					MQTT:       config.MQTT{URL: "mqtts://broker:8883", Username: "u", Password: " p ", Topic: "t", DiscoveryPrefix: "d", BirthTopic: "b", Interval: 3600, Distinct: true, DistinctFields: "gas"},
					RawSocket:  "[::1]:2000", Clients: 300, APIHosts: "meter.example.org, b.example", Solar: config.Solar{Address: "[fd00::5]:1502", Port: 1502, Unit: 247, Interval: 899},
					Post:   config.Post{URL: "http://h/?k=v", Interval: 1, JSON: true, Fields: "*"},
					Influx: config.Influx{URL: "https://db/x", Token: "secret", Org: "o", Bucket: "b", BufferMB: 1}, Slot: "p2", Language: meter.Swedish, Checksum: config.ChecksumOff, Energy: config.EnergyWh, Data: "/srv/meter", LogLevel: config.LogWarning,
				}
			},
		},
		{
			name:    "a smartmeter2mqtt compose file",
			environ: []string{"SMARTMETER_port=/dev/ttyUSB0", "SMARTMETER_tcp-server=4010", "SMARTMETER_rawTcpServer=4020", "SMARTMETER_mqtt-url=mqtt://u:p%40%2F@10.0.0.2", "SMARTMETER_DEBUG=true"},
			want: func(c *config.Config) {
				c.Serial.Device, c.JSONSocket, c.RawSocket = "/dev/ttyUSB0", ":4010", ":4020"
				c.MQTT.URL, c.MQTT.Username, c.MQTT.Password = "mqtt://10.0.0.2:1883", "u", "p@/"
				c.Debug, c.LogLevel = true, config.LogDebug
			},
		},
		{
			name:    "a smartmeter2mqtt inverter",
			environ: []string{"SMARTMETER_sunspec-modbus=10.0.0.5", "SMARTMETER_sunspec-modbus-port=1502", "SMARTMETER_sunspec-interval=1500"},
			want: func(c *config.Config) {
				c.Solar = config.Solar{Address: "10.0.0.5:1502", Port: 1502, Unit: 1, Interval: 2}
			},
			warnings: []string{"solar.interval is taken for milliseconds, as smartmeter2mqtt meant it; write 2, in seconds, instead of 1500"},
		},
		{
			name:  "an inverter at another port",
			files: options(`{"solar": {"address": "inverter.local:1502", "unit": 2, "interval": 5}}`),
			want: func(c *config.Config) {
				c.Solar = config.Solar{Address: "inverter.local:1502", Port: 502, Unit: 2, Interval: 5}
			},
		},
		{
			name:    "the environment wins, an empty variable does not",
			environ: []string{"SMARTMETER_SLOT=env", "SMARTMETER_LOG_LEVEL="},
			files:   options(`{"slot": "NOT VALID", "log_level": "debug"}`),
			want:    func(c *config.Config) { c.Slot, c.LogLevel = "env", config.LogDebug },
		},
		{
			name:    "options file of another name",
			environ: []string{"SMARTMETER_OPTIONS=/etc/smartmeter.json", "SMARTMETER_SUPERVISOR=http://127.0.0.1:1"},
			files:   files{"/etc/smartmeter.json": `{"slot": "etc"}`, config.DefaultOptions: `{"slot": "data"}`},
			want:    func(c *config.Config) { c.Slot = "etc" },
		},
		{
			name:     "unknown variables",
			environ:  []string{"SMARTMETER_MQTT_USER=x", "SMARTMETER_TPC_SERVER=1", "SMARTMETER_ENTIRELY_ELSE=1", "SMARTMETER_OTHER=", "SMARTMETER_OPTION=x"},
			want:     func(*config.Config) {},
			warnings: []string{"the variable SMARTMETER_MQTT_USER is unknown and not used; did you mean SMARTMETER_MQTT_USERNAME?", "the variable SMARTMETER_TPC_SERVER is unknown and not used; did you mean SMARTMETER_TCP_SERVER?", "the variable SMARTMETER_ENTIRELY_ELSE is unknown and not used", "the variable SMARTMETER_OPTION is unknown and not used; did you mean SMARTMETER_OPTIONS?"},
		},
		{
			name:     "one variable in two spellings",
			environ:  []string{"SMARTMETER_TCP_SERVER=1000", "SMARTMETER_tcp-server=2000"},
			want:     func(c *config.Config) { c.JSONSocket = ":1000" },
			warnings: []string{"SMARTMETER_tcp-server and SMARTMETER_TCP_SERVER are the same variable, and SMARTMETER_TCP_SERVER is used; remove one"},
		},
		{
			name:     "both sources",
			files:    options(`{"serial": {"device": "/dev/ttyUSB0"}, "network": {"address": "reader:23"}}`),
			want:     func(c *config.Config) { c.Serial.Device, c.Network.Address = "/dev/ttyUSB0", "reader:23" },
			warnings: []string{"both serial.device and network.address are set, and the network is read; to read the cable, set source to serial"},
		},
		{
			name:     "a password for nobody",
			files:    options(`{"mqtt": {"password": "geheim"}}`),
			want:     func(c *config.Config) { c.MQTT.Password = "geheim" },
			warnings: []string{"mqtt.password is not used, because MQTT has no password without a user; set mqtt.username too"},
		},
		{
			name:  "the URL's user gives way as a whole",
			files: options(`{"mqtt": {"url": "ws://alice:one@broker/mqtt/?x=y", "username": "bob", "password": "two"}}`),
			want: func(c *config.Config) {
				c.MQTT.URL, c.MQTT.Username, c.MQTT.Password = "ws://broker:80/mqtt/?x=y", "bob", "two"
			},
		},
		{
			name:  "the URL's user with an option's password",
			files: options(`{"mqtt": {"url": "TCP://alice@[::1]:1884/", "password": "two"}}`),
			want: func(c *config.Config) {
				c.MQTT.URL, c.MQTT.Username, c.MQTT.Password = "tcp://[::1]:1884", "alice", "two"
			},
		},
		{
			name:    "brokers as smartmeter2mqtt's MQTT library takes them",
			environ: []string{"SMARTMETER_MQTT_URL=ssl://u:p@broker/meter?clientId=p1"},
			want:    func(c *config.Config) { c.MQTT.URL, c.MQTT.Username, c.MQTT.Password = "mqtts://broker:8883", "u", "p" },
			warnings: []string{
				"mqtt.url has a clientId, which is not used, because the program names itself to the broker; leave it out",
			},
		},
		{
			name:     "a broker with a path",
			environ:  []string{"SMARTMETER_MQTT_URL=TLS://broker:1/meter"},
			want:     func(c *config.Config) { c.MQTT.URL = "mqtts://broker:1" },
			warnings: []string{"what follows the port in mqtt.url is not used; leave it out, and write the topic in mqtt.topic"},
		},
		{
			name:     "a web socket with a client id",
			environ:  []string{"SMARTMETER_MQTT_URL=ws://broker/mqtt?clientId=p1"},
			want:     func(c *config.Config) { c.MQTT.URL = "ws://broker:80/mqtt?clientId=p1" },
			warnings: []string{"mqtt.url has a clientId, which is not used, because the program names itself to the broker; leave it out"},
		},
		{
			name:     "the variable of smartmeter2mqtt's beta for its file",
			environ:  []string{"CONFIG_PATH=/conf/meter.json"},
			files:    files{"/conf/meter.json": `{"slot": "conf"}`, config.DefaultOptions: `{"slot": "data"}`},
			want:     func(c *config.Config) { c.Slot = "conf" },
			warnings: []string{"the variable CONFIG_PATH is called SMARTMETER_OPTIONS now; it still works, but write that"},
		},
		{
			name:    "the same without the file, and beside ours",
			environ: []string{"SMARTMETER_OPTIONS=/etc/meter.json", "CONFIG_PATH=/conf/meter.json"},
			files:   files{"/etc/meter.json": `{"slot": "etc"}`},
			want:    func(c *config.Config) { c.Slot = "etc" },
		},
		{
			name:    "the same without the file",
			environ: []string{"CONFIG_PATH=/conf/meter.json"},
			want:    func(*config.Config) {},
		},
		{
			name: "smartmeter2mqtt's file",
			files: options(`{"serialPort": "/dev/ttyUSB1", "socket": "", "encryption": {"key": "` + key + `", "aad": ""}, "solar": {"host": "10.0.0.9", "port": 1502, "interval": 2000},
				"outputs": {"debug": true, "jsonSocket": 4010, "rawSocket": "4020", "webserver": 3000, "post": {"url": "http://h/p", "interval": 60, "json": true, "fields": ["powerTs", "gas_ts"]}, "mqttSocket": 4030,
				"mqtt": {"url": "mqtt://u:p@h:1", "prefix": "m", "discovery": false, "discoveryPrefix": "d", "distinct": false, "distinctFields": ["a"]}}}`),
			want: func(c *config.Config) {
				c.Serial.Device, c.JSONSocket, c.RawSocket, c.WebServer, c.Debug, c.LogLevel = "/dev/ttyUSB1", ":4010", ":4020", ":3000", true, config.LogDebug
				c.MQTT.URL, c.MQTT.Username, c.MQTT.Password = "mqtt://h:1", "u", "p"
				c.MQTT.Topic, c.MQTT.Discovery, c.MQTT.DiscoveryPrefix = "m", false, "d"
				c.Decryption.Key = key
				c.MQTT.DistinctFields = "a"
				c.Post = config.Post{URL: "http://h/p", Interval: 60, JSON: true, Fields: "powerTs,gas_ts"}
				c.Solar.Address, c.Solar.Port, c.Solar.Interval = "10.0.0.9:1502", 1502, 2
			},
			warnings: []string{
				"/data/options.json is an options file of smartmeter2mqtt; it is understood, but better written with this program's options; this program has no option for outputs.mqttSocket",
				"solar.interval is taken for milliseconds, as smartmeter2mqtt meant it; write 2, in seconds, instead of 2000",
			},
		},
		{
			name:     "smartmeter2mqtt's file with nothing to leave out",
			files:    options(`{"socket": "reader:23", "outputs": {}}`),
			want:     func(c *config.Config) { c.Network.Address = "reader:23" },
			warnings: []string{"/data/options.json is an options file of smartmeter2mqtt; it is understood, but better written with this program's options"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := defaults()
			tt.want(&want)
			got, warnings, err := config.Load(tt.environ, tt.files.read)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// State is kept where the Supervisor keeps it, else where the user's is.
func TestDataFolder(t *testing.T) {
	for _, tt := range []struct {
		environ []string
		want    string
	}{
		{[]string{"SUPERVISOR_TOKEN=abc", "HOME=/root"}, "/data"},
		{[]string{"SUPERVISOR_TOKEN=", "HOME=/home/anna"}, "/home/anna/.local/state/smartmeter"},
		{[]string{"XDG_STATE_HOME=/state", "HOME=/home/anna"}, "/state/smartmeter"},
		{[]string{"XDG_STATE_HOME=state", "HOME=/home/anna"}, "/home/anna/.local/state/smartmeter"}, // the standard has it ignored
		{[]string{"HOME="}, "/var/lib/smartmeter"},
		{[]string{"SUPERVISOR_TOKEN=abc", "SMARTMETER_DATA=/srv/meter"}, "/srv/meter"},
	} {
		c, _, err := config.Load(tt.environ, files{}.read)
		if err != nil || c.Data != tt.want {
			t.Errorf("%q: got %q, %v, want %q", tt.environ, c.Data, err, tt.want)
		}
	}
}

// Under Home Assistant the page is where ingress looks for it; elsewhere
// nobody has asked for it.
func TestWebServers(t *testing.T) {
	for _, tt := range []struct {
		environ  []string
		web, api config.Listen
	}{
		{nil, "", ""},
		{[]string{"SUPERVISOR_TOKEN=abc"}, ":8099", ":8080"},
		{[]string{"SUPERVISOR_TOKEN="}, "", ""},
		{[]string{"SUPERVISOR_TOKEN=abc", "SMARTMETER_WEB_SERVER=0", "SMARTMETER_API_SERVER=0"}, "", ""},
		{[]string{"SMARTMETER_web-server=3000", "SMARTMETER_API_SERVER=127.0.0.1:9000"}, ":3000", "127.0.0.1:9000"},
	} {
		c, _, err := config.Load(tt.environ, files{}.read)
		if err != nil || c.WebServer != tt.web || c.APIServer != tt.api {
			t.Errorf("%q: got %q and %q, %v, want %q and %q", tt.environ, c.WebServer, c.APIServer, err, tt.web, tt.api)
		}
	}
	if _, _, err := config.Load([]string{"SMARTMETER_WEB_SERVER=8080", "SMARTMETER_API_SERVER=8080"}, files{}.read); err == nil || !strings.Contains(err.Error(), "the page has this port already") {
		t.Errorf("one port for both: got %v", err)
	}
}

func TestLoadUnreadable(t *testing.T) {
	_, _, err := config.Load(nil, func(name string) ([]byte, error) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	})
	const want = "/data/options.json: cannot be read (permission denied); give this program permission to read it"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if !errors.Is(err, fs.ErrPermission) {
		t.Error("the cause is lost")
	}
}

// A misspelt variable often is the reason of the error that follows.
func TestLoadWarnsBesideAnError(t *testing.T) {
	_, warnings, err := config.Load([]string{"SMARTMETER_SOURCE=network", "SMARTMETER_SOKET=h:1"}, files{}.read)
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{"the variable SMARTMETER_SOKET is unknown and not used; did you mean SMARTMETER_SOCKET?"}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

// A file that was copied from Home Assistant's folder ssl, which the app does
// not see any more, is found under its former name.
func TestFormerFolderOfCertificates(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	for _, name := range []string{"/ssl/own/ca.crt", "/config/own/ca.crt"} {
		f := options(`{"mqtt": {"ca_file": "` + name + `"}, "post": {"ca_file": "` + name + `"}}`)
		f["/config/own/ca.crt"] = authority
		c, _, err := config.Load(nil, f.read)
		if err != nil || c.Post.CAFile != name {
			t.Errorf("%s: %v", name, err)
		}
		if security, err := c.BrokerTLS(f.read); err != nil || security.RootCAs == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
