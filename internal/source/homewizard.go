package source

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/outgoing"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
)

const (
	// pollEvery is how often a HomeWizard is asked: as often as a DSMR 5 meter
	// speaks. Its makers want no more than two requests a second.
	pollEvery = time.Second

	// pollTimeout is how long one answer may take: a P1 Meter far from its access
	// point needs seconds now and then.
	pollTimeout = 5 * time.Second
)

// homeWizard returns the line of a HomeWizard P1 Meter, which is asked for its
// telegram (local API v1).
func homeWizard(w Way) Port {
	device := &homeWizardDevice{client: outgoing.NewClient(nil), base: "http://" + w.URL.Host}
	return Port{Name: w.Shown, Open: device.open, Help: webHelp, Cause: webCause}
}

type homeWizardDevice struct {
	client *http.Client
	base   string // of the addresses that are asked
}

// open asks once, so that what is wrong is known at once.
func (d *homeWizardDevice) open(ctx context.Context) (Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	p := &poller{device: d, ctx: ctx, asked: time.Now()}
	first, err := d.telegram(ctx, p.asked.Add(pollTimeout))
	if err != nil {
		cancel()
		return nil, err
	}
	p.first = first
	return &messages{isAsked: true, receive: p.receive, closing: sync.OnceValue(func() error {
		cancel()
		d.client.CloseIdleConnections()
		return nil
	})}, nil
}

// poller asks for a telegram each second.
type poller struct {
	device *homeWizardDevice
	ctx    context.Context
	first  []byte    // an answer that was not read yet
	asked  time.Time // when the last request began
}

// receive returns the next answer. One that fails is no failure of the line
// while others may still come before the deadline, unless it says that none will.
func (p *poller) receive(deadline time.Time) ([]byte, error) {
	if p.first != nil {
		first := p.first
		p.first = nil
		return first, nil
	}
	var last error
	for {
		next := p.asked.Add(pollEvery)
		if next.After(deadline) {
			retry.Sleep(p.ctx, time.Until(deadline))
			return nil, cmp.Or(last, p.ctx.Err(), os.ErrDeadlineExceeded)
		}
		if !retry.Sleep(p.ctx, time.Until(next)) {
			return nil, os.ErrClosed
		}
		p.asked = time.Now()
		telegram, err := p.device.telegram(p.ctx, earlier(deadline, p.asked.Add(pollTimeout)))
		if err == nil {
			return telegram, nil
		}
		if answer, ok := errors.AsType[*wrongAnswer](err); ok && answer.lasts() {
			return nil, err
		}
		last = err
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// telegram asks for the newest telegram.
func (d *homeWizardDevice) telegram(ctx context.Context, deadline time.Time) ([]byte, error) {
	status, body, err := d.get(ctx, "/api/v1/telegram", deadline)
	if err != nil {
		return nil, fmt.Errorf("asking the HomeWizard for a telegram: %w", err)
	}
	if status != http.StatusOK || isWebText(body) {
		return nil, &wrongAnswer{status: status, product: d.product(ctx, status, deadline)}
	}
	return body, nil
}

// isWebText reports whether what came is what web servers say, and no telegram.
func isWebText(body []byte) bool {
	text := strings.TrimSpace(string(body[:min(len(body), 16)]))
	return strings.HasPrefix(text, "<") || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "HTTP/")
}

// product asks which product of HomeWizard gives an answer that is no telegram;
// empty: none.
func (d *homeWizardDevice) product(ctx context.Context, status int, deadline time.Time) string {
	if status == http.StatusForbidden || status >= http.StatusInternalServerError {
		return ""
	}
	status, body, err := d.get(ctx, "/api", deadline)
	var is struct {
		Type string `json:"product_type"`
		Name string `json:"product_name"`
	}
	if err != nil || status != http.StatusOK || json.Unmarshal(body, &is) != nil || is.Type == "" {
		return ""
	}
	return cmp.Or(is.Name, is.Type)
}

// get returns the status and the body of an answer.
func (d *homeWizardDevice) get(ctx context.Context, path string, deadline time.Time) (int, []byte, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+path, nil)
	if err != nil {
		return 0, nil, err
	}
	answer, err := d.client.Do(request)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return 0, nil, httpError(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxMessage+1))
	switch {
	case len(body) > maxMessage:
		return 0, nil, errTooLong
	case err != nil:
		return 0, nil, fmt.Errorf("the answer breaks off: %w", httpError(err))
	}
	return answer.StatusCode, body, nil
}

// httpError gives an error of the HTTP client, which has no types for most of
// them, a type that is known here.
func httpError(err error) error {
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	case strings.Contains(err.Error(), "malformed HTTP"):
		return &wrongAnswer{}
	}
	return err
}

// errTooLong is the error of a line that sends what cannot be a telegram.
var errTooLong = fmt.Errorf("an answer or message of more than %d KiB arrives, which is no telegram", maxMessage>>10)

// wrongAnswer is an answer of a web server that gives no telegram.
type wrongAnswer struct {
	status      int
	product     string // of HomeWizard's that gave it; empty: not known
	isWebSocket bool   // one was asked for
}

func (e *wrongAnswer) Error() string {
	switch {
	case e.product != "":
		return fmt.Sprintf("the product %.40q has no telegrams", e.product)
	case e.status == 0:
		return "no answer of a web server comes"
	case e.status == http.StatusOK && !e.isWebSocket:
		return "the answer is not a telegram"
	}
	return fmt.Sprintf("the answer is %d %s", e.status, http.StatusText(e.status))
}

// lasts reports whether it will be the same in a second.
func (e *wrongAnswer) lasts() bool {
	return e.status < http.StatusInternalServerError && e.status != http.StatusTooManyRequests
}
