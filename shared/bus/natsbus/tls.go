package natsbus

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
)

// Certificate is the certificate of an embedded server, as files in PEM form. They
// are read again for each connection, so a new certificate needs no restart.
type Certificate struct{ CertFile, KeyFile string }

// config checks the files and returns the configuration of the server.
func (c Certificate) config() (*tls.Config, error) {
	if _, err := c.load(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: c.load}, nil
}

func (c Certificate) load(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("bus.tls_cert %s and bus.tls_key %s cannot be used: %w", c.CertFile, c.KeyFile, err)
	}
	return &pair, nil
}

// Trust says which certificate of the bus a role accepts with TLS. The zero value
// accepts one for the host of the URL that the system trusts.
type Trust struct {
	// CAFile contains the authorities to trust instead of the system's, in PEM form.
	CAFile string
	// CertFile is the certificate of the bus itself, in PEM form, for processes on
	// its machine. Names and authorities are then ignored.
	CertFile string
}

// options returns the options of the bus library. The files are read again for each
// connection.
func (t Trust) options(urls string) ([]nats.Option, error) {
	if !strings.Contains(urls, "tls://") {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	opts := []nats.Option{nats.Secure(config)}
	switch {
	case t.CertFile != "":
		if _, err := leaf(t.CertFile); err != nil {
			return nil, err
		}
		config.InsecureSkipVerify = true //nolint:gosec // the certificate itself is compared, which is stricter
		config.VerifyConnection = t.compare
	case t.CAFile != "":
		if err := authorities(t.CAFile); err != nil {
			return nil, err
		}
		opts = append(opts, nats.RootCAs(t.CAFile))
	}
	return opts, nil
}

// compare accepts only the certificate in the file.
func (t Trust) compare(s tls.ConnectionState) error {
	want, err := leaf(t.CertFile)
	if err != nil {
		return err
	}
	if len(s.PeerCertificates) == 0 || !bytes.Equal(s.PeerCertificates[0].Raw, want) {
		return fmt.Errorf("the certificate of the bus differs from bus.tls_cert %s", t.CertFile)
	}
	return nil
}

// leaf reads the first certificate of a file.
func leaf(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read bus.tls_cert: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("bus.tls_cert %s does not begin with a certificate in PEM form", file)
	}
	return block.Bytes, nil
}

func authorities(file string) error {
	text, err := os.ReadFile(file)
	if err == nil && !x509.NewCertPool().AppendCertsFromPEM(text) {
		err = errors.New("it holds no certificate in PEM form")
	}
	if err != nil {
		return fmt.Errorf("bus.tls_ca %s cannot be used: %w", file, err)
	}
	return nil
}
