// Package testkit has what the tests of several packages need. The program
// does not use it.
package testkit

import (
	"bytes"
	"net"
	"strings"
	"sync"
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

// FreeAddr is an address on loopback, host:port, where nobody listens.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
