package solar

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// An inverter that takes its time is read all the same.
func TestSlow(t *testing.T) {
	d := &device{unit: 1, late: 50 * time.Millisecond}
	d.show(maps["solaredge"])
	addr := testkit.FreeAddr(t)
	server := d.start(t, addr)
	defer func() { _ = server.Stop() }()
	var log lines
	_, sub := run(t, Options{Address: addr, Unit: 1, Interval: time.Millisecond, Log: log.logger()})
	if diff := cmp.Diff(samples["solaredge"], jsonOf(next(t, sub))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if strings.Contains(log.String(), "WARN") {
		t.Errorf("it is told as trouble:\n%s", &log)
	}
}

// A connection that is reset in the middle of an answer, and one that ends
// there, give no sample and are told once.
func TestResets(t *testing.T) {
	d := &device{unit: 1}
	d.show(maps["fronius-float"])
	behind := testkit.FreeAddr(t)
	server := d.start(t, behind)
	defer func() { _ = server.Stop() }()
	front, err := net.Listen("tcp", testkit.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	go func() {
		for n := 0; ; n++ {
			conn, err := front.Accept()
			if err != nil {
				return
			}
			if n >= 4 {
				go pass(conn, behind)
				continue
			}
			request := make([]byte, 12)
			_, _ = io.ReadFull(conn, request)
			_, _ = conn.Write([]byte{request[0], request[1], 0, 0, 0, 7, 1, 3, 4, 'S'}) // and there is more to come
			if n%2 == 0 {
				_ = conn.(*net.TCPConn).SetLinger(0)
			}
			conn.Close()
		}
	}()
	var log lines
	_, sub := run(t, Options{Address: front.Addr().String(), Unit: 1, Interval: time.Millisecond, Log: log.logger()})
	if diff := cmp.Diff(samples["fronius-float"], jsonOf(next(t, sub))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	next(t, sub) // the log tells of the first one behind it
	if got := log.String(); strings.Count(got, "WARN") != 1 || strings.Count(got, "answers") != 1 {
		t.Errorf("log: got %s\nwant one line at loss and one at return", got)
	}
}

// pass carries a connection's bytes to the server at addr.
func pass(conn net.Conn, addr string) {
	defer conn.Close()
	to, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer to.Close()
	go func() { _, _ = io.Copy(to, conn) }()
	_, _ = io.Copy(conn, to)
}
