package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

// Service is the MQTT broker that Home Assistant knows.
type Service struct {
	Host     string
	Port     int
	SSL      bool
	Username string // may be empty
	Password config.Secret
}

// URL returns mqtt://host:port, with TLS mqtts://host:port, without user and
// password.
func (s Service) URL() string {
	scheme := "mqtt"
	if s.SSL {
		scheme = "mqtts"
	}
	return scheme + "://" + net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
}

// port is a port's number, also as text, as the documentation shows it.
type port int

// UnmarshalJSON takes 1883 and "1883".
func (p *port) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return fmt.Errorf("%.20q is not a port from 1 to 65535", text)
	}
	*p = port(n)
	return nil
}

// MQTT asks once which broker to use (GET /services/mqtt). The error is
// ErrNotEnabled while there is none, ErrDenied when asking is not allowed,
// and another one when the Supervisor is away or makes no sense.
func (c *Client) MQTT(ctx context.Context) (Service, error) {
	const doing = "asking for the MQTT broker: %w"
	var data struct {
		Host     string `json:"host"`
		Port     port   `json:"port"`
		SSL      bool   `json:"ssl"`
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if err := c.get(ctx, "/services/mqtt", &data); err != nil {
		if e, ok := errors.AsType[*apiError](err); ok {
			switch {
			case e.status == http.StatusUnauthorized, e.status == http.StatusForbidden:
				err = fmt.Errorf("%w (%w)", ErrDenied, e)
			case e.status < http.StatusInternalServerError && strings.Contains(strings.ToLower(e.message), "not enabled"):
				err = ErrNotEnabled
			}
		}
		return Service{}, fmt.Errorf(doing, err)
	}
	if data.Host == "" || data.Port == 0 {
		return Service{}, fmt.Errorf(doing, errors.New("the Supervisor names no host and port"))
	}
	return Service{data.Host, int(data.Port), data.SSL, data.Username, config.Secret(data.Password)}, nil
}

// Back-off of WaitMQTT, and how long it takes for normal before it warns.
const (
	firstPause = 2 * time.Second
	longPause  = time.Minute
	patience   = 2 * time.Minute
)

// WaitMQTT asks until there is a broker, for ever. It logs the first miss, a
// warning with help after two minutes (at once if waiting does not help), and
// then nothing until the broker is there. The error is the context's.
func (c *Client) WaitMQTT(ctx context.Context, log *slog.Logger) (Service, error) {
	var missed, warned bool
	start := time.Now()
	for pause := (retry.Backoff{First: firstPause, Last: longPause}); ; {
		service, err := c.MQTT(ctx)
		if err == nil {
			if missed {
				log.Info("Home Assistant now names its MQTT broker", "broker", service.URL())
			}
			return service, nil
		}
		if ctx.Err() != nil {
			return Service{}, ctx.Err()
		}
		switch {
		case !warned && (errors.Is(err, ErrDenied) || time.Since(start) >= patience):
			log.Warn("still no MQTT broker; the rest of the app keeps running, and Home Assistant is asked again", "err", err)
			warned = true
		case !missed:
			log.Info("waiting for Home Assistant to name its MQTT broker", "err", err)
		default:
			log.Debug("still no MQTT broker", "err", err)
		}
		missed = true
		if !pause.Wait(ctx) {
			return Service{}, ctx.Err()
		}
	}
}
