package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// patience is how long anything may take that must happen.
const patience = 10 * time.Second

// dial connects as soon as somebody listens there.
func dial(ctx context.Context, addr string) (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if tcp, ok := conn.(*net.TCPConn); ok {
			return tcp, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("connecting to the program: %w", err)
		case <-time.After(200 * time.Microsecond): // it is about to start
		}
	}
}

// readJSON reads lines until the connection ends.
func readJSON(conn net.Conn, r *reader) {
	defer r.end()
	eachLine(conn, r.got)
}

// eachLine tells got of every reading until the connection ends.
func eachLine(conn net.Conn, got func(number int)) {
	lines := bufio.NewReaderSize(conn, 16<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		if n, ok := numberIn(line, jsonNumber); ok && bytes.HasSuffix(line, []byte("}\r\n")) {
			got(n)
		}
	}
}

// readEvents reads readings from an event stream, as an open page does.
func readEvents(conn net.Conn, r *reader) {
	defer r.end()
	if _, err := io.WriteString(conn, "GET /api/events HTTP/1.1\r\nHost: load\r\n\r\n"); err != nil {
		return
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 16<<10), nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		return
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if n, ok := numberIn(lines.Bytes(), jsonNumber); ok {
			r.got(n)
		}
	}
}

// readRaw reads telegrams until the connection ends. One that differs from
// what was sent does not count.
func readRaw(conn net.Conn, r *reader) {
	defer r.end()
	eachTelegram(conn, func(n int, telegram []byte) {
		if n == 0 || n <= len(r.series.telegrams) && bytes.Equal(telegram, r.series.telegrams[n-1]) {
			r.got(n)
		}
	})
}

// eachTelegram tells got of every telegram with a number until the connection
// ends.
func eachTelegram(conn net.Conn, got func(number int, telegram []byte)) {
	lines := bufio.NewReaderSize(conn, 16<<10)
	var telegram []byte
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		telegram = append(telegram, line...)
		if line[0] != '!' {
			continue
		}
		if n, ok := numberIn(telegram, rawNumber); ok {
			got(n, telegram)
		}
		telegram = telegram[:0]
	}
}

// stall connects and never reads. Its receive buffer is as small as the
// system lets it be.
func stall(ctx context.Context, addr string) (*net.TCPConn, error) {
	conn, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	if err := conn.SetReadBuffer(1); err != nil {
		conn.Close()
		return nil, fmt.Errorf("making a receive buffer small: %w", err)
	}
	return conn, nil
}
