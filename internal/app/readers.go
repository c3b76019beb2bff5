package app

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/mdns"
)

const (
	// homeWizards is the service that every product of HomeWizard announces, of
	// which one type has telegrams.
	homeWizards = "_hwenergy._tcp"
	p1Meter     = "product_type=HWE-P1"

	// searchTime is how long answers are waited for; most come within a second.
	searchTime = 3 * time.Second
)

// logReaders names the readers that announce themselves in the home network,
// for a user who has not set any.
func (p *pipeline) logReaders(ctx context.Context) {
	find := p.house.deps.Find
	if find == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	for _, f := range find(ctx, homeWizards) {
		if slices.Contains(f.Text, p1Meter) {
			p.log.Info("there is a HomeWizard P1 Meter in the network; to read it, set {network.address} to "+addressOf(f),
				"name", f.Instance)
		}
	}
}

// addressOf returns what the option takes.
func addressOf(f mdns.Found) string {
	host := f.Host[:len(f.Host)-1] // without the root's dot
	if f.Address.IsValid() {
		host = f.Address.String()
	}
	switch {
	case f.Port != 80:
		host = net.JoinHostPort(host, strconv.Itoa(f.Port))
	case f.Address.Is6():
		host = "[" + host + "]"
	}
	return "homewizard://" + host
}
