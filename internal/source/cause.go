package source

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/gorilla/websocket"

	"github.com/smartmeter-addon/smartmeter-addon/internal/broker"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// serialCause returns why a serial device gives nothing.
func serialCause(err error) diagnosis.Cause {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return diagnosis.Missing
	case errors.Is(err, ErrGone), errors.Is(err, syscall.EIO):
		return diagnosis.Gone
	case errors.Is(err, fs.ErrPermission):
		return diagnosis.Permission
	case errors.Is(err, ErrBusy), errors.Is(err, syscall.EBUSY):
		return diagnosis.Busy
	case errors.Is(err, ErrNotSerial), errors.Is(err, syscall.EISDIR):
		return diagnosis.NotSerial
	case errors.Is(err, os.ErrDeadlineExceeded):
		return diagnosis.Silence
	}
	return diagnosis.Fails
}

// advice returns what a person can do about a cause; empty where that is not
// known.
func advice(cause diagnosis.Cause) string {
	if cause == diagnosis.Fails { // the log has its error beside
		return ""
	}
	return cause.Next(meter.English)
}

// sentence ends the advice, so that another sentence can follow.
func sentence(advice string) string {
	if strings.HasSuffix(advice, "?") {
		return advice + " "
	}
	return advice + ". "
}

func serialHelp(err error, mode Mode, ports func() []string) string {
	cause := serialCause(err)
	help := advice(cause)
	switch cause {
	case diagnosis.Missing, diagnosis.NotSerial:
		if list := ports(); len(list) > 0 {
			return sentence(help) + diagnosis.Devices(list)
		}
		return sentence(help) + "No serial device was found"
	case diagnosis.Silence:
		if mode != automatic {
			help += " Is " + mode.String() + " the meter's mode? With auto it is found automatically"
		}
	}
	return help
}

// networkCause returns why a network reader gives nothing.
func networkCause(err error) diagnosis.Cause {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return diagnosis.Name
		}
		return diagnosis.NameServer
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return diagnosis.Address
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return diagnosis.Refused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return diagnosis.Unreachable
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return diagnosis.HungUp
	case errors.As(err, new(silence)):
		return diagnosis.Mute
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return diagnosis.NoAnswer
	}
	return diagnosis.Fails
}

func networkHelp(err error, port string) string {
	cause := networkCause(err)
	help := advice(cause)
	if cause == diagnosis.Mute || cause == diagnosis.HungUp {
		switch port {
		case "80", "443", "8080":
			help += ". Port " + port + " is usually that of a web page: telegrams come on another port, often 23, 2001 or 8088"
		case "1883", "502":
			help += ". Port " + port + " belongs to another service: telegrams come on another port, often 23, 2001 or 8088"
		}
	}
	return help
}

// webCause returns why a HomeWizard or a web socket gives nothing.
func webCause(err error) diagnosis.Cause {
	if answer, ok := errors.AsType[*wrongAnswer](err); ok {
		return answer.cause()
	}
	_, isClosed := errors.AsType[*websocket.CloseError](err)
	_, isPlain := errors.AsType[tls.RecordHeaderError](err)
	_, isUntrusted := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(err, errTooLong):
		return diagnosis.TooLong
	case isUntrusted:
		return diagnosis.Certificate
	case isPlain:
		return diagnosis.NoWebSocket
	case errors.Is(err, context.DeadlineExceeded):
		return diagnosis.NoAnswer
	case isClosed, errors.Is(err, io.ErrUnexpectedEOF):
		return diagnosis.HungUp
	}
	return networkCause(err)
}

func webHelp(err error) string { return advice(webCause(err)) }

func (e *wrongAnswer) cause() diagnosis.Cause {
	switch {
	case e.status == http.StatusUnauthorized, e.status == http.StatusForbidden && e.isWebSocket:
		return diagnosis.LoginRefused
	case e.isWebSocket:
		return diagnosis.NoWebSocket
	case e.status == http.StatusForbidden:
		return diagnosis.APIOff
	case e.status >= http.StatusInternalServerError, e.status == http.StatusTooManyRequests:
		return diagnosis.Mute
	}
	return diagnosis.NotHomeWizard
}

// topicCause returns why a topic gives nothing.
func topicCause(err error) diagnosis.Cause {
	e, isBroker := errors.AsType[*brokerError](err)
	switch {
	case isBroker && e.Trouble == broker.Away:
		return diagnosis.BrokerAway
	case isBroker:
		return diagnosis.BrokerRefuses
	case errors.Is(err, errOld):
		return diagnosis.OldTelegram
	case errors.Is(err, errOther):
		return diagnosis.TopicOther
	case errors.Is(err, errMixed):
		return diagnosis.MixedTelegrams
	case errors.Is(err, errTooLong):
		return diagnosis.TooLong
	case errors.Is(err, os.ErrDeadlineExceeded):
		return diagnosis.TopicSilent
	}
	return diagnosis.Fails
}

// topicHelp returns what a person can do, in the broker's words where it is the
// broker.
func topicHelp(err error) string {
	if e, ok := errors.AsType[*brokerError](err); ok && e.Text != "" {
		return e.Text
	}
	return advice(topicCause(err))
}
