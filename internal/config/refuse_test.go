package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct {
		in   string // the options file, or variables
		want string
	}{
		// The file itself.
		{``, `/data/options.json: ends too early; write one JSON object, such as {"source": "auto"}`},
		{`{"slot": "p1"`, `/data/options.json: ends too early; write one JSON object, such as {"source": "auto"}`},
		{"{\n\"slot\": p1}", `/data/options.json: is not JSON: line 2: invalid character 'p' looking for beginning of value; write one JSON object, such as {"source": "auto"}`},
		{`null`, `/data/options.json: is not a JSON object; write one JSON object, such as {"source": "auto"}`},
		{`["a"]`, `/data/options.json: is not a JSON object; write one JSON object, such as {"source": "auto"}`},
		{`{} {}`, `/data/options.json: has more text after the JSON object; remove that`},
		{"SMARTMETER_OPTIONS=/nowhere.json", `SMARTMETER_OPTIONS = "/nowhere.json": there is no such file; name an options file that exists, or none`},

		// Unknown options.
		{`{"sorce": "serial"}`, `sorce = "serial": there is no such option; did you mean source?`},
		{`{"mqtt": {"host": "h"}}`, `mqtt.host = "h": there is no such option; remove it`},
		{`{"mqtt": {"Topic": "h"}}`, `mqtt.Topic = "h": there is no such option; did you mean mqtt.topic?`},
		{`{"mqtt": {"pasword": "geheim"}}`, `mqtt.pasword = "(hidden)": there is no such option; did you mean mqtt.password?`},
		{`{"decryption": {"key": "geheim"}}`, `decryption.key = "(hidden)": 'g' is not a hex digit (0-9, A-F): copy the digits again, without anything around them`},
		{`{"decryption": {"aad": "3000"}}`, `decryption.aad = "(hidden)": additional data have 34 hex digits, 30 and the authentication key; these have 4: ` +
			`remove the option for a meter in Luxembourg, else copy the authentication key again from the grid operator's portal`},
		{`{"api_token": "geheim"}`, `api_token = "(hidden)": there is no such option; remove it`},
		{`{"url": "mqtt://u:geheim@h"}`, `url = "mqtt://u:***@h": there is no such option; remove it`},
		{`{"source": "auto", "socket": "h"}`, `socket = "h": add the port, such as h:23`},
		{`{"source": "auto", "socket": ["h"]}`, `socket = "[...]": write one value`},
		{`{"source": "auto", "encryption": {"key": "geheim"}}`, `encryption.key = "(hidden)": 'g' is not a hex digit (0-9, A-F): copy the digits again, without anything around them`},
		{`{"source": "auto", "encryption": {"cipher": "x"}}`, `encryption.cipher = "x": there is no such option; remove it`},
		{`{"source": "auto", "encryption": "x"}`, `encryption = "x": there is no such option; did you mean decryption?`},
		{`{"": 1}`, `"" = "1": there is no such option; remove it`},
		{`{"a\nb": [1]}`, `a\nb = "[...]": there is no such option; remove it`},

		{`{"tcp_server": 4010}`, `tcp_server = "4010": not in this file: set the variable SMARTMETER_TCP_SERVER; under Home Assistant, choose the port on the app's Configuration tab, under Network`},
		{`{"Health": ""}`, `Health: not in this file: set the variable SMARTMETER_HEALTH`},

		// Wrong types.
		{`{"mqtt": "mqtt://u:geheim@h"}`, `mqtt = "mqtt://u:***@h": this is a group of options; write {"url": ...}`},
		{`{"serial": true}`, `serial = "true": this is a group of options; write {"device": ...}`},
		{`{"slot": ["p1"]}`, `slot = "[...]": write one value`},
		{`{"checksum": false}`, `checksum = "false": this is not a switch; write text in double quotes`},
		{`{"mqtt": {"password": {"a": "geheim"}}}`, `mqtt.password = "(hidden)": write one value`},
		{`{"mqtt": {"discovery": 2}}`, `mqtt.discovery = "2": write true or false`},
		{`{"mqtt": {"discovery": "maybe"}}`, `mqtt.discovery = "maybe": write true or false`},
		{`{"mqtt": {"interval": 2.5}}`, `mqtt.interval = "2.5": write a whole number`},
		{`{"mqtt": {"interval": "ten"}}`, `mqtt.interval = "ten": write a whole number`},
		{`{"mqtt": {"interval": true}}`, `mqtt.interval = "true": write a whole number`},
		{`{"mqtt": {"interval": 1e99}}`, `mqtt.interval = "1e99": write a whole number`},
		{`{"mqtt": {"topic": {}}}`, `mqtt.topic = "{...}": write one value`},
		{`SMARTMETER_PORT="/dev/ttyUSB0"`, `SMARTMETER_PORT = "\"/dev/ttyUSB0\"": leave out the quotes around the value`},

		// Impossible values.
		{`{"source": "usb"}`, `source = "usb": write auto, serial or network`},
		{"SMARTMETER_source=usb", `SMARTMETER_source = "usb": write auto, serial or network`},
		{`{"source": "serial"}`, `source = "serial": this needs a serial device; set serial.device (or the variable SMARTMETER_PORT)`},
		{"SMARTMETER_SOURCE=network", `SMARTMETER_SOURCE = "network": this needs the address of a P1-to-network reader; set network.address (or the variable SMARTMETER_SOCKET)`},
		{`{"serial": {"device": "ttyUSB0"}}`, `serial.device = "ttyUSB0": write the whole path of the serial device, such as /dev/ttyUSB0`},
		{"SMARTMETER_PORT=tcp://10.96.0.1:3010", `SMARTMETER_PORT = "tcp://10.96.0.1:3010": this is not a serial device; write a path such as /dev/ttyUSB0, and give a Kubernetes service called smartmeter another name`},
		{`{"serial": {"device": "/dev/\u0000"}}`, `serial.device = "/dev/\x00": remove the control characters`},
		{`{"serial": {"mode": "115200 7O2"}}`, `serial.mode = "115200 7O2": write auto, 115200 8N1, 9600 7E1, 115200 7E1, 115200 8E1, 2400 8E1, 2400 8N1, 9600 8N1, 38400 8N1 or 9600 8E1`},
		{`{"network": {"address": "192.168.1.20"}}`, `network.address = "192.168.1.20": add the port, such as 192.168.1.20:23`},
		{`{"network": {"address": "fe80::1"}}`, `network.address = "fe80::1": add the port, such as [fe80::1]:23`},
		{`{"network": {"address": ":23"}}`, `network.address = ":23": write host:port, such as 192.168.1.20:23 (an IPv6 address in brackets: [fe80::1]:23)`},
		{`{"network": {"address": "a b:23"}}`, `network.address = "a b:23": write host:port, such as 192.168.1.20:23 (an IPv6 address in brackets: [fe80::1]:23)`},
		{`{"network": {"address": "tcp://h"}}`, `network.address = "tcp://h": add the port, such as tcp://h:23`},
		{`{"network": {"address": "tcp://h:23/x"}}`, `network.address = "tcp://h:23/x": write no more than the host and its port, such as tcp://192.168.1.20:23`},
		{`{"network": {"address": "telnet://h:23"}}`, `network.address = "telnet://h:23": "telnet://" does not lead to a meter; write host:port, or one of tcp://, homewizard://, ws://, wss:// before the host, or mqtt: and a topic`},
		{`{"network": {"address": "http://h/api/v1/telegram"}}`, `network.address = "http://h/***": "http://" does not lead to a meter; write host:port, or one of tcp://, homewizard://, ws://, wss:// before the host, or mqtt: and a topic`},
		{`{"network": {"address": "homewizard://"}}`, `network.address = "homewizard://": write the host as a name or an IP address (IPv6 in brackets), such as homewizard://192.168.1.20`},
		{`{"network": {"address": "homewizard://h/api/v1/telegram"}}`, `network.address = "homewizard://h/***": write no more than the host and its port, such as homewizard://192.168.1.20`},
		{`{"network": {"address": "homewizard://u:geheim@h"}}`, `network.address = "homewizard://h/***": write no more than the host and its port, such as homewizard://192.168.1.20`},
		{`{"network": {"address": "homewizard://h:0"}}`, `network.address = "homewizard://h:0": write a port from 1 to 65535 after the host`},
		{`{"network": {"address": "ws://u:ge/heim@h/p"}}`, `network.address = "ws://***": write special characters in user and password as % codes, such as %40 for @`},
		{`{"network": {"address": "wss://h:/p"}}`, `network.address = "wss://h:/***": write a port from 1 to 65535 after the host`},
		{`{"network": {"address": "mqtt://h/p1"}}`, `network.address = "mqtt://h/p1": write mqtt: and the topic, such as mqtt:p1/telegram; the broker is the one that this app uses (mqtt.url)`},
		{`{"network": {"address": "mqtt:"}}`, `network.address = "mqtt:": write the topic after mqtt:, such as mqtt:p1/telegram`},
		{`{"network": {"address": "mqtt:p1/#"}}`, `network.address = "mqtt:p1/#": write one topic, without + and #, which are wildcards, such as mqtt:p1/telegram`},
		{`{"network": {"address": "mqtt:p1\u0000"}}`, `network.address = "mqtt:p1\x00": write text without control characters`},
		{`{"network": {"address": "h:0"}}`, `network.address = "h:0": write a port from 1 to 65535 after the colon`},
		{`{"network": {"address": "h:65536"}}`, `network.address = "h:65536": write a port from 1 to 65535 after the colon`},
		{"SMARTMETER_SOCKET=h:telnet", `SMARTMETER_SOCKET = "h:telnet": write a port from 1 to 65535 after the colon`},
		{`{"network": {"address": "ws:/h/p"}}`, `network.address = "ws:/h/p": write // after ws:, such as ws://192.168.1.20/telegrams`},
		{`{"network": {"address": "Tcp:h:23"}}`, `network.address = "Tcp:h:23": write // after Tcp:, such as tcp://192.168.1.20:23`},
		{`{"mqtt": {"topic": "a/#"}}`, `mqtt.topic = "a/#": leave out + and #, which are wildcards`},
		{`{"mqtt": {"topic": "/a"}}`, `mqtt.topic = "/a": leave out / at the start and the end`},
		{`{"mqtt": {"discovery_prefix": "a/"}}`, `mqtt.discovery_prefix = "a/": leave out / at the start and the end`},
		{`{"mqtt": {"birth_topic": "$SYS/x"}}`, `mqtt.birth_topic = "$SYS/x": leave out $ at the start, which is the broker's own`},
		{`{"mqtt": {"topic": "a\u0000b"}}`, `mqtt.topic = "a\x00b": write text without control characters`},
		{`{"mqtt": {"topic": "` + strings.Repeat("é", 128) + `"}}`, `mqtt.topic = "` + strings.Repeat("é", 50) + `...": write at most 255 bytes`},
		{`{"slot": "p1_gas"}`, `slot = "p1_gas": write a name that does not end like this: the meter p1 may have a device of that name already`},
		{`{"slot": "p1_water_2"}`, `slot = "p1_water_2": write a name that does not end like this: the meter p1 may have a device of that name already`},
		{`{"slot": "p1_solar"}`, `slot = "p1_solar": write a name that does not end like this: the meter p1 may have a device of that name already`},
		{`{"slot": "p1_bridge"}`, `slot = "p1_bridge": write a name that does not end like this: the meter p1 may have a device of that name already`},
		{`{"language": "nederlands"}`, `language = "nederlands": write en, nl, de, fr or sv`},
		{`{"mqtt": {"interval": 3601}}`, `mqtt.interval = "3601": write a number from 0 to 3600 (seconds, 0 for every telegram)`},
		{`{"mqtt": {"interval": -1}}`, `mqtt.interval = "-1": write a number from 0 to 3600 (seconds, 0 for every telegram)`},
		{"SMARTMETER_TCP_SERVER=65536", `SMARTMETER_TCP_SERVER = "65536": write a port, host:port (an IPv6 address in brackets), or 0 for off`},
		{"SMARTMETER_tcp-server=*:3010", `SMARTMETER_tcp-server = "*:3010": write a port, host:port (an IPv6 address in brackets), or 0 for off`},
		{"SMARTMETER_HEALTH=::1:8098", `SMARTMETER_HEALTH = "::1:8098": write a port, host:port (an IPv6 address in brackets), or 0 for off`},
		{"SMARTMETER_DATA=data", `SMARTMETER_DATA = "data": write the whole path of a folder, such as /var/lib/smartmeter`},
		{"SMARTMETER_RAW_TCP_SERVER=3010", `SMARTMETER_RAW_TCP_SERVER = "3010": the JSON socket has this port already; write another one, or 0 for off`},
		{"SMARTMETER_WEB_SERVER=web", `SMARTMETER_WEB_SERVER = "web": write a port, host:port (an IPv6 address in brackets), or 0 for off`},
		{"SMARTMETER_WEB_SERVER=3010", `SMARTMETER_WEB_SERVER = "3010": the JSON socket of p1 has this port already; write another one, or 0 for off`},
		{"SMARTMETER_API_SERVER=3020", `SMARTMETER_API_SERVER = "3020": the raw socket of p1 has this port already; write another one, or 0 for off`},
		{"SMARTMETER_HEALTH=3020", `SMARTMETER_HEALTH = "3020": the raw socket of p1 has this port already; write another one, or 0 for off`},
		{"SMARTMETER_EMULATE_0_PORT=abc", `SMARTMETER_EMULATE_0_PORT = "abc": write a port, or host:port (an IPv6 address in brackets)`},
		{"SMARTMETER_EMULATE_0_PORT=0", `SMARTMETER_EMULATE_0_PORT = "0": write a port from 1 to 65535, or leave it empty for the usual one; to switch it off, remove the whole entry`},
		{"SMARTMETER_EMULATE_6_KIND=homewizard", `SMARTMETER_EMULATE_6_KIND: write 6 at most, numbered from 0 to 5`},
		{"SMARTMETER_MORE_METERS_3_SLOT=barn", `SMARTMETER_MORE_METERS_3_SLOT: write 3 at most, numbered from 0 to 2`},
		{"SMARTMETER_API_SERVER=:", `SMARTMETER_API_SERVER = ":": write a port, host:port (an IPv6 address in brackets), or 0 for off`},
		{"SMARTMETER_SOCKET_CLIENTS=0", `SMARTMETER_SOCKET_CLIENTS = "0": write a number from 1 to 300 (clients)`},
		{`{"solar": {"address": "tcp://10.0.0.5"}}`, `solar.address = "tcp://10.0.0.5": leave "tcp://" out and write host:port, such as 192.168.1.30:502`},
		{`{"solar": {"address": "10.0.0.5:0"}}`, `solar.address = "10.0.0.5:0": write a port from 1 to 65535 after the colon`},
		{`{"solar": {"address": "the roof"}}`, `solar.address = "the roof": write the host, such as 192.168.1.30, with a colon and the port if it is not the usual one`},
		{`{"solar": {"unit": 248}}`, `solar.unit = "248": write a number from 0 to 247 (a Modbus unit id)`},
		{`{"solar": {"interval": 0}}`, `solar.interval = "0": write a number from 1 to 3600000 (seconds; 900 and more are milliseconds)`},
		{"SMARTMETER_SUNSPEC_MODBUS_PORT=0", `SMARTMETER_SUNSPEC_MODBUS_PORT = "0": write a number from 1 to 65535 (a port)`},
		{`{"influxdb": {"url": "192.168.1.10:8086"}}`, `influxdb.url = "192.168.1.10:8086": write http://192.168.1.10:8086, or https:// if the server requires it`},
		{`{"influxdb": {"url": "udp://h:8089"}}`, `influxdb.url = "udp://h:8089": write http:// or https:// before the host`},
		{`{"influxdb": {"url": "http://"}}`, `influxdb.url = "http://": write the host as a name or an IP address (IPv6 in brackets)`},
		{`{"influxdb": {"url": "http://h:0"}}`, `influxdb.url = "http://h:0": write a port from 1 to 65535 after the host, or none`},
		{`{"influxdb": {"url": "http://h:8086", "org": "o", "bucket": "b"}}`, `influxdb.url = "http://h:8086": this needs a token with write access (for InfluxDB 1: user:password; any text where the database asks for none); set influxdb.token (or the variable SMARTMETER_INFLUX_TOKEN)`},
		{`{"influxdb": {"url": "http://h:8086", "token": "geheim", "bucket": "b"}}`, `influxdb.url = "http://h:8086": this needs the organisation (any text where the database has none); set influxdb.org (or the variable SMARTMETER_INFLUX_ORG)`},
		{`{"influxdb": {"token": "geheim"}}`, `influxdb.token = "(hidden)": this needs the database's address; set influxdb.url (or the variable SMARTMETER_INFLUX_URL)`},
		{"SMARTMETER_INFLUX_BUCKET=b", `SMARTMETER_INFLUX_BUCKET = "b": this needs the database's address; set influxdb.url (or the variable SMARTMETER_INFLUX_URL)`},
		{`{"influxdb": {"buffer_mb": 0}}`, `influxdb.buffer_mb = "0": write a number from 1 to 1024 (megabytes)`},
		{`{"post": {"url": "example.org/hook"}}`, `post.url = "example.org/***": write http://example.org/***, or https:// if the server requires it`},
		{`{"post": {"url": "ftp://h/x?key=geheim"}}`, `post.url = "ftp://h/***": write http:// or https:// before the host`},
		{`{"post": {"url": "ftp://u:geheim@h/x?key=geheim"}}`, `post.url = "ftp://h/***": write http:// or https:// before the host`},
		{`{"post": {"url": "ftp://h/x?mail=a@b&key=geheim"}}`, `post.url = "ftp://***": write http:// or https:// before the host`},
		{`{"post": {"url": "https://h/api/webhook/geheim", "interval": 0}}`, `post.interval = "0": write a number from 1 to 86400 (seconds)`},
		{`{"post": {"url": "https://h:0/api/webhook/geheim"}}`, `post.url = "https://h:0/***": write a port from 1 to 65535 after the host, or none`},
		{`{"posturl": "https://h/api/webhook/geheim"}`, `posturl = "https://h/***": there is no such option; did you mean post.url?`},
		{`{"post": {"interval": 0}}`, `post.interval = "0": write a number from 1 to 86400 (seconds)`},
		{`{"post": {"fields": ["power ts"]}}`, `post.fields = "power ts": write names of the JSON socket's fields, separated by commas, such as currentUsage,gas_totalUse, or * for all`},
		{`{"post": {"ca_file": "/ssl/absent.crt"}}`, `post.ca_file = "/ssl/absent.crt": there is no such file. Under Home Assistant this app no longer sees the folder ssl, because Home Assistant's own private key lies there: copy the file into this app's folder below addon_configs (called app_configs since 2026.5); then this setting works as it is`},
		{`{"post": {"ca_file": "/config/absent.crt"}}`, `post.ca_file = "/config/absent.crt": there is no such file; check the path as this program sees it: under Home Assistant this app's folder below addon_configs is /config, in a container the file must be mounted`},
		{`{"mqtt": {"distinct_fields": ","}}`, `mqtt.distinct_fields = ",": write names of the JSON socket's fields, separated by commas, such as currentUsage,gas_totalUse, or * for all`},
		{`{"slot": "P 1"}`, `slot = "P 1": write small letters, digits and _ only, such as p1`},
		{`{"checksum": "none"}`, `checksum = "none": write auto or off`},
		{`{"energy_unit": "kWh"}`, `energy_unit = "kWh": write auto, Wh or 10Wh`},
		{`{"log_level": "trace"}`, `log_level = "trace": write error, warning, info or debug`},

		// The broker's URL, which may hold a password.
		{`{"mqtt": {"url": "192.168.1.10"}}`, `mqtt.url = "192.168.1.10": write mqtt://192.168.1.10:1883`},
		{`{"mqtt": {"url": "broker:1884/"}}`, `mqtt.url = "broker:1884/": write mqtt://broker:1884`},
		{`{"mqtt": {"url": "u:geheim@broker"}}`, `mqtt.url = "u:***@broker": write mqtt://u:***@broker:1883`},
		{`{"mqtt": {"url": "my broker"}}`, `mqtt.url = "my broker": write a URL such as mqtt://192.168.1.10:1883`},
		{`{"mqtt": {"url": "http://broker"}}`, `mqtt.url = "http://broker": write mqtt://, mqtts://, ws:// or wss:// before the host`},
		{`{"mqtt": {"url": "mqtt://"}}`, `mqtt.url = "mqtt://": write the broker's host after mqtt://`},
		{`{"mqtt": {"url": "mqtt://u:geheim@:1883"}}`, `mqtt.url = "mqtt://u:***@:1883": write the broker's host after mqtt://`},
		{`{"mqtt": {"url": "mqtt://h:0"}}`, `mqtt.url = "mqtt://h:0": write a port from 1 to 65535 after the host, or none`},
		{`{"mqtt": {"url": "mqtt://h:"}}`, `mqtt.url = "mqtt://h:": write a port from 1 to 65535 after the host, or none`},
		{`{"mqtt": {"url": "mqtt://h:99999"}}`, `mqtt.url = "mqtt://h:99999": write a port from 1 to 65535 after the host, or none`},
		{`{"mqtt": {"url": "mqtt://u:geheim"}}`, `mqtt.url = "mqtt://u:***": write a host and a port from 1 to 65535, such as mqtt://192.168.1.10:1883`},
		{`{"mqtt": {"url": "mqtt://u:ge#heim@h"}}`, `mqtt.url = "mqtt://u:***@h": give user and password in their own options, because special characters in a URL need % codes`},
		{`{"mqtt": {"url": "mqtt://u:1?heim@h"}}`, `mqtt.url = "mqtt://u:***@h": give user and password in their own options, because special characters in a URL need % codes`},
		{`{"mqtt": {"url": "ws://u:1/heim@h"}}`, `mqtt.url = "ws://***": give user and password in their own options, because special characters in a URL need % codes`},
		{`{"mqtt": {"url": "mqtt://u:100%@h"}}`, `mqtt.url = "mqtt://u:***@h": give user and password in their own options, because special characters in a URL need % codes`},
		{`{"mqtt": {"url": "mqtt://h*"}}`, `mqtt.url = "mqtt://h*": write the broker's host as a name or an IP address (IPv6 in brackets)`},

		// smartmeter2mqtt's file.
		{`{"socket": "10.0.0.2"}`, `socket = "10.0.0.2": add the port, such as 10.0.0.2:23`},
		{`{"outputs": {"jsonSocket": true}}`, `outputs.jsonSocket = "true": this is not a switch; write text in double quotes`},
		{`{"outputs": {"mqtt": {"url": "h"}}}`, `outputs.mqtt.url = "h": write mqtt://h:1883`},
	} {
		var environ []string
		f := options(tt.in)
		if strings.HasPrefix(tt.in, "SMARTMETER_") {
			environ, f = []string{tt.in}, nil
		}
		_, _, err := config.Load(environ, f.read)
		e, ok := errors.AsType[*config.Error](err)
		if !ok {
			t.Errorf("%s: got %v, want an *Error", tt.in, err)
			continue
		}
		if got := e.Error(); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}
