// Package outgoing is the one way in which outputs ask web servers of the
// user's: bounded in time and size, and without a word of an address that may
// hold a password.
package outgoing

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	// requestTimeout bounds one request, so that a server that hangs is noticed.
	requestTimeout = 15 * time.Second
	dialTimeout    = 5 * time.Second
	// mostAnswer bounds an answer's headers, and what is read of its body, in
	// bytes. Shorter ones are read to the end, so that the connection can be
	// used again.
	mostAnswer = 64 << 10
)

// NewClient returns a client for one server. A nil security trusts the system's
// authorities.
func NewClient(security *tls.Config) *http.Client {
	return &http.Client{
		Timeout: requestTimeout,
		// What a server is sent, and its token, must not go to where it points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: security, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: mostAnswer,
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSHandshakeTimeout: dialTimeout,
		},
	}
}

// Send sends the request and returns the answer with its body, whatever its
// status. doing is what failed, for the error.
func Send(c *http.Client, r *http.Request, doing string) (*http.Response, []byte, error) {
	answer, err := c.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the address
		}
		return nil, nil, fmt.Errorf("%s: %w", doing, err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, mostAnswer)) // an answer that breaks off was one all the same
	return answer, body, nil
}
