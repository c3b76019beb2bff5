package shelly

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
)

// What the device says that it is. Clients refuse firmware older than August
// 2023, and some look for the version's form.
const (
	app      = "Pro3EM"
	model    = "SPEM-003CEBEU"
	version  = "1.4.4"
	firmware = "20241011-114455/1.4.4-g6d2a586"
)

// device is the emulated one.
type device struct {
	mac     emulate.MAC
	started time.Time
	methods []string // that it has
}

func newDevice(mac emulate.MAC, now time.Time) *device {
	return &device{mac: mac, started: now, methods: slices.Sorted(maps.Keys(methods))}
}

// id returns the name that the device has in answers and in the network.
func (d *device) id() string { return "shellypro3em-" + d.mac.Hex() }

type object = map[string]any

func (d *device) info() object {
	return object{
		"name": nil, "id": d.id(), "mac": d.mac.Upper(), "slot": 0, "model": model, "gen": 2, "fw_id": firmware, "ver": version,
		"app": app, "auth_en": false, "auth_domain": nil, "profile": "triphase",
	}
}

// configs are the settings of all components.
func (d *device) configs() object {
	return object{
		"ble":   object{"enable": false, "rpc": object{"enable": false}},
		"cloud": cloudConfig(), "em:0": emConfig(), "emdata:0": object{},
		"eth":    object{"enable": true, "ipv4mode": "dhcp", "ip": nil, "netmask": nil, "gw": nil, "nameserver": nil},
		"modbus": object{"enable": false},
		"mqtt":   object{"enable": false, "server": nil, "client_id": d.id(), "user": nil, "topic_prefix": d.id()},
		"sys":    d.sysConfig(), "wifi": wifiConfig(), "ws": wsConfig(),
	}
}

func emConfig() object {
	return object{
		"id": 0, "name": nil, "blink_mode_selector": "active_energy", "phase_selector": "all", "monitor_phase_sequence": false,
		"reverse": object{}, "ct_type": "120A",
	}
}

func (d *device) sysConfig() object {
	return object{
		"device": object{
			"name": nil, "mac": d.mac.Upper(), "fw_id": firmware, "discoverable": true, "eco_mode": false, "profile": "triphase", "addon_type": nil,
		},
		"location": object{"tz": nil, "lat": nil, "lon": nil},
		"debug":    object{"mqtt": object{"enable": false}, "websocket": object{"enable": false}, "udp": object{"addr": nil}},
		"ui_data":  object{}, "rpc_udp": object{"dst_addr": nil, "listen_port": batteryPorts[0]}, "sntp": object{"server": nil}, "cfg_rev": 1,
	}
}

func cloudConfig() object { return object{"enable": false, "server": nil} }
func wsConfig() object    { return object{"enable": false, "server": nil, "ssl_ca": "ca.pem"} }

func wifiConfig() object {
	off := object{"enable": false, "ssid": nil, "is_open": true}
	return object{"ap": off, "sta": off, "sta1": off, "roam": object{"rssi_thr": -80, "interval": 60}}
}

// statuses are the states of all components but those that measure.
func (d *device) statuses(now time.Time) object {
	return object{
		"ble": object{}, "cloud": object{"connected": false}, "eth": object{"ip": nil}, "modbus": object{}, "mqtt": object{"connected": false},
		"sys": d.sysStatus(now), "wifi": wifiStatus(), "ws": object{"connected": false},
	}
}

func (d *device) sysStatus(now time.Time) object {
	return object{
		"mac": d.mac.Upper(), "restart_required": false, "time": now.Format("15:04"), "unixtime": now.Unix(), "uptime": int64(now.Sub(d.started).Seconds()),
		"cfg_rev": 1, "kvs_rev": 0, "schedule_rev": 0, "webhook_rev": 0, "available_updates": object{},
	}
}

func wifiStatus() object {
	return object{"sta_ip": nil, "status": "disconnected", "ssid": nil, "rssi": 0}
}

// seconds returns a time as notifications have it.
func seconds(t time.Time) jsonNumber {
	return jsonNumber(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 2, 64))
}
