package broker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Trouble is why there is no connection, as far as it decides what is done
// next.
type Trouble uint8

// The troubles.
const (
	Away     Trouble = iota // not reached, or hung up
	Refused                 // user name or password are
	Rejected                // refused for another reason, or not to be trusted
)

// Complaint is what goes wrong with an attempt: how to go on, and what a person
// can do about it.
type Complaint struct {
	Trouble
	Text string
}

// The complaints.
var (
	noLogin      = Complaint{Refused, "the MQTT broker wants a login: set mqtt.username and mqtt.password"}
	wrongLogin   = Complaint{Refused, "the MQTT broker refuses user name %q: check mqtt.username and mqtt.password, and that the broker knows the user"}
	notAvailable = Complaint{Away, "the MQTT broker says that it is not available: look into its log; trying again"}
	notAccepted  = Complaint{Rejected, "the MQTT broker refuses the connection: look into its log; it must speak MQTT 3.1.1"}

	otherName      = Complaint{Rejected, "the MQTT broker's certificate is for another name than the host in mqtt.url: write a name there that the certificate has, or make a certificate for this one"}
	otherAuthority = Complaint{Rejected, "the MQTT broker's certificate is not from the authority in mqtt.ca_file: set mqtt.ca_file to the certificate of the authority that signed it"}
	noAuthority    = Complaint{Rejected, "the MQTT broker's certificate is from an authority that is not trusted: set mqtt.ca_file to the certificate of the authority that signed it"}
	noRoots        = Complaint{Rejected, "the MQTT broker's certificate cannot be checked, because this machine has no list of authorities: set mqtt.ca_file to the certificate of the authority that signed it"}
	expired        = Complaint{Rejected, "the MQTT broker's certificate or its authority's has expired or is not valid yet: renew it at the broker, or set the clock of this machine right"}
	badBroker      = Complaint{Rejected, "the MQTT broker's certificate cannot be accepted: make a new one for the broker"}

	noTLS         = Complaint{Rejected, "the MQTT broker does not speak TLS at this port: write the port for TLS in mqtt.url (usually %s), or %s:// for a connection without TLS"}
	otherTLS      = Complaint{Rejected, "there is no TLS that the MQTT broker and this program both speak: the broker must speak TLS 1.2 or later; look into its log"}
	oldTLS        = Complaint{Rejected, "the MQTT broker has no TLS 1.2 or later: bring it up to date, or allow that in its configuration"}
	wantsClient   = Complaint{Rejected, "the MQTT broker wants a client certificate: set mqtt.cert_file and mqtt.key_file"}
	refusesClient = Complaint{Rejected, "the MQTT broker refuses the client certificate: set mqtt.cert_file and mqtt.key_file to one of an authority that the broker trusts"}
	expiredClient = Complaint{Rejected, "the MQTT broker no longer accepts the client certificate: renew mqtt.cert_file and mqtt.key_file, and start the app again"}
	unknownHost   = Complaint{Rejected, "the MQTT broker does not know the host name in mqtt.url: write the name that its certificate has"}
	refusesTLS    = Complaint{Rejected, "the MQTT broker refuses the TLS handshake: look into its log"}

	unknownName = Complaint{Away, "the MQTT broker cannot be reached: its name is not found; check the host in mqtt.url, or write its IP address; trying again"}
	nobody      = Complaint{Away, "the MQTT broker cannot be reached: nothing listens there; check that it runs, and host and port in mqtt.url; trying again"}
	noAnswer    = Complaint{Away, "the MQTT broker does not answer in time: check host and port in mqtt.url, and that no firewall is in between; trying again"}
	unreachable = Complaint{Away, "the MQTT broker cannot be reached: check that it runs and that mqtt.url is right; trying again"}
	noWS        = Complaint{Away, "no MQTT broker answers on this web socket: check port and path in mqtt.url (the path is often /mqtt), and write wss:// if it is the port for TLS; trying again"}
	noWSS       = Complaint{Away, "no MQTT broker answers on this web socket: check port and path in mqtt.url (the path is often /mqtt); if it wants a client certificate, set mqtt.cert_file and mqtt.key_file; trying again"}
	hungUp      = Complaint{Away, "the MQTT broker closes the connection before it answers, or is not an MQTT broker: check the port in mqtt.url, and write mqtts:// if it is the port for TLS; trying again"}
	hungUpTLS   = Complaint{Away, "the MQTT broker closes the connection before it answers, or is not an MQTT broker: check the port in mqtt.url, and write mqtt:// if it is the port without TLS; if it wants a client certificate, set mqtt.cert_file and mqtt.key_file; trying again"}
)

func (c Complaint) about(args ...any) Complaint {
	return Complaint{c.Trouble, fmt.Sprintf(c.Text, args...)}
}

// ComplaintOf returns what went wrong with an attempt; config is not nil.
func ComplaintOf(err error, address *url.URL, as Login, config *tls.Config) Complaint {
	switch {
	case errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword), errors.Is(err, packets.ErrorRefusedNotAuthorised):
		if as.Username == "" {
			return noLogin
		}
		return wrongLogin.about(as.Username)
	case errors.Is(err, packets.ErrorRefusedBadProtocolVersion), errors.Is(err, packets.ErrorRefusedIDRejected):
		return notAccepted
	case errors.Is(err, packets.ErrorRefusedServerUnavailable):
		return notAvailable
	}
	if c, ok := untrusted(err, config); ok {
		return c
	}
	if c, ok := refusedTLS(err, address, config); ok {
		return c
	}
	return unreached(err, address)
}

// untrusted returns why the broker's certificate was not accepted; false when
// that was not the reason.
func untrusted(err error, config *tls.Config) (Complaint, bool) {
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case is[x509.HostnameError](err):
		return otherName, true
	case is[x509.UnknownAuthorityError](err) && config.RootCAs != nil:
		return otherAuthority, true
	case is[x509.UnknownAuthorityError](err):
		return noAuthority, true
	case isInvalid && invalid.Reason == x509.Expired:
		return expired, true
	case is[x509.SystemRootsError](err):
		return noRoots, true
	}
	return badBroker, isInvalid || is[*tls.CertificateVerificationError](err)
}

// is reports whether the error is of that type, or wraps one.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// alerts are what a broker means that ends a handshake with one (RFC 8446,
// section 6), by the alert's text: its type is not exported.
var alerts = func() map[string]Complaint {
	list := make(map[string]Complaint)
	for c, numbers := range map[Complaint][]tls.AlertError{
		wantsClient:   {40, 42, 116},        // handshake_failure, bad_certificate, certificate_required
		refusesClient: {43, 46, 48, 49, 51}, // unsupported_certificate, certificate_unknown, unknown_ca, access_denied, decrypt_error
		expiredClient: {44, 45},             // certificate_revoked, certificate_expired
		oldTLS:        {70, 71},             // protocol_version, insufficient_security
		unknownHost:   {112},                // unrecognized_name
	} {
		for _, n := range numbers {
			list[n.Error()] = c
		}
	}
	return list
}()

// refusedTLS returns why there was no TLS, other than for the broker's
// certificate; false when that was not the reason.
func refusedTLS(err error, address *url.URL, config *tls.Config) (Complaint, bool) {
	if is[tls.RecordHeaderError](err) {
		return noTLS.about(schemes[address.Scheme], plain(address.Scheme)), true
	}
	remote, ok := errors.AsType[*net.OpError](err)
	if !ok || remote.Op != "remote error" {
		return otherTLS, strings.HasPrefix(Network(err).Error(), "tls: ") // these have no types
	}
	c, ok := alerts[remote.Err.Error()]
	switch {
	case !ok:
		return refusesTLS, true
	case c == wantsClient && len(config.Certificates) > 0:
		return refusesClient, true
	}
	return c, true
}

// plain returns the scheme without TLS.
func plain(scheme string) string {
	if scheme == "wss" {
		return "ws"
	}
	return "mqtt"
}

// unreached returns why the broker, or what answers in its place, did not get
// as far as an answer to the login.
func unreached(err error, address *url.URL) Complaint {
	var timeout net.Error
	isHungUp := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	switch {
	case is[*net.DNSError](err):
		return unknownName
	case errors.Is(err, syscall.ECONNREFUSED):
		return nobody
	case errors.Is(err, ErrTimeout), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return noAnswer
	case is[*net.OpError](err) && !isHungUp:
		return unreachable
	}
	switch address.Scheme {
	case "ws":
		return noWS
	case "wss":
		return noWSS
	case "mqtt", "tcp":
		return hungUp
	}
	return hungUpTLS
}

// Network drops the words that paho puts before what really happened.
func Network(err error) error {
	if both, ok := err.(interface{ Unwrap() []error }); ok {
		if list := both.Unwrap(); len(list) == 2 {
			return list[1]
		}
	}
	return err
}
