package source

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// Trouble is what is the matter with a line that is lost.
type Trouble uint8

// The troubles of serial lines, and then those of network readers.
const (
	TroubleUnknown     Trouble = iota // an error that says nothing to people
	TroubleMissing                    // there is no such device
	TroubleGone                       // the device has gone while it was read
	TroublePermission                 // this program may not open the device
	TroubleBusy                       // another program has the device open
	TroubleNotSerial                  // the device is no serial port
	TroubleSilence                    // the device gives not a byte
	TroubleName                       // nobody knows the reader's name
	TroubleNameServer                 // the name server does not answer
	TroubleAddress                    // the address is none
	TroubleRefused                    // nothing listens on the port
	TroubleUnreachable                // no way leads to the reader
	TroubleNoAnswer                   // the reader does not answer
	TroubleHungUp                     // the reader hung up
	TroubleMute                       // the reader is there and gives not a byte
	NumTroubles                       // how many there are
)

var helps = [NumTroubles]string{
	TroubleMissing:    "is the cable plugged in?",
	TroubleGone:       "was the cable pulled? It is opened again as soon as it is back",
	TroublePermission: "this program may not open it: put its user in the device's group (mostly dialout), or hand the device to its container",
	TroubleBusy:       "stop the other program, or let it read from this one's raw socket",
	TroubleNotSerial:  "choose another device",
	TroubleSilence: "is the meter's P1 port open (some grid operators open it on request only)? " +
		"And is the cable one for P1, plugged in at both ends (a meter sends only while the cable keeps its request line, pin 2, up)?",
	TroubleName:        "nobody here knows that name: check its spelling, or give the reader's address in numbers",
	TroubleNameServer:  "the name server does not answer: give the reader's address in numbers",
	TroubleAddress:     "the address must be host:port, with an IPv6 address in brackets",
	TroubleRefused:     "something is at that address, but nothing listens on that port: check the port, and whether the reader is set to serve its data there",
	TroubleUnreachable: "no way leads to that address: check it, and whether the reader is on the network",
	TroubleNoAnswer:    "no answer: check the address, and whether the reader is switched on",
	TroubleHungUp:      "the reader hung up: many serve one program at a time, so see that no other one reads it",
	TroubleMute:        "the reader is there but sends nothing: check its cable to the meter, and whether the meter's P1 port is open",
}

// Help is what a person can do about it; empty where that is not known.
func (t Trouble) Help() string { return helps[t] }

func serialTrouble(err error) Trouble {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return TroubleMissing
	case errors.Is(err, ErrGone), errors.Is(err, syscall.EIO):
		return TroubleGone
	case errors.Is(err, fs.ErrPermission):
		return TroublePermission
	case errors.Is(err, ErrBusy), errors.Is(err, syscall.EBUSY):
		return TroubleBusy
	case errors.Is(err, ErrNotSerial), errors.Is(err, syscall.EISDIR):
		return TroubleNotSerial
	case errors.Is(err, os.ErrDeadlineExceeded):
		return TroubleSilence
	}
	return TroubleUnknown
}

func serialHelp(err error, mode Mode, ports func() []string) string {
	trouble := serialTrouble(err)
	help := trouble.Help()
	switch trouble {
	case TroubleMissing, TroubleNotSerial:
		if list := ports(); len(list) > 0 {
			return help + " Serial devices found: " + strings.Join(list, ", ")
		}
		return help + " No serial device was found"
	case TroubleSilence:
		if mode != automatic {
			help += " And the mode: " + mode.String() + " is set, auto finds it by itself"
		}
	}
	return help
}

func networkTrouble(err error) Trouble {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return TroubleName
		}
		return TroubleNameServer
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return TroubleAddress
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return TroubleRefused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return TroubleUnreachable
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return TroubleHungUp
	case errors.As(err, new(silence)):
		return TroubleMute
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return TroubleNoAnswer
	}
	return TroubleUnknown
}

func networkHelp(err error, port string) string {
	trouble := networkTrouble(err)
	help := trouble.Help()
	if trouble == TroubleMute || trouble == TroubleHungUp {
		switch port {
		case "80", "443", "8080":
			help += "; and the port: " + port + " is one of web pages, telegrams come on another (often 23, 2001 or 8088)"
		case "1883", "502":
			help += "; and the port: " + port + " is not one that telegrams come on (often 23, 2001 or 8088)"
		}
	}
	return help
}
