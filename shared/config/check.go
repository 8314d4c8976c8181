package config

import (
	"encoding/base64"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// check checks a configuration and collects the faults, at most one for a key.
type check struct {
	s *Server
	f *faults
}

func (c check) checkAll(n needs) {
	c.web()
	c.stores()
	c.authentication(n)
	c.email(n)
	c.snapshots()
	grace := c.s.Retention.DeletionGrace
	c.require("retention.deletion_grace", grace >= 0 && grace <= tenYears*time.Second, "must be a duration from \"0s\" to ten years")
	c.bus(n)
	c.node()
	c.limits()
}

func (c check) web() {
	s := c.s
	c.notEmpty("host", s.Host)
	c.inRange("port", s.Port, 0, 65535)
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		c.require("public_url", err == nil && isWebURL(u) && u.RawQuery == "" && u.Fragment == "" && u.User == nil,
			"must be an http:// or https:// address without query and fragment, such as https://ayb.example.org")
	}
	if o := s.CORS.Origin; o != "*" {
		u, err := url.Parse(o)
		c.require("cors.origin", err == nil && isWebURL(u) && o == u.Scheme+"://"+u.Host,
			"must be * or one origin without a path, such as https://app.example.org")
	}
	if s.Web != nil {
		c.require("web.hosting_method", s.Web.HostingMethod == "Local", "must be \"Local\", the only method there is")
	}
}

func isWebURL(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

func (c check) stores() {
	c.notEmpty("data_path", c.s.DataPath)
	u := c.s.DatabaseURL
	if !strings.HasPrefix(u, "sqlite") && !strings.HasPrefix(u, "postgres") {
		if c.f.hasNone("database_url") && u != "" {
			c.f.add("database_url", "database_url: Database type for URL is not supported (currently only SQLite and PostgreSQL)")
		}
		return
	}
	_, rest, ok := strings.Cut(u, "://")
	c.require("database_url", ok && rest != "",
		"must look like sqlite://RELATIVE/PATH, sqlite:///ABSOLUTE/PATH or postgresql://USER:PASSWORD@HOST:5432/NAME")
}

// tenYears in seconds bounds lifetimes, so that no sum of times overflows.
const tenYears = 10 * 365 * 24 * 3600

func (c check) authentication(n needs) {
	a := c.s.Authentication
	if n.tokens && a.FernetKey == "" {
		c.require("authentication.fernet_key", false, "is required; \"ayb default_server_config\" prints a fresh one")
	}
	if a.FernetKey != "" { // a bad key must stop the start, not the first registration
		key, err := base64.URLEncoding.Strict().DecodeString(a.FernetKey)
		c.require("authentication.fernet_key", err == nil && len(key) == 32,
			"must be URL-safe base64 of 32 bytes, 44 characters that end in =; \"ayb default_server_config\" prints a fresh one")
	}
	c.inRange("authentication.token_expiration_seconds", a.TokenExpirationSeconds, 1, tenYears)
}

func (c check) email(n needs) {
	e := c.s.Email
	if n.mail && e.SMTP == nil && e.File == nil && c.f.hasNone("email") && c.f.hasNone("email.smtp") && c.f.hasNone("email.file") {
		c.f.add("email", "At least one email backend is needed: add a section [email.file] or [email.smtp]")
	}
	if e.File != nil {
		c.notEmpty("email.file.path", e.File.Path)
	}
	if e.SMTP == nil {
		return
	}
	c.mailbox("email.smtp.from", e.SMTP.From)
	if e.SMTP.ReplyTo != e.SMTP.From {
		c.mailbox("email.smtp.reply_to", e.SMTP.ReplyTo)
	}
	c.notEmpty("email.smtp.smtp_host", e.SMTP.Host)
	c.inRange("email.smtp.smtp_port", e.SMTP.Port, 1, 65535)
}

func (c check) mailbox(key, text string) {
	_, err := mail.ParseAddress(text)
	c.require(key, err == nil, "must be a mailbox such as \"Name <name@example.org>\"")
}

func (c check) snapshots() {
	s := c.s.Snapshots
	if s == nil {
		return
	}
	c.require("snapshots.sqlite_method", s.SqliteMethod == "Vacuum", "must be \"Vacuum\", the only method there is")
	c.notEmpty("snapshots.access_key_id", s.AccessKeyID)
	c.notEmpty("snapshots.secret_access_key", s.SecretAccessKey)
	c.notEmpty("snapshots.bucket", s.Bucket)
	c.require("snapshots.bucket", bucketName.MatchString(s.Bucket) && !strings.Contains(s.Bucket, ".."),
		"must be the name of a bucket: 3 to 63 letters, digits, ., - and _, such as ayb-snapshots")
	c.keyPrefix("snapshots.path_prefix", s.PathPrefix)
	c.notEmpty("snapshots.region", s.Region)
	c.require("snapshots.region", regionName.MatchString(s.Region), "must be the name of a region, such as us-east-1")
	if s.EndpointURL != "" {
		u, err := url.Parse(s.EndpointURL)
		c.require("snapshots.endpoint_url", err == nil && isWebURL(u), "must be an http:// or https:// address")
	}
	if s.Automation != nil {
		c.positive("snapshots.automation.interval", s.Automation.Interval)
		// With 0 each new snapshot would be deleted at once.
		c.inRange("snapshots.automation.max_snapshots", s.Automation.MaxSnapshots, 1, 65535)
	}
}

// The names that become parts of URLs and of object keys.
var (
	bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$`)
	regionName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
)

// maxPrefix leaves room for the rest of an object key. maxPrefixPart is the limit
// of object stores that keep files.
const (
	maxPrefix     = 600
	maxPrefixPart = 255
)

// keyPrefix checks the prefix of object keys. An object store that keeps files
// treats the parts . and .. as directories and stores the object under another
// key. Empty parts are allowed; they are dropped when keys are made.
func (c check) keyPrefix(key, prefix string) {
	prefix = strings.TrimSpace(prefix)
	c.require(key, len(prefix) <= maxPrefix, fmt.Sprintf("must have at most %d bytes", maxPrefix))
	c.require(key, utf8.ValidString(prefix) && !strings.ContainsFunc(prefix, unicode.IsControl) && !strings.Contains(prefix, `\`),
		`must be text without control characters and \; parts are separated by /`)
	for part := range strings.SplitSeq(prefix, "/") {
		c.require(key, part != ".sgwtmp", "must not have .sgwtmp as a part: a common object store hides the objects below it")
		c.require(key, part != "." && part != "..", "must not have . or .. as a part: object stores that keep files treat them as directories")
		c.require(key, len(part) <= maxPrefixPart, fmt.Sprintf("must have parts of at most %d bytes", maxPrefixPart))
		c.require(key, part == strings.TrimSpace(part), "must not have parts that begin or end with a blank")
	}
}

// require adds a fault unless ok. The phrase follows the name of the key.
func (c check) require(key string, ok bool, phrase string) {
	if !ok && c.f.hasNone(key) {
		c.f.add(key, "%s %s", key, phrase)
	}
}

func (c check) notEmpty(key, value string) {
	c.require(key, strings.TrimSpace(value) != "", "is required and must not be empty")
}

func (c check) inRange(key string, value, low, high int) {
	if (value < low || value > high) && c.f.hasNone(key) {
		c.f.add(key, "%s must be between %d and %d, not %d", key, low, high, value)
	}
}

func (c check) positive(key string, value time.Duration) {
	c.require(key, value > 0, "is required and must be a duration above zero, such as \"10m\"")
}
