package natsbus_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
)

// secured is a bus with TLS on its port.
type secured struct {
	*testing.T
	cred natsbus.Credentials
	cert natsbus.Certificate
	url  string
	stop func()
}

func secure(t *testing.T, names ...string) *secured {
	t.Helper()
	cred, err := natsbus.LoadOrMakeCredentials(filepath.Join(t.TempDir(), "c.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := &secured{T: t, cred: cred, cert: bustest.Certify(t, t.TempDir(), 1, names...)}
	s.start("127.0.0.1:0")
	return s
}

func (s *secured) start(listen string) {
	s.Helper()
	server, err := natsbus.StartServer(natsbus.ServerConfig{StoreDir: s.TempDir(), Listen: listen, Credentials: s.cred, Certificate: &s.cert}, bustest.Log(s))
	if err != nil {
		s.Fatal(err)
	}
	s.stop = sync.OnceFunc(server.Stop)
	s.Cleanup(s.stop)
	s.url = server.URL()
}

func (s *secured) connect(url string, trust natsbus.Trust) *natsbus.Conn {
	return bustest.Connect(s, natsbus.ConnConfig{Role: natsbus.QueryNode, URL: url, Credentials: s.cred, Trust: trust})
}

// reaches reports whether a connection is established within the time.
func (s *secured) reaches(c *natsbus.Conn, wait time.Duration) bool {
	ctx, cancel := context.WithTimeout(s.Context(), wait)
	defer cancel()
	return c.Connected(ctx) == nil
}

// A role connects only to a bus whose certificate it trusts.
func TestTLSOfTheBus(t *testing.T) {
	s := secure(t, "127.0.0.1")
	other := bustest.Certify(t, t.TempDir(), 2, "127.0.0.1")
	if !strings.HasPrefix(s.url, "tls://127.0.0.1:") {
		t.Fatalf("the bus is at %s", s.url)
	}
	plain := strings.Replace(s.url, "tls://", "nats://", 1)
	for name, c := range map[string]struct {
		url   string
		trust natsbus.Trust
		works bool
	}{
		"its authority":              {s.url, natsbus.Trust{CAFile: s.cert.CertFile}, true},
		"the very certificate":       {s.url, natsbus.Trust{CertFile: s.cert.CertFile}, true},
		"the system's authorities":   {s.url, natsbus.Trust{}, false},
		"another authority":          {s.url, natsbus.Trust{CAFile: other.CertFile}, false},
		"another certificate":        {s.url, natsbus.Trust{CertFile: other.CertFile}, false},
		"another name":               {strings.Replace(s.url, "127.0.0.1", "localhost", 1), natsbus.Trust{CAFile: s.cert.CertFile}, false},
		"the certificate, elsewhere": {strings.Replace(s.url, "127.0.0.1", "localhost", 1), natsbus.Trust{CertFile: s.cert.CertFile}, true},
		"plain text":                 {plain, natsbus.Trust{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wait := 20 * time.Second
			if !c.works {
				wait = time.Second
			}
			if s.reaches(s.connect(c.url, c.trust), wait) != c.works {
				t.Errorf("it works: %v", !c.works)
			}
		})
	}
}

// A renewed certificate is used and trusted without a restart.
func TestRenewedCertificateOfTheBus(t *testing.T) {
	s := secure(t, "127.0.0.1")
	byCA, byCert := s.connect(s.url, natsbus.Trust{CAFile: s.cert.CertFile}), s.connect(s.url, natsbus.Trust{CertFile: s.cert.CertFile})
	for _, c := range []*natsbus.Conn{byCA, byCert} {
		if !s.reaches(c, 20*time.Second) {
			t.Fatal("not connected")
		}
	}
	bustest.Certify(t, filepath.Dir(s.cert.CertFile), 3, "127.0.0.1")
	// A new connection gets the new certificate.
	if !s.reaches(s.connect(s.url, natsbus.Trust{CAFile: s.cert.CertFile}), 20*time.Second) {
		t.Error("the new certificate is not shown")
	}
	s.stop()
	for _, c := range []*natsbus.Conn{byCA, byCert} {
		bustest.Until(t, "the role to notice", func() bool { return c.Healthy() != nil })
	}
	s.start(strings.TrimPrefix(s.url, "tls://"))
	for i, c := range []*natsbus.Conn{byCA, byCert} {
		if !s.reaches(c, 20*time.Second) {
			t.Errorf("role %d does not believe the new certificate", i)
		}
	}
}

// With TLS the network traffic contains no password. Without TLS it does.
func TestPasswordOnTheWire(t *testing.T) {
	for name, tls := range map[string]bool{"TLS": true, "plain": false} {
		t.Run(name, func(t *testing.T) {
			s := secure(t, "127.0.0.1")
			trust := natsbus.Trust{CAFile: s.cert.CertFile}
			if !tls {
				s.stop()
				plain := bustest.StartConfig(t, natsbus.ServerConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:0", Credentials: s.cred})
				s.url, trust = plain.URL(), natsbus.Trust{}
			}
			scheme, address, _ := strings.Cut(s.url, "://")
			w := newWireTo(t, address)
			seen := w.record()
			if !s.reaches(s.connect(scheme+"://"+w.listener.Addr().String(), trust), 20*time.Second) {
				t.Fatal("not connected")
			}
			if got := bytes.Contains(seen(), []byte(s.cred[natsbus.QueryNode])); got == tls || len(seen()) == 0 {
				t.Errorf("the password was seen: %v, in %d bytes", got, len(seen()))
			}
		})
	}
}

// An unusable setting is an error at the start that names its key.
func TestFilesOfTLS(t *testing.T) {
	good, dir := bustest.Certify(t, t.TempDir(), 1, "bus"), t.TempDir()
	other := bustest.Certify(t, t.TempDir(), 2, "bus")
	text, missing := filepath.Join(dir, "text"), filepath.Join(dir, "missing")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]natsbus.Certificate{
		"no file": {CertFile: missing, KeyFile: good.KeyFile}, "no key": {CertFile: good.CertFile, KeyFile: missing},
		"text": {CertFile: text, KeyFile: good.KeyFile}, "another key": {CertFile: good.CertFile, KeyFile: other.KeyFile},
	} {
		_, err := natsbus.StartServer(natsbus.ServerConfig{
			StoreDir: t.TempDir(), Listen: "127.0.0.1:0", Credentials: natsbus.Credentials{natsbus.Mailer: "x"}, Certificate: &c,
		}, bustest.Log(t))
		if err == nil || !strings.Contains(err.Error(), "bus.tls_cert") || !strings.Contains(err.Error(), "bus.tls_key") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		trust natsbus.Trust
		says  string
	}{
		"no authorities":         {natsbus.Trust{CAFile: missing}, "bus.tls_ca"},
		"text for authorities":   {natsbus.Trust{CAFile: text}, "bus.tls_ca"},
		"no certificate":         {natsbus.Trust{CertFile: missing}, "bus.tls_cert"},
		"text for a certificate": {natsbus.Trust{CertFile: text}, "bus.tls_cert"},
	} {
		if _, err := natsbus.Connect(natsbus.ConnConfig{Role: natsbus.Mailer, URL: "tls://127.0.0.1:1", Trust: c.trust}, bustest.Log(t)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
