package app

import (
	"context"
	"fmt"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/source"
	"github.com/smartmeter-addon/smartmeter-addon/internal/verdict"
)

// choose opens nothing; it tells which line is to be read, or none.
func choose(cfg config.Config) (source.Port, bool, error) {
	switch cfg.SourceInUse() {
	case config.SourceAuto:
		return source.Port{}, false, nil
	case config.SourceNetwork:
		return source.Network(cfg.Network.Address), true, nil
	}
	mode, err := source.ParseMode(string(cfg.Serial.Mode))
	if err != nil {
		return source.Port{}, false, fmt.Errorf("option serial.mode: %w", err)
	}
	return source.Serial(cfg.Serial.Device, mode), true, nil
}

// run reads the meter for ever. Where no source is set it says so once, with
// what there is to choose from, and waits: the outputs are up, and a restart
// with the option set is all that is missing.
func (p *pipeline) run(ctx context.Context) error {
	if p.source != nil {
		return p.source.Run(ctx, p.use)
	}
	devices := source.Ports()
	p.vitals.unset(devices)
	p.log.Warn("no source is set: choose the cable (option serial.device) or the network reader (option network.address), then start again", "devices", verdict.Devices(devices))
	<-ctx.Done()
	return nil
}
