package controlplane

import (
	"cmp"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ayb-go/ayb/controlplane/front/body"
	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/shared/errs"
)

// Config has the settings of the control plane. DatabaseURL, FernetKey and TokenTTL
// are needed.
type Config struct {
	// Port is the port of the listener. It is part of the default PublicURL.
	Port int
	// PublicURL is the address of the server in links and mails. Empty means
	// http://localhost:PORT. A slash at its end is removed.
	PublicURL string
	// DatabaseURL is the place of the metadata store: sqlite://relative/path,
	// sqlite:///absolute/path or a postgresql:// URL.
	DatabaseURL string
	// FernetKey seals log-in tokens: 32 bytes in URL-safe base64.
	FernetKey string
	// TokenTTL is how long a mailed log-in token is valid; at least a second.
	TokenTTL time.Duration
	// CORSOrigin is "*" or the one origin whose pages may use the API from a
	// browser. Empty means no origin.
	CORSOrigin string
	// RequestBytes limits a request body. Zero means 16 MiB.
	RequestBytes int64
	// StatementTimeout limits the engine time of a query. Zero leaves it to
	// the query node.
	StatementTimeout time.Duration
	// ResultBytes limits an answer that is one document. Zero is no limit.
	ResultBytes int64
	// DatabaseBytes, HeapBytes and QueriesPerDatabase are those of the query
	// nodes. The control plane shows them; the nodes apply them.
	DatabaseBytes      int64
	HeapBytes          int64
	QueriesPerDatabase int
	// DatabasesPerAccount limits the databases of one account. Zero is no
	// limit.
	DatabasesPerAccount int
	// TokensPerAccount limits the API tokens of one account. Zero is no limit.
	TokensPerAccount int
	// QueriesPerAccount limits the queries that run at once on the databases
	// of one account. Zero is no limit.
	QueriesPerAccount int
	// BodyBytes and BodyBytesPerAccount are TotalBytes and BytesPerAccount of
	// body.Config, UploadRate and ImportTimeout its fields of the same name.
	// Connections and ConnectionsPerAddress are those of front.Config.
	BodyBytes, BodyBytesPerAccount, UploadRate int64
	ImportTimeout                              time.Duration
	Connections, ConnectionsPerAddress         int
	// RatePerMinute limits registrations, log-ins, confirmations and exchanges
	// of codes, for each client address and each account. Zero is no limit.
	RatePerMinute int
	// TrustedProxies are the networks of the reverse proxies whose header with
	// the address of a client is believed. Empty means no proxy.
	TrustedProxies []netip.Prefix
	// DeletionGrace is how long a deleted database can be undeleted. Zero means
	// that it is purged at once.
	DeletionGrace time.Duration
	// CacheEntries is the number of tokens, and of databases, in the cache. Zero
	// means 10 000.
	CacheEntries int
}

// Validate returns every fault of the settings, without opening the store.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, errs.E(errs.Invalid, format, args...))
	}
	if _, err := token.NewLogins(c.login(), time.Now); err != nil {
		faults = append(faults, err)
	}
	if c.Port < 0 || c.Port > 65535 {
		fault("The port %d is not between 0 and 65535", c.Port)
	}
	if c.PublicURL != "" && !isWebURL(c.PublicURL) {
		fault("The public URL must look like https://ayb.example.com")
	}
	if o := c.CORSOrigin; o != "" && o != "*" && !isOrigin(o) {
		fault("The CORS origin must be * or look like https://app.example.com")
	}
	if c.DeletionGrace < 0 {
		fault("The time in which a deleted database can be undeleted is %s; it can't be negative", c.DeletionGrace)
	}
	if c.RequestBytes < 0 || c.StatementTimeout < 0 || c.CacheEntries < 0 || c.DatabasesPerAccount < 0 || c.TokensPerAccount < 0 || c.QueriesPerAccount < 0 || c.RatePerMinute < 0 {
		fault("Limits can't be negative")
	}
	return errors.Join(faults...)
}

// limits returns the limits of accounts and databases without limits of their own.
func (c Config) limits() (v limits.Values) {
	v.Set(limits.DatabaseBytes, c.DatabaseBytes)
	v.Set(limits.HeapBytes, c.HeapBytes)
	v.Set(limits.StatementTimeout, c.StatementTimeout.Milliseconds())
	v.Set(limits.ResultBytes, c.ResultBytes)
	v.Set(limits.RequestBytes, cmp.Or(c.RequestBytes, body.DefaultRequestBytes))
	v.Set(limits.QueriesPerDatabase, int64(c.QueriesPerDatabase))
	v.Set(limits.QueriesPerAccount, int64(c.QueriesPerAccount))
	v.Set(limits.DatabasesPerAccount, int64(c.DatabasesPerAccount))
	v.Set(limits.TokensPerAccount, int64(c.TokensPerAccount))
	return v
}

func (c Config) login() token.LoginConfig {
	return token.LoginConfig{Key: c.FernetKey, TTL: c.TokenTTL}
}

func (c Config) publicURL() string {
	if c.PublicURL == "" {
		return "http://localhost:" + strconv.Itoa(c.Port)
	}
	return strings.TrimRight(c.PublicURL, "/")
}

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && s == u.Scheme+"://"+u.Host
}
