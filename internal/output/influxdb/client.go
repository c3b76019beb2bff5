package influxdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/outgoing"
)

// client writes line protocol to a database: over the API of version 2, which
// InfluxDB 1.8, VictoriaMetrics and Telegraf know too, or where that is not
// found over the one of version 1.
type client struct {
	config.Influx
	http *http.Client
	v1   bool // the API of version 2 is not there
}

func newClient(c config.Influx) *client {
	return &client{Influx: c, http: outgoing.NewClient(nil)}
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	text   string        // what the database says
	after  time.Duration // that it wants to be left alone; 0: it does not say
	route  bool          // there is no such address
}

func (r *refusal) Error() string {
	if r.text == "" {
		return "the database answers " + strconv.Itoa(r.status) + " " + http.StatusText(r.status)
	}
	return fmt.Sprintf("the database answers %d: %s", r.status, r.text)
}

// useless reports whether the same lines would be refused again.
func (r *refusal) useless() bool {
	switch r.status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// write sends lines that are gzip-compressed.
func (c *client) write(ctx context.Context, packed []byte) error {
	err := c.send(ctx, packed)
	if r, ok := errors.AsType[*refusal](err); ok && r.route && !c.v1 {
		c.v1 = true
		if err := c.send(ctx, packed); err == nil {
			return nil
		}
		c.v1 = false
	}
	return err
}

func (c *client) send(ctx context.Context, packed []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address(), bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("writing to InfluxDB: %w", err)
	}
	request.Header.Set("Content-Encoding", "gzip")
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	request.Header.Set("Authorization", "Token "+string(c.Token))
	if user, password, ok := strings.Cut(string(c.Token), ":"); ok && c.v1 {
		request.SetBasicAuth(user, password)
	}
	answer, body, err := outgoing.Send(c.http, request, "writing to InfluxDB")
	if err != nil {
		return err
	}
	if answer.StatusCode/100 == 2 {
		return nil
	}
	r := &refusal{status: answer.StatusCode}
	var said struct{ Code, Message, Error string }
	isJSON := json.Unmarshal(body, &said) == nil
	if r.text = said.Message + said.Error; r.text == "" && !isJSON {
		r.text = strings.TrimSpace(string(body[:min(len(body), 200)]))
	}
	// InfluxDB 2 says of a missing bucket that it is "not found", in JSON.
	r.route = r.status == http.StatusNotFound && !isJSON || r.status == http.StatusMethodNotAllowed
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.after = min(time.Duration(seconds)*time.Second, mostPause)
	}
	return r
}

// address is where to write. For version 1 the bucket is a database, or
// database/retention policy, as InfluxDB's own compatibility layer has it.
func (c *client) address() string {
	base := strings.TrimSuffix(string(c.URL), "/")
	if !c.v1 {
		return base + "/api/v2/write?" + url.Values{"org": {c.Org}, "bucket": {c.Bucket}, "precision": {"ms"}}.Encode()
	}
	database, policy, _ := strings.Cut(c.Bucket, "/")
	query := url.Values{"db": {database}, "precision": {"ms"}}
	if policy != "" {
		query.Set("rp", policy)
	}
	return base + "/write?" + query.Encode()
}

// help is what a person can do about an error.
func help(err error) string {
	r, refused := errors.AsType[*refusal](err)
	_, unknown := errors.AsType[*net.DNSError](err)
	switch {
	case refused && (r.status == http.StatusUnauthorized || r.status == http.StatusForbidden):
		return "the database refuses the token: create one with write access to the bucket, and set influxdb.token (for InfluxDB 1: user:password)"
	case refused && r.status == http.StatusNotFound:
		return "the database does not know the organisation or the bucket: check influxdb.org and influxdb.bucket, and whether influxdb.url is its address"
	case refused && r.useless():
		return "the database rejects readings, and they are lost: its answer says why"
	case refused && r.status/100 == 3:
		return "the database has moved: write its new address in influxdb.url"
	case unknown:
		return "the database's name was not found: write its IP address in influxdb.url"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at the database's address: is it running, and is the port in influxdb.url right?"
	}
	return "the database does not accept readings: they are kept and sent later. Is it running, and is influxdb.url right?"
}
