// Package post sends readings to a web address of the user's, as a form or as
// JSON: the first at once, then the first after each interval.
package post

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/outgoing"
	"github.com/smartmeter-addon/smartmeter-addon/internal/retry"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

const (
	// firstPause is the pause before a reading is sent again; it doubles until
	// the next reading is due.
	firstPause = 5 * time.Second
)

// All stands for every field in the list of fields.
const All = "*"

// Options is what an Output needs.
type Options struct {
	config.Post
	TLS     *tls.Config // nil: the system's certificates
	Agent   string      // User-Agent
	Meter   string      // slot, as the field meter; empty: the only one, which is not named
	Log     *slog.Logger
	Counter *status.Counter // may be nil
}

// Output sends the readings of one meter. It must be made by New.
type Output struct {
	options Options
	updates *hub.Hub[*meter.Update]
	client  *http.Client
	pause   time.Duration // the first
	every   time.Duration
	told    string // what the log says is wrong; empty: nothing
}

// New returns an Output for what is published on the hub.
func New(o Options, updates *hub.Hub[*meter.Update]) *Output {
	return &Output{options: o, updates: updates, pause: firstPause, every: time.Duration(o.Interval) * time.Second, client: outgoing.NewClient(o.TLS)}
}

// Run sends until ctx ends and returns nil then. There is one request at a
// time, and nothing that goes wrong with the server ends it.
func (o *Output) Run(ctx context.Context) error {
	readings := o.updates.Subscribe(1, hub.DropOldest) // only the newest is of use
	defer readings.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-readings.Ready():
		}
		list, _ := readings.Take(nil) // no error: this policy never disconnects
		if len(list) == 0 {
			continue
		}
		due := time.Now().Add(o.every)
		o.deliver(ctx, list[len(list)-1], due)
		if !retry.Sleep(ctx, time.Until(due)) {
			return nil
		}
		// What waits was read before the interval was over: the next one is due.
		if _, err := readings.Take(nil); err != nil {
			return fmt.Errorf("waiting for readings: %w", err)
		}
	}
}

// deliver sends a reading, again and again until the next one is due.
func (o *Output) deliver(ctx context.Context, u *meter.Update, due time.Time) {
	body, kind, err := o.body(u.JSON)
	if err != nil {
		o.fail(err)
		return
	}
	for pause := (retry.Backoff{First: o.pause, Last: time.Until(due)}); ; {
		if err = o.send(ctx, body, kind); err == nil {
			o.works()
			return
		}
		if ctx.Err() != nil {
			return
		}
		o.fail(err)
		if r, ok := errors.AsType[refusal](err); ok && !r.passing() || time.Until(due) <= pause.Pause() {
			o.options.Counter.Dropped(1)
			return
		}
		if !pause.Wait(ctx) {
			return
		}
	}
}

// body makes the fields that are wanted of the reading's JSON, in their order.
func (o *Output) body(reading []byte) (body []byte, kind string, err error) {
	fields, err := flatten(reading)
	if err != nil {
		return nil, "", err
	}
	wanted := fields
	if list := o.options.Fields.Names(); !slices.Contains(list, All) {
		wanted = nil
		for _, name := range list {
			for _, f := range fields {
				if f.name == name {
					wanted = append(wanted, f)
				}
			}
		}
	}
	if m := o.options.Meter; m != "" {
		wanted = append([]field{{"meter", meter.AppendText(nil, m)}}, wanted...)
	}
	if o.options.JSON {
		return object(wanted), "application/json", nil
	}
	var b strings.Builder
	for i, f := range wanted {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(f.name) + "=" + url.QueryEscape(f.text()))
	}
	return []byte(b.String()), "application/x-www-form-urlencoded", nil
}

// field is a member of a reading; one of an object in it has both names.
type field struct {
	name  string
	value json.RawMessage
}

// text is the value as a form shows it.
func (f field) text() string {
	var s string
	if json.Unmarshal(f.value, &s) == nil {
		return s
	}
	return string(f.value)
}

// flatten lists the members of a JSON object; {"gas":{"ts":1}} is gas_ts.
func flatten(object []byte) ([]field, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("reading a reading: %w", err)
	}
	var list []field
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("reading a reading: %w", err)
		}
		name, _ := key.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("reading %s of a reading: %w", name, err)
		}
		if value[0] != '{' {
			list = append(list, field{name, value})
			continue
		}
		members, err := flatten(value)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			list = append(list, field{name + "_" + m.name, m.value})
		}
	}
	return list, nil
}

// object joins fields to a JSON object, numbers exactly as they are.
func object(fields []field) []byte {
	b := []byte{'{'}
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, f.name), ':')
		b = append(b, f.value...)
	}
	return append(b, '}')
}

// refusal is an answer that is no success.
type refusal int

func (r refusal) Error() string {
	return "the server answers " + strconv.Itoa(int(r)) + " " + http.StatusText(int(r))
}

// passing reports whether another try may succeed.
func (r refusal) passing() bool {
	return r/100 == 5 || r == http.StatusTooManyRequests || r == http.StatusRequestTimeout
}

func (o *Output) send(ctx context.Context, body []byte, kind string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, string(o.options.URL), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("posting a reading: %w", err)
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("User-Agent", o.options.Agent)
	answer, _, err := outgoing.Send(o.client, request, "posting a reading")
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return refusal(answer.StatusCode)
	}
	return nil
}

// fail logs what is wrong: a new cause as a warning, the same one at debug level.
func (o *Output) fail(err error) {
	o.options.Counter.Failed(err)
	text := help(err)
	if text == o.told {
		o.options.Log.Debug("readings still cannot be posted", "cause", err)
		return
	}
	o.told = text
	o.options.Log.Warn(text, "cause", err)
}

// works logs that the server accepts readings, where that is news.
func (o *Output) works() {
	o.options.Counter.Sent(1, time.Now())
	if o.told != "" {
		o.options.Log.Info("readings are posted again")
		o.told = ""
	}
}

// help is what a person can do about an error.
func help(err error) string {
	r, refused := errors.AsType[refusal](err)
	_, unknown := errors.AsType[*net.DNSError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	switch {
	case refused && (r == http.StatusUnauthorized || r == http.StatusForbidden):
		return "the server rejects posted readings: does post.url have the right key, or user and password?"
	case refused && r == http.StatusNotFound:
		return "the server has no such address: compare post.url with what it expects"
	case refused && r/100 == 3:
		return "the server has moved: write its new address in post.url"
	case refused && !r.passing():
		return "the server does not accept the readings as they are posted: compare post.json and post.fields with what it expects"
	case authority:
		return "the server's certificate is from an authority that is not trusted: give that authority's certificate in post.ca_file"
	case name:
		return "the server's certificate is for another name: write the name that it has in post.url"
	case unknown:
		return "the server's name in post.url was not found: check it, or use the IP address"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at the address in post.url: is the server running, and is the port right?"
	}
	return "readings cannot be posted: is the server in post.url running? Trying again"
}
