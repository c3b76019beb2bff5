package shelly

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
)

// call is what a method knows.
type call struct {
	device *device
	view   *emulate.View // nil: there is nothing fresh
	now    time.Time
	params map[string]json.RawMessage
	// isFollowing is of a client that is told each change: it is told too that
	// the meter failed, in place of an error.
	isFollowing bool
}

// method is one that clients call.
type method struct {
	needsID bool // the parameter id
	isAlive bool // it tells what is measured: without a fresh reading it fails
	run     func(*call) any
}

// methods is the table of those that are known to be called. What would change
// the device is accepted and changes nothing: there is no cloud, no other
// server, and no device that could start again.
var methods = map[string]method{
	"Cloud.GetConfig":       {run: func(*call) any { return cloudConfig() }},
	"Cloud.GetStatus":       {run: func(*call) any { return object{"connected": false} }},
	"Cloud.SetConfig":       {run: unchanged},
	"EM.GetConfig":          {needsID: true, run: func(*call) any { return emConfig() }},
	"EM.GetStatus":          {needsID: true, isAlive: true, run: func(c *call) any { return emStatus(c.view) }},
	"EMData.GetConfig":      {needsID: true, run: func(*call) any { return object{} }},
	"EMData.GetStatus":      {needsID: true, isAlive: true, run: func(c *call) any { return emDataStatus(c.view) }},
	"Script.List":           {run: func(*call) any { return object{"scripts": []string{}} }},
	"Shelly.GetComponents":  {run: components},
	"Shelly.GetConfig":      {run: func(c *call) any { return c.device.configs() }},
	"Shelly.GetDeviceInfo":  {run: func(c *call) any { return c.device.info() }},
	"Shelly.GetStatus":      {isAlive: true, run: func(c *call) any { return c.statuses() }},
	"Shelly.ListMethods":    {run: func(c *call) any { return object{"methods": c.device.methods} }},
	"Shelly.Reboot":         {run: func(*call) any { return json.RawMessage("null") }},
	"Sys.GetConfig":         {run: func(c *call) any { return c.device.sysConfig() }},
	"Sys.GetStatus":         {run: func(c *call) any { return c.device.sysStatus(c.now) }},
	"Temperature.GetStatus": {needsID: true, run: func(*call) any { return object{"id": 0, "tC": nil, "tF": nil} }},
	"Wifi.GetConfig":        {run: func(*call) any { return wifiConfig() }},
	"Wifi.GetStatus":        {run: func(*call) any { return wifiStatus() }},
	"Ws.GetConfig":          {run: func(*call) any { return wsConfig() }},
	"Ws.GetStatus":          {run: func(*call) any { return object{"connected": false} }},
	"Ws.SetConfig":          {run: unchanged},
}

// answer calls the method.
func (c *call) answer(name string) (any, *rpcError) {
	m, ok := methods[name]
	if !ok {
		return nil, &rpcError{codeNoMethod, "No handler for " + name[:min(len(name), mostID)]}
	}
	if m.needsID {
		if err := component(c.params); err != nil {
			return nil, err
		}
	}
	if m.isAlive && c.view == nil && !c.isFollowing {
		return nil, errUnavailable
	}
	return m.run(c), nil
}

// unchanged accepts settings.
func unchanged(*call) any { return object{"restart_required": false} }

// statuses are the states of all components.
func (c *call) statuses() object {
	all := c.device.statuses(c.now)
	all["em:0"], all["emdata:0"] = emStatus(c.view), emDataStatus(c.view)
	return all
}

// components lists what the device has, with what the client wants to see of
// each. Components that come and go, such as virtual ones, are none.
func components(c *call) any {
	var dynamic bool
	var include []string
	_ = json.Unmarshal(c.params["dynamic_only"], &dynamic) // what is no such list asks for nothing
	_ = json.Unmarshal(c.params["include"], &include)
	list := []object{}
	if !dynamic {
		configs, statuses := c.device.configs(), c.statuses()
		for _, key := range slices.Sorted(maps.Keys(configs)) {
			component := object{"key": key}
			if slices.Contains(include, "config") {
				component["config"] = configs[key]
			}
			if slices.Contains(include, "status") {
				component["status"] = statuses[key]
			}
			list = append(list, component)
		}
	}
	return object{"components": list, "cfg_rev": 1, "offset": 0, "total": len(list)}
}

// notification tells a client what changed from one view to the next: the power
// with each reading, the totals where they moved.
func notification(d *device, client string, told, view *emulate.View, now time.Time) object {
	params := object{"ts": seconds(now)}
	isBoth := told == nil || view == nil
	if isBoth || told.Sequence != view.Sequence || told.Power != view.Power {
		params["em:0"] = emStatus(view)
	}
	if isBoth || told.Import != view.Import || told.Export != view.Export {
		params["emdata:0"] = emDataStatus(view)
	}
	return object{"src": d.id(), "dst": client, "method": "NotifyStatus", "params": params}
}
