package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
)

// fileKind is the kind of source of a file that is replayed.
const fileKind = "file"

// Port returns the line that the options of a meter mean; false: none. It opens
// nothing. find tells where the broker is, for a meter whose telegrams come from
// there; nil: there is none.
func Port(cfg config.Config, m config.Meter, find broker.Finder) (source.Port, bool, error) {
	switch m.SourceInUse() {
	case config.SourceAuto:
		return source.Port{}, false, nil
	case config.SourceNetwork:
		port, err := network(cfg, m, find)
		return port, true, err
	}
	mode, err := source.ParseMode(string(m.Serial.Mode))
	if err != nil {
		return source.Port{}, false, fmt.Errorf("option serial.mode: %w", err)
	}
	return source.Serial(m.Serial.Device, mode), true, nil
}

// network returns the line of a meter in the network.
func network(cfg config.Config, m config.Meter, find broker.Finder) (source.Port, error) {
	address, err := m.Network.URL()
	if err != nil {
		return source.Port{}, err
	}
	way := source.Way{URL: address, Shown: m.Network.Shown(), Broker: find}
	if way.NeedsBroker() {
		if find == nil {
			return source.Port{}, &config.Error{
				Option: m.AddressOption(), Value: m.Network.Shown(),
				Mend: "a topic needs an MQTT broker; set mqtt.url (or the variable SMARTMETER_MQTT_URL)",
			}
		}
		if way.Security, err = cfg.BrokerTLS(os.ReadFile); err != nil {
			return source.Port{}, err
		}
	}
	return way.Port(), nil
}

// reads chooses the line and reports its changes to the vitals and the capture.
func (p *pipeline) reads(m config.Meter, replay *source.Port) error {
	port, chosen, err := Port(p.house.cfg, m, p.house.broker)
	if err != nil {
		return err
	}
	kind, name := string(config.SourceNetwork), m.Network.Shown()
	switch {
	case replay != nil:
		port, p.replay = *replay, true
		kind, name = fileKind, port.Name
	case !chosen:
		return nil
	case m.SourceInUse() != config.SourceNetwork:
		kind, name = string(config.SourceSerial), m.Serial.Device
	}
	p.source = source.New(port, p.log, func(e source.Event) {
		now := time.Now()
		p.record(e, now)
		p.vitals.changed(e, now)
	})
	p.vitals.reads(kind, name, p.source.Mode)
	return nil
}

// run reads the meter until ctx ends. Where no source is set it logs that once,
// with the devices to choose from, and waits: the outputs are running, and after
// a restart with the option set readings arrive.
func (p *pipeline) run(ctx context.Context) error {
	if p.source != nil {
		if p.replay {
			p.settled(ctx)
		}
		err := p.source.Run(ctx, p.use)
		if ctx.Err() == nil && err == nil {
			p.log.Info("the file has ended")
			p.drain(ctx)
			p.house.end()
		}
		return err
	}
	devices := source.Ports()
	p.vitals.unset(devices)
	p.log.Warn(diagnosis.Unset.Text(meter.English)+". "+diagnosis.Unset.Next(meter.English), "devices", diagnosis.Devices(devices))
	p.logReaders(ctx)
	<-ctx.Done()
	return nil
}
