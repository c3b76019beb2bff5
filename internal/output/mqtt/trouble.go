package mqtt

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

// trouble is why there is no connection, as far as it decides what is done
// next.
type trouble uint8

const (
	troubleAway     trouble = iota // not reached, or hung up
	troubleLogin                   // user name or password refused
	troubleRejected                // refused for another reason, or not to be trusted
)

// explain returns what went wrong with an attempt, and what the user can
// do about it.
func explain(err error, address *url.URL, as Broker, config *tls.Config) (trouble, string) {
	switch {
	case errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword), errors.Is(err, packets.ErrorRefusedNotAuthorised):
		if as.Username == "" {
			return troubleLogin, "the MQTT broker wants a login: set mqtt.username and mqtt.password"
		}
		return troubleLogin, fmt.Sprintf("the MQTT broker refuses user name %q: check mqtt.username and mqtt.password, and that the broker knows the user", as.Username)
	case errors.Is(err, packets.ErrorRefusedBadProtocolVersion), errors.Is(err, packets.ErrorRefusedIDRejected):
		return troubleRejected, "the MQTT broker refuses the connection: look into its log; it must speak MQTT 3.1.1"
	case errors.Is(err, packets.ErrorRefusedServerUnavailable):
		return troubleAway, "the MQTT broker says that it is not available: look into its log; trying again"
	}
	if text := untrusted(err, config); text != "" {
		return troubleRejected, text
	}
	if text := refusedTLS(err, address, config); text != "" {
		return troubleRejected, text
	}
	return troubleAway, unreached(err, address) + "; trying again"
}

// untrusted explains why the broker's certificate was not accepted. It returns
// "" when that was not the reason.
func untrusted(err error, config *tls.Config) string {
	const certificate = "the MQTT broker's certificate "
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return certificate + "is for another name than the host in mqtt.url: write a name there that the certificate has, or make a certificate for this one"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		if config.RootCAs != nil {
			return certificate + "is not from the authority in mqtt.ca_file: set mqtt.ca_file to the certificate of the authority that signed it"
		}
		return certificate + "is from an authority that is not trusted: set mqtt.ca_file to the certificate of the authority that signed it"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return certificate + "or its authority's has expired or is not valid yet: renew it at the broker, or set the clock of this machine right"
	}
	if _, ok := errors.AsType[x509.SystemRootsError](err); ok {
		return certificate + "cannot be checked, because this machine has no list of authorities: set mqtt.ca_file to the certificate of the authority that signed it"
	}
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	if unverified || invalid {
		return certificate + "cannot be accepted: make a new one for the broker"
	}
	return ""
}

// The alerts that a broker ends a handshake with (RFC 8446, section 6).
const (
	handshakeFailure       tls.AlertError = 40
	badCertificate         tls.AlertError = 42
	unsupportedCertificate tls.AlertError = 43
	certificateRevoked     tls.AlertError = 44
	certificateExpired     tls.AlertError = 45
	certificateUnknown     tls.AlertError = 46
	unknownCA              tls.AlertError = 48
	accessDenied           tls.AlertError = 49
	decryptError           tls.AlertError = 51
	protocolVersion        tls.AlertError = 70
	insufficientSecurity   tls.AlertError = 71
	unrecognizedName       tls.AlertError = 112
	certificateRequired    tls.AlertError = 116
)

// refusedTLS explains why there was no TLS, other than for the broker's
// certificate. It returns "" when that was not the reason.
func refusedTLS(err error, address *url.URL, config *tls.Config) string {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return fmt.Sprintf("the MQTT broker speaks no TLS at this port: write the port for TLS in mqtt.url (usually %s), or %s:// for a connection without TLS",
			schemes[address.Scheme], plain(address.Scheme))
	}
	remote, ok := errors.AsType[*net.OpError](err)
	if !ok || remote.Op != "remote error" {
		if strings.HasPrefix(network(err).Error(), "tls: ") { // these have no types
			return "there is no TLS that the MQTT broker and this program both speak: the broker must speak TLS 1.2 or later; look into its log"
		}
		return ""
	}
	// The alert's own type is not exported, but its text is the same.
	switch remote.Err.Error() {
	case handshakeFailure.Error(), badCertificate.Error(), certificateRequired.Error():
		if len(config.Certificates) == 0 {
			return "the MQTT broker wants a client certificate: set mqtt.cert_file and mqtt.key_file"
		}
		return clientRefused
	case unsupportedCertificate.Error(), certificateUnknown.Error(), unknownCA.Error(), accessDenied.Error(), decryptError.Error():
		return clientRefused
	case certificateExpired.Error(), certificateRevoked.Error():
		return "the MQTT broker takes the client certificate no more: renew mqtt.cert_file and mqtt.key_file, and start the app again"
	case protocolVersion.Error(), insufficientSecurity.Error():
		return "the MQTT broker has no TLS 1.2 or later: bring it up to date, or allow that in its configuration"
	case unrecognizedName.Error():
		return "the MQTT broker does not know the host name in mqtt.url: write the name that its certificate has"
	}
	return "the MQTT broker refuses the TLS handshake: look into its log"
}

const clientRefused = "the MQTT broker refuses the client certificate: set mqtt.cert_file and mqtt.key_file to one of an authority that the broker trusts"

// plain is the scheme without TLS.
func plain(scheme string) string {
	if scheme == "wss" {
		return "ws"
	}
	return "mqtt"
}

// unreached explains why the broker, or what answers in its place, did not get
// as far as an answer to the login.
func unreached(err error, address *url.URL) string {
	var timeout net.Error
	_, unknown := errors.AsType[*net.DNSError](err)
	_, operation := errors.AsType[*net.OpError](err)
	hungUp := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	switch {
	case unknown:
		return "the MQTT broker cannot be reached: its name is not found; check the host in mqtt.url, or write its IP address"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the MQTT broker cannot be reached: nothing listens there; check that it runs, and host and port in mqtt.url"
	case errors.Is(err, errTimeout), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "the MQTT broker does not answer in time: check host and port in mqtt.url, and that no firewall stands between"
	case operation && !hungUp:
		return "the MQTT broker cannot be reached: check that it runs and that mqtt.url is right"
	}
	switch address.Scheme {
	case "ws":
		return "no MQTT broker answers on this web socket: check port and path in mqtt.url (the path is often /mqtt), and write wss:// if it is the port for TLS"
	case "wss":
		return "no MQTT broker answers on this web socket: check port and path in mqtt.url (the path is often /mqtt); if it wants a client certificate, set mqtt.cert_file and mqtt.key_file"
	case "mqtt", "tcp":
		return "the MQTT broker hangs up before it answers, or is none: check the port in mqtt.url, and write mqtts:// if it is the port for TLS"
	}
	return "the MQTT broker hangs up before it answers, or is none: check the port in mqtt.url, and write mqtt:// if it is the port without TLS; if it wants a client certificate, set mqtt.cert_file and mqtt.key_file"
}

// network drops the words that paho puts before what really happened.
func network(err error) error {
	if both, ok := err.(interface{ Unwrap() []error }); ok {
		if list := both.Unwrap(); len(list) == 2 {
			return list[1]
		}
	}
	return err
}
