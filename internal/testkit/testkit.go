// Package testkit has what the tests of several packages need. The program
// does not use it.
package testkit

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Log is a log that a test reads while it is written.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer]; it never fails.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is what was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Count tells how many lines have all of the words.
func (l *Log) Count(words ...string) int {
	n := 0
	for line := range strings.Lines(l.String()) {
		has := true
		for _, word := range words {
			has = has && strings.Contains(line, word)
		}
		if has {
			n++
		}
	}
	return n
}

// hosts counts the loopback addresses that this process has given away.
var hosts atomic.Uint32

// Host returns a loopback address that no other test uses, of this process or
// of another: a port that is closed there stays closed until the test opens it
// again. Systems that have no loopback address but 127.0.0.1 give that.
func Host(t testing.TB) string {
	t.Helper()
	pid, n := os.Getpid(), hosts.Add(1)
	// The process in 15 bits, the test in 8; 127.0 and 127.127 stay free.
	host := fmt.Sprintf("127.%d.%d.%d", 1+(pid>>8)%126, pid&255, 1+n%254)
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		return "127.0.0.1"
	}
	l.Close()
	return host
}

// Addr returns an address to listen at, with any port, on a [Host].
func Addr(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort(Host(t), "0")
}

// FreeAddr returns an address on loopback, host:port, where nobody listens.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
