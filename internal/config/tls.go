package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// BrokerTLS returns the TLS configuration (1.2 or newer) for a connection to a
// broker with TLS (mqtts, wss). With mqtt.ca_file only that authority is
// trusted, otherwise the system's. The files are read with readFile, such as
// os.ReadFile; one that cannot be used is an *Error, named as in the options
// file. Load has tried it, so it fails only if a file has changed.
//
// The caller sets the host that the certificate must name.
func (c Config) BrokerTLS(readFile func(name string) ([]byte, error)) (*tls.Config, error) {
	t, field, mend := c.brokerTLS(readFile)
	if mend != "" {
		l := loader{list: optionsOf(&c)}
		return nil, l.fault(optionAt(l.list, field), mend)
	}
	return t, nil
}

// brokerTLS returns the field of the first file that cannot be used, and what
// to do about it.
func (c *Config) brokerTLS(readFile func(name string) ([]byte, error)) (t *tls.Config, field any, mend string) {
	t = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.MQTT.Insecure}
	if t.RootCAs, mend = authority(readFile, c.MQTT.CAFile); mend != "" {
		return nil, &c.MQTT.CAFile, mend
	}
	if c.MQTT.Insecure && t.RootCAs != nil {
		t.VerifyConnection = issuedBy(t.RootCAs)
	}
	if c.MQTT.CertFile == "" {
		return t, nil, ""
	}
	certificate, mend := content(readFile, c.MQTT.CertFile)
	if mend != "" {
		return nil, &c.MQTT.CertFile, mend
	}
	key, mend := content(readFile, c.MQTT.KeyFile)
	if mend != "" {
		return nil, &c.MQTT.KeyFile, mend
	}
	if !x509.NewCertPool().AppendCertsFromPEM(certificate) {
		return nil, &c.MQTT.CertFile, "there is no certificate in this file; " +
			"give the client certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----"
	}
	if mend := private(key); mend != "" {
		return nil, &c.MQTT.KeyFile, mend
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, &c.MQTT.KeyFile, fmt.Sprintf("this does not match the certificate in %s (%s); "+
			"give the certificate and the key that were made together", quoted(c.MQTT.CertFile), err)
	}
	t.Certificates = []tls.Certificate{pair}
	return t, nil, ""
}

// PostTLS returns the TLS configuration for posting readings; see BrokerTLS.
func (c Config) PostTLS(readFile func(name string) ([]byte, error)) (*tls.Config, error) {
	roots, mend := authority(readFile, c.Post.CAFile)
	if mend != "" {
		l := loader{list: optionsOf(&c)}
		return nil, l.fault(optionAt(l.list, &c.Post.CAFile), mend)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, nil
}

// authority reads the trusted certificates; without a file it returns nil, which
// stands for the system's.
func authority(readFile func(name string) ([]byte, error), file string) (roots *x509.CertPool, mend string) {
	if file == "" {
		return nil, ""
	}
	data, mend := content(readFile, file)
	if mend != "" {
		return nil, mend
	}
	roots = x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, "there is no certificate in this file; " +
			"give the authority's certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----"
	}
	return roots, ""
}

// content reads a file that an option names. The first versions saw Home
// Assistant's folder ssl; a file that was copied from there into the app's own
// folder is found under its former name.
func content(readFile func(name string) ([]byte, error), name string) (data []byte, mend string) {
	data, err := readFile(name)
	if former, ok := strings.CutPrefix(name, "/ssl/"); ok && errors.Is(err, fs.ErrNotExist) {
		data, err = readFile("/config/" + former)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(name, "/ssl/"):
		return nil, "there is no such file. Under Home Assistant this app no longer sees the folder ssl, " +
			"because Home Assistant's own private key lies there: " +
			"copy the file into this app's folder below addon_configs (called app_configs since 2026.5); then this setting works as it is"
	case errors.Is(err, fs.ErrNotExist):
		return nil, "there is no such file; check the path as this program sees it: under Home Assistant " +
			"this app's folder below addon_configs is /config, in a container the file must be mounted"
	case err != nil:
		return nil, fmt.Sprintf("cannot be read (%s); give this program permission to read it", cause(err))
	}
	return data, ""
}

// private checks that a private key needs no password.
func private(data []byte) (mend string) {
	for len(data) > 0 {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return "this key has a password, which cannot be entered here; remove it with: openssl pkey -in KEY -out NEWKEY"
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return ""
		}
	}
	return "there is no private key in this file; give the key in PEM form, which begins with -----BEGIN PRIVATE KEY-----"
}

// issuedBy checks who issued a certificate, but not the name in it.
func issuedBy(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, c := range s.PeerCertificates[1:] {
			between.AddCert(c)
		}
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
		return err
	}
}

// unencrypted reports whether the broker's URL is without TLS. Of an empty one
// only the Supervisor knows.
func (m *MQTT) unencrypted() bool {
	return m.URL != "" && !strings.HasPrefix(m.URL, "mqtts:") && !strings.HasPrefix(m.URL, "wss:")
}
