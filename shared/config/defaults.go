package config

import (
	"net"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Default returns the default of every key. The Fernet key and the delivery of
// mail have no default.
func Default() Server {
	s := baseDefaults()
	s.fillDerived()
	return s
}

func baseDefaults() Server {
	return Server{
		Host:           "0.0.0.0",
		Port:           5433,
		DataPath:       "./ayb_data",
		Authentication: Authentication{TokenExpirationSeconds: 3600},
		CORS:           CORS{Origin: "*"},
		Retention:      Retention{DeletionGrace: 7 * 24 * time.Hour},
		Bus:            Bus{StoreBytes: 1 << 30},
		QueryNode:      QueryNode{MaxDaemons: 500, IdleTimeout: 5 * time.Minute, Readers: 8},
		Isolation:      Isolation{Cgroup: "auto"},
		Limits: Limits{
			DatabaseBytes:       1 << 30,
			HeapBytes:           64 << 20,
			StatementTimeout:    30 * time.Second,
			RequestBytes:        16 << 20,
			QueriesPerDatabase:  8,
			QueriesPerAccount:   256,
			DatabasesPerAccount: 1000,
			TokensPerAccount:    1000,
			RatePerMinute:       10,

			UploadRate:            1 << 10,
			ImportTimeout:         time.Hour,
			ConnectionsPerAddress: 500,
		},
	}
}

// minBodyBytes is the least default of Limits.BodyBytes.
const minBodyBytes Bytes = 128 << 20

// enableSections creates the optional sections that a source mentions, with the
// defaults of their keys.
func (s *Server) enableSections(mentioned func(section string) bool) {
	if mentioned("email.smtp") {
		s.Email.SMTP = &SMTP{Port: 465}
	}
	if mentioned("email.file") {
		s.Email.File = &MailFile{}
	}
	if mentioned("web") {
		s.Web = &Web{HostingMethod: "Local"}
	}
	if mentioned("snapshots") {
		s.Snapshots = &Snapshots{SqliteMethod: "Vacuum", Region: "us-east-1"}
	}
	if mentioned("snapshots.automation") {
		s.Snapshots.Automation = &Automation{}
	}
}

// fillDerived fills the keys whose defaults depend on other keys, and removes
// the slash at the end of the public URL.
func (s *Server) fillDerived() {
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	if s.PublicURL == "" && s.Port > 0 {
		s.PublicURL = localURL(s.Port)
	}
	if s.DatabaseURL == "" && s.DataPath != "" {
		s.DatabaseURL = "sqlite://" + path.Join(filepath.ToSlash(s.DataPath), "ayb.sqlite")
	}
	if s.Bus.StoreDir == "" && s.DataPath != "" {
		s.Bus.StoreDir = filepath.Join(s.DataPath, "bus")
	}
	if s.Limits.BodyBytes == 0 {
		s.Limits.BodyBytes = max(minBodyBytes, 8*s.Limits.RequestBytes)
	}
	if s.Limits.BodyBytesPerAccount == 0 {
		s.Limits.BodyBytesPerAccount = s.Limits.BodyBytes / 2
	}
	if smtp := s.Email.SMTP; smtp != nil && smtp.ReplyTo == "" {
		smtp.ReplyTo = smtp.From
	}
}

func localURL(port int) string { return "http://localhost:" + strconv.Itoa(port) }

// PublicBase returns PublicURL. For a server on any free port without a public
// URL it returns the local address with the port in use.
func (s Server) PublicBase(port int) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	return localURL(port)
}

// Address returns the address of the bus for a process without an embedded bus:
// URL, else the address on which the embedded bus listens, as seen from the same
// machine. Empty when both are unset.
func (b Bus) Address() string {
	if b.URL != "" || b.Listen == "" {
		return b.URL
	}
	host, port, err := net.SplitHostPort(b.Listen)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "nats://"
	if b.TLSCert != "" {
		scheme = "tls://"
	}
	return scheme + net.JoinHostPort(host, port)
}
