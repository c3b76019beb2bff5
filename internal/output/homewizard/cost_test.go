package homewizard_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/emulate"
	"github.com/smartmeter-addon/smartmeter-addon/internal/hub"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/homewizard"
	"github.com/smartmeter-addon/smartmeter-addon/internal/store"
	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// serve runs an emulated meter on loopback, which has a fresh reading, until the
// returned function is called.
func serve(t testing.TB) (address string, tell func(), stop func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	updates, ready := new(hub.Hub[*meter.Update]), make(chan string, 1)
	m := emulate.New(emulate.Options{
		Name: "homewizard_p1", Kind: "homewizard", Slot: "p1", Updates: updates, Store: store.Open(t.TempDir(), log),
	})
	s := homewizard.New(homewizard.Options{
		Zone: time.UTC, Log: log,
		HTTP: emulate.HTTP{
			Address: testkit.Addr(t), What: "emulated meter", Log: log, OnListen: func(a net.Addr) { ready <- a.String() },
		},
	}, m)
	tell = func() {
		r := house()
		r.Received = time.Now()
		changed := m.Changed()
		updates.Publish(&meter.Update{Slot: "p1", HasPower: true, Reading: r})
		<-changed
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	tell()
	return <-ready, tell, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// get asks for the data.
func get(t testing.TB, client *http.Client, address, agent string) int {
	t.Helper()
	question, err := http.NewRequest(http.MethodGet, "http://"+address+"/api/v1/data", nil)
	if err != nil {
		t.Fatal(err)
	}
	question.Header.Set("User-Agent", agent)
	answer, err := client.Do(question)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}

// inUse is how much memory the program holds: heap and stacks.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// TestCost: an emulated meter that many ask costs less than a mebibyte, and
// nothing of it is left when it ends.
func TestCost(t *testing.T) {
	address, _, stop := serve(t)
	client := &http.Client{Transport: &http.Transport{}}
	get(t, client, address, "warms up what all servers share")
	client.CloseIdleConnections()
	stop()

	before, goroutines := inUse(), runtime.NumGoroutine()
	address, tell, stop := serve(t)
	for n := range 200 {
		tell()
		get(t, client, address, fmt.Sprintf("client %d, whose name is as long as names of clients may be", n))
	}
	client.CloseIdleConnections()
	cost := int64(inUse() - before)
	t.Logf("an emulated meter with 32 of 200 clients in its book: %d KiB, %d goroutines",
		cost>>10, runtime.NumGoroutine()-goroutines)
	if cost > 1<<20 {
		t.Errorf("it costs %d bytes", cost)
	}
	stop()
	for deadline := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, before there were %d", runtime.NumGoroutine(), goroutines)
		}
	}
}

// BenchmarkGet is a question and its answer over loopback, on a connection that
// stays open.
func BenchmarkGet(b *testing.B) {
	address, tell, stop := serve(b)
	defer stop()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for b.Loop() {
		if code := get(b, client, address, "bench"); code != http.StatusOK {
			tell() // a slow machine
		}
	}
}
