package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Many who ask for a capture at once cost the meter's readings no more time
// than one.
func TestCapturesOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made, now, most atomic.Int64
		var lost error
		site := &Site{zone: time.UTC, meters: []*shown{{Meter: Meter{Slot: "p1", Capture: func() ([]byte, error) {
			made.Add(1)
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(time.Second)
			return []byte("# smartmeter capture 1\n"), lost
		}}}}}
		s := site.Server(Options{Page: true, Ingress: true})
		ask := func(times int) map[int]int {
			answers := make(map[int]int)
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range times {
				wg.Go(func() {
					r := httptest.NewRequest(http.MethodGet, "/api/capture", nil)
					r.RemoteAddr = "127.0.0.1:1"
					w := httptest.NewRecorder()
					s.handler.ServeHTTP(w, r)
					if busy := w.Header().Get("Retry-After") != ""; w.Code != http.StatusOK && busy != (lost == nil) {
						t.Errorf("%d with %v", w.Code, w.Header())
					}
					mu.Lock()
					defer mu.Unlock()
					answers[w.Code]++
				})
			}
			wg.Wait()
			return answers
		}
		if got := ask(70); got[http.StatusOK] != 1 || got[http.StatusServiceUnavailable] != 69 || made.Load() != 1 || most.Load() != 1 {
			t.Errorf("at once: %v, %d made, %d at the same time", got, made.Load(), most.Load())
		}
		if got := ask(70); got[http.StatusOK] != 70 || made.Load() != 1 {
			t.Errorf("soon: %v, %d made", got, made.Load())
		}
		time.Sleep(captureKept)
		synctest.Wait()
		if got := ask(1); got[http.StatusOK] != 1 || made.Load() != 2 {
			t.Errorf("later: %v, %d made", got, made.Load())
		}
		time.Sleep(captureKept)
		synctest.Wait()
		lost = errors.New("no key")
		for range 2 { // what failed is not kept
			if got := ask(1); got[http.StatusServiceUnavailable] != 1 {
				t.Errorf("failed: %v", got)
			}
		}
		if made.Load() != 4 {
			t.Errorf("%d made", made.Load())
		}
	})
}
