// Package smtptest is a real SMTP server for tests: TLS from the first byte or
// by STARTTLS with a certificate of its own authority, log-in, and a hook at
// every step where a test can refuse, wait, or kill the client. It takes mail
// and never passes it on.
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

// Security is how connections are encrypted.
type Security int

// The kinds of security.
const (
	StartTLS Security = iota // offered; a log-in only after it
	Implicit                 // TLS from the first byte
	None                     // plain, log-in included
)

// Step is a moment of a transaction.
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

// Config says what the server is like.
type Config struct {
	Security Security
	// Username and Password are asked for when set.
	Username, Password string
	// Hook is called at each step (Connect at each greeting: twice with
	// STARTTLS), in the connection's goroutine, with what is
	// known of the mail. An error is the server's answer: see Answer. Before
	// Taken a mail that gets an error is not counted.
	Hook func(Step, Mail) error
}

// Answer is an SMTP answer such as 550.
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

// Resume starts the server again, where it was.
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
		_ = server.Serve(listener) // it ends when the test closes it
	}()
}

// quiet drops what the library says of clients that went away.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// Stop ends the server and all its connections: its port refuses.
func (s *Server) Stop() {
	s.mu.Lock()
	server, listener, done := s.server, s.listener, s.done
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		_ = server.Close() // it is over either way
		_ = listener.Close()
		<-done
	}
}

// Host is a name that the certificate is good for.
func (s *Server) Host() string { return "localhost" }

// Port is where the server listens, always the same.
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

// CAFile is the file with the certificate of the server's authority, for
// SSL_CERT_FILE.
func (s *Server) CAFile() string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte(s.caPEM), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// TLS trusts the server.
func (s *Server) TLS() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.ca)
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// Mails are all mails that were taken, in that order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// To are the mails to one address.
func (s *Server) To(address string) []Mail {
	return slices.DeleteFunc(s.Mails(), func(m Mail) bool { return !strings.EqualFold(m.To, address) })
}

// counted counts connections.
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

// Connections counts those that were made.
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
