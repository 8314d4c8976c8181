// Package smtptest is an SMTP server for tests. It supports TLS from the first
// byte, STARTTLS and log-in, with a certificate of its own authority. At each step
// it calls a hook, in which a test can refuse the mail, wait, or kill the client.
// It keeps the mails in memory.
package smtptest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Security is the encryption of connections.
type Security int

// The kinds of security.
const (
	StartTLS Security = iota // offered; a log-in is allowed after it only
	Implicit                 // TLS from the first byte
	None                     // unencrypted, also the log-in
)

// Step is a step of a transaction.
type Step int

// The steps, in their order. Accepted is after the mail has been counted and
// before the client hears of it.
const (
	Connect Step = iota
	Sender
	Recipient
	Data
	Accepted
)

// Config is the configuration of the server.
type Config struct {
	Security Security
	// Username and Password are required from clients when they are set.
	Username, Password string
	// Hook is called at each step, in the goroutine of the connection, with
	// the known part of the mail. With STARTTLS it is called twice for Connect.
	// An error becomes the answer of the server: see Answer. A mail is counted
	// unless the hook returns an error at a step before Accepted.
	Hook func(Step, Mail) error
}

// Answer returns an error that is sent as an SMTP answer, such as 550.
func Answer(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
}

// Server is a running server.
type Server struct {
	t     testing.TB
	cfg   Config
	cert  tls.Certificate
	ca    *x509.Certificate
	caPEM string

	mu       sync.Mutex
	address  string
	server   *smtp.Server
	listener net.Listener
	done     chan struct{}
	mails    []Mail
	connects int
}

// Start starts a server on a free loopback port and stops it with t.
func Start(t testing.TB, cfg Config) *Server {
	t.Helper()
	s := &Server{t: t, cfg: cfg, address: "127.0.0.1:0"}
	s.makeCertificates()
	s.Resume()
	t.Cleanup(s.Stop)
	return s
}

// Resume starts the server again, on the same port.
func (s *Server) Resume() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), "tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = listener.Addr().String()
	listener = counted{listener, s}
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain = "smtp.test"
	server.ErrorLog = quiet{}
	server.ReadTimeout = time.Minute
	server.AllowInsecureAuth = s.cfg.Security == None
	config := &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS12}
	switch s.cfg.Security {
	case Implicit:
		listener = tls.NewListener(listener, config)
	case StartTLS:
		server.TLSConfig = config
	case None:
	}
	done := make(chan struct{})
	s.server, s.listener, s.done = server, listener, done
	go func() {
		defer close(done)
		_ = server.Serve(listener) // it fails when Stop closes the listener
	}()
}

// quiet drops the log lines of the library about lost clients.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// Stop stops the server and closes all connections. The port refuses connections
// until Resume.
func (s *Server) Stop() {
	s.mu.Lock()
	server, listener, done := s.server, s.listener, s.done
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		_ = server.Close() // an error does not matter to the test
		_ = listener.Close()
		<-done
	}
}

// Host returns the name in the certificate.
func (s *Server) Host() string { return "localhost" }

// Port returns the port of the server. It stays the same after Resume.
func (s *Server) Port() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// CAFile returns a file with the certificate of the authority, for SSL_CERT_FILE.
func (s *Server) CAFile() string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte(s.caPEM), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// TLS returns a client configuration that trusts the server.
func (s *Server) TLS() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.ca)
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// Mails returns all accepted mails, in their order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// To returns the accepted mails to one address.
func (s *Server) To(address string) []Mail {
	return slices.DeleteFunc(s.Mails(), func(m Mail) bool { return !strings.EqualFold(m.To, address) })
}

// counted is a listener that counts connections.
type counted struct {
	net.Listener
	s *Server
}

func (l counted) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.s.mu.Lock()
		l.s.connects++
		l.s.mu.Unlock()
	}
	return conn, err
}

// Connections returns the number of connections so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connects
}

func (s *Server) hook(step Step, m Mail) error {
	if s.cfg.Hook == nil {
		return nil
	}
	return s.cfg.Hook(step, m)
}

var errNoLogin = errors.New("wrong user name or password")
