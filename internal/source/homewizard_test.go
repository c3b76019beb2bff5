package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
)

// at returns the line of a server of the tests.
func at(t *testing.T, scheme, address string) Port {
	t.Helper()
	u, err := url.Parse(scheme + "://" + strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return Way{URL: u, Shown: u.String()}.Port()
}

// TestHomeWizardAnswers: whatever answers at the address, the cause is named and
// leads on.
func TestHomeWizardAnswers(t *testing.T) {
	var sent atomic.Int64
	pour := func(w http.ResponseWriter, r *http.Request) {
		for sent.Load() < 100<<20 && r.Context().Err() == nil {
			n, err := w.Write([]byte(strings.Repeat("1-0:1.8.0(1*kWh)\r\n", 1000)))
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}
	says := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		api    string // of GET /api
		cause  diagnosis.Cause
		says   string // in the error
		help   string
	}{
		{"the API is off", says(403, `{"error":{"code":202,"description":"API not enabled"}}`), "", diagnosis.APIOff, "403 Forbidden", "HomeWizard app"},
		{"another web server", says(404, "404 page not found"), "404 page not found", diagnosis.NotHomeWizard, "404 Not Found", "fixed one in the router"},
		{"HTML", says(200, "\r\n<!DOCTYPE html><title>Home Assistant</title>"), "<html>", diagnosis.NotHomeWizard, "not a telegram", ""},
		{"an answer in an answer", says(200, "HTTP/1.1 400 Bad Request\r\n\r\n"), "", diagnosis.NotHomeWizard, "not a telegram", ""},
		{"JSON", says(200, `{"StatusSNS":{}}`), `{"name":"shelly"}`, diagnosis.NotHomeWizard, "not a telegram", ""},
		{"an energy socket", says(404, `{"error":{}}`), `{"product_type":"HWE-SKT","product_name":"Energy Socket"}`, diagnosis.NotHomeWizard, `"Energy Socket" has no telegrams`, ""},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.org/", http.StatusFound)
		}, "", diagnosis.NotHomeWizard, "302 Found", ""},
		{"no telegram so far", says(503, `{"error":{}}`), "", diagnosis.Mute, "503", "P1 port"},
		{"an answer that breaks off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "900")
			_, _ = io.WriteString(w, "/ISK5")
		}, "", diagnosis.HungUp, "breaks off", ""},
		{"100 MB", pour, "", diagnosis.TooLong, "more than 64 KiB", "Check the address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api" {
					_, _ = io.WriteString(w, tt.api)
					return
				}
				tt.answer(w, r)
			}))
			defer server.Close()
			port := at(t, "homewizard", server.URL)
			conn, err := port.Open(t.Context())
			if err == nil {
				conn.Close()
				t.Fatal("the line is open")
			}
			if got := port.Cause(err); got != tt.cause || !strings.Contains(err.Error(), tt.says) || !strings.Contains(port.Help(err), tt.help) {
				t.Errorf("got %s, %v, %q", got, err, port.Help(err))
			}
		})
	}
	if got := sent.Load(); got == 0 || got > 32<<20 { // what buffers of the system take
		t.Errorf("%d bytes were taken of an answer without end", got)
	}
}

func TestHomeWizardIsNotHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, "/ISK5\\2M550T-1012\r\n\r\n")
			conn.Close()
		}
	}))
	defer server.Close()
	port := at(t, "homewizard", server.URL)
	if _, err := port.Open(t.Context()); err == nil || port.Cause(err) != diagnosis.NotHomeWizard {
		t.Errorf("got %v", err)
	}
}

// answers is a HomeWizard whose answers come without a network, so that time
// passes at once.
type answers func(r *http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func answer(status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func wizard(a answers) *homeWizardDevice {
	return &homeWizardDevice{client: &http.Client{Transport: a}, base: "http://p1"}
}

// telegramAt is one whose meter says that time.
func telegramAt(clock string) string {
	return "/ISK5\\2M550T-1012\r\n\r\n0-0:1.0.0(" + clock + ")\r\n0-0:96.1.1(4530303434)\r\n1-0:1.7.0(01.193*kW)\r\n!1A2B\r\n"
}

// TestHomeWizardRhythm: it is asked once a second, each telegram is read once,
// and a request that fails now and then harms nobody.
func TestHomeWizardRhythm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var asked []time.Duration
		conn, err := wizard(func(*http.Request) (*http.Response, error) {
			asked = append(asked, time.Since(start))
			switch n := len(asked); {
			case n == 4:
				return answer(503, "")
			case n == 5:
				return nil, errors.New("connection reset")
			default:
				return answer(200, telegramAt(fmt.Sprintf("2611281200%02dW", n/3*3)))
			}
		}).open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		var got []string
		buffer := make([]byte, 4096)
		for range 4 {
			_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second))
			n, err := conn.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%v %s", time.Since(start), timeOf(buffer[:n])))
		}
		if want := "[0s 2026-11-28T12:00:00 2s 2026-11-28T12:00:03 5s 2026-11-28T12:00:06 8s 2026-11-28T12:00:09]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %s", got, want)
		}
		for i, at := range asked {
			if at != time.Duration(i)*time.Second {
				t.Errorf("request %d comes after %v", i, at)
			}
		}
	})
}

// TestHomeWizardSilent: a telegram that stays the same is a meter that says
// nothing, and what requests failed of is said where none succeeds.
func TestHomeWizardSilent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(n int, r *http.Request) (*http.Response, error)
		takes  time.Duration
		cause  diagnosis.Cause
	}{
		{"the same telegram", func(int, *http.Request) (*http.Response, error) { return answer(200, telegramAt("261128120000W")) }, 15 * time.Second, diagnosis.Mute},
		{"the API is switched off", func(int, *http.Request) (*http.Response, error) { return answer(403, "") }, time.Second, diagnosis.APIOff},
		{"it is gone", func(_ int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, 15 * time.Second, diagnosis.NoAnswer},
		{"no telegram", func(int, *http.Request) (*http.Response, error) { return answer(503, "") }, 15 * time.Second, diagnosis.Mute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				conn, err := wizard(func(r *http.Request) (*http.Response, error) {
					if n++; n == 1 {
						return answer(200, telegramAt("261128120000W"))
					}
					return tt.answer(n, r)
				}).open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				buffer := make([]byte, 4096)
				r := &reader{conn: conn, rhythm: new(rhythm)}
				if _, err := r.Read(buffer); err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				_, err = r.Read(buffer)
				if took := time.Since(begin); err == nil || webCause(err) != tt.cause || took != tt.takes {
					t.Errorf("%v after %v", err, took)
				}
			})
		})
	}
}

// TestHomeWizardTimeless: telegrams without a time (DSMR 2 and 3) may be new
// though nothing in them is.
func TestHomeWizardTimeless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		conn, err := wizard(func(*http.Request) (*http.Response, error) {
			return answer(200, "/ISk5\\2ME382-1003\r\n\r\n1-0:1.8.1(00608.400*kWh)\r\n!\r\n")
		}).open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for i := range 3 {
			_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second))
			if _, err := conn.Read(make([]byte, 4096)); err != nil || time.Since(start) != time.Duration(i)*10*time.Second {
				t.Errorf("read %d: %v after %v", i, err, time.Since(start))
			}
		}
	})
}

func TestHomeWizardClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		conn, err := wizard(func(*http.Request) (*http.Response, error) { return answer(200, telegramAt("261128120000W")) }).open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Read(make([]byte, 4096))
		go func() {
			time.Sleep(100 * time.Millisecond)
			conn.Close()
		}()
		_ = conn.SetReadDeadline(time.Now().Add(time.Hour))
		if _, err := conn.Read(make([]byte, 4096)); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}
