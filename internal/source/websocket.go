package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"github.com/smartmeter-addon/smartmeter-addon/internal/outgoing"
)

// webSocket returns the line of a sender that gives telegrams, or pieces of
// them, as messages of a web socket.
func webSocket(w Way) Port {
	return Port{
		Name: w.Shown,
		Open: func(ctx context.Context) (Conn, error) {
			conn, status, err := outgoing.DialWebSocket(ctx, w.URL, nil)
			if err != nil {
				return nil, fmt.Errorf("opening a WebSocket at %s: %w", w.URL.Host, dialError(err, status))
			}
			conn.SetReadLimit(maxMessage)
			receive := func(deadline time.Time) ([]byte, error) { return message(conn, deadline) }
			return &messages{receive: receive, closing: conn.Close}, nil
		},
		Help:  webHelp,
		Cause: webCause,
	}
}

// message waits for the next message. The library answers pings meanwhile.
func message(conn *websocket.Conn, deadline time.Time) ([]byte, error) {
	if err := conn.SetReadDeadline(deadline); err != nil {
		return nil, err
	}
	_, m, err := conn.ReadMessage()
	var timeout net.Error
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return nil, errTooLong
	case errors.As(err, &timeout) && timeout.Timeout(): // the library hides which
		return nil, os.ErrDeadlineExceeded
	}
	return m, err
}

// dialError puts the status that a server answered in the place of the
// library's words, which do not say it.
func dialError(err error, status int) error {
	answer, isWrong := errors.AsType[*wrongAnswer](httpError(err))
	switch {
	case status != 0:
		return &wrongAnswer{status: status, isWebSocket: true}
	case isWrong:
		answer.isWebSocket = true
		return answer
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return &wrongAnswer{isWebSocket: true} // what does not understand the request
	}
	return err
}
