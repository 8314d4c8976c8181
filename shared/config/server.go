package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Server is a complete configuration. Load gives one that has been checked;
// every value in it is usable. It is a plain value: copy it freely, and treat
// what its pointers lead to as read-only.
type Server struct {
	// Host is the address or name the HTTP server listens on. Default 0.0.0.0.
	Host string `koanf:"host"`
	// Port is the HTTP server's port, 0 to 65535; 0 takes any free one.
	// Default 5433.
	Port int `koanf:"port"`
	// PublicURL is how the outside reaches this server, without a trailing
	// slash; it stands in the links of mails. Default http://localhost:PORT,
	// and empty when Port is 0: see PublicBase.
	PublicURL string `koanf:"public_url"`
	// DatabaseURL names the metadata store: sqlite://RELATIVE/PATH,
	// sqlite:///ABSOLUTE/PATH or postgresql://USER:PASSWORD@HOST/NAME.
	// Default: ayb.sqlite inside DataPath.
	DatabaseURL string `koanf:"database_url" secret:"url"`
	// DataPath is the directory of hosted databases and of everything else a
	// server keeps. Default ./ayb_data.
	DataPath string `koanf:"data_path"`

	Authentication Authentication `koanf:"authentication"`
	Email          Email          `koanf:"email"`
	CORS           CORS           `koanf:"cors"`
	// Web is nil when web pages are off, which is the default.
	Web *Web `koanf:"web"`
	// Snapshots is nil when snapshots are off, which is the default.
	Snapshots *Snapshots `koanf:"snapshots"`
	Retention Retention  `koanf:"retention"`

	Bus       Bus       `koanf:"bus"`
	QueryNode QueryNode `koanf:"querynode"`
	Isolation Isolation `koanf:"isolation"`
	Limits    Limits    `koanf:"limits"`
	Debug     Debug     `koanf:"debug"`
}

// Authentication concerns the tokens that are sent by mail.
type Authentication struct {
	// FernetKey encrypts those tokens: URL-safe base64 of 32 bytes, 44
	// characters. Required by the control plane.
	FernetKey string `koanf:"fernet_key" secret:"all"`
	// TokenExpirationSeconds is how long such a token is good for, 1 second to
	// ten years. API tokens are another matter. Default 3600.
	TokenExpirationSeconds int `koanf:"token_expiration_seconds"`
}

// TokenTTL is TokenExpirationSeconds as a duration.
func (a Authentication) TokenTTL() time.Duration {
	return time.Duration(a.TokenExpirationSeconds) * time.Second
}

// Email says how mail leaves. At least one of the two is set where the mailer
// runs; with both, each mail goes both ways.
type Email struct {
	// SMTP is nil when no relay is used.
	SMTP *SMTP `koanf:"smtp"`
	// File is nil when mail is not written to a file.
	File *MailFile `koanf:"file"`
}

// SMTP is the relay that takes mail.
type SMTP struct {
	// From and ReplyTo are mailboxes such as `Name <a@b.example>`. From is
	// required; ReplyTo is From by default.
	From    string `koanf:"from"`
	ReplyTo string `koanf:"reply_to"`
	// Host is the relay's name or address. Required.
	Host string `koanf:"smtp_host"`
	// Port is 1 to 65535. 465 speaks TLS from the first byte, any other port
	// STARTTLS. Default 465.
	Port int `koanf:"smtp_port"`
	// Username and Password log in to the relay; without a user name nobody
	// logs in.
	Username string `koanf:"smtp_username"`
	Password string `koanf:"smtp_password" secret:"all"`
}

// MailFile is a file that mail is appended to, one JSON object a line.
type MailFile struct {
	// Path is required; missing directories are made.
	Path string `koanf:"path"`
}

// CORS says which web pages of others may call the API.
type CORS struct {
	// Origin is `*` or one origin such as https://app.example.org. Default *.
	Origin string `koanf:"origin"`
}

// Web switches the web pages on.
type Web struct {
	// HostingMethod is Local, the only method there is, and the default.
	HostingMethod string `koanf:"hosting_method"`
}

// Snapshots says where snapshots are kept.
type Snapshots struct {
	// SqliteMethod is how a copy is made: Vacuum, the only way there is, and
	// the default.
	SqliteMethod string `koanf:"sqlite_method"`
	// AccessKeyID, SecretAccessKey and Bucket are required; the bucket exists.
	AccessKeyID     string `koanf:"access_key_id"`
	SecretAccessKey string `koanf:"secret_access_key" secret:"all"`
	Bucket          string `koanf:"bucket"`
	// PathPrefix stands before the keys of all objects; its parts are separated
	// by one or more / and are not . or .. Default: empty.
	PathPrefix string `koanf:"path_prefix"`
	// EndpointURL is an S3-compatible store; empty, the default, is AWS.
	EndpointURL string `koanf:"endpoint_url"`
	// Region is us-east-1 by default.
	Region string `koanf:"region"`
	// ForcePathStyle puts the bucket into the path and not into the host name.
	ForcePathStyle bool `koanf:"force_path_style"`
	// Automation is nil when snapshots are taken by hand only.
	Automation *Automation `koanf:"automation"`
}

// Automation is the schedule of snapshots. Both keys are required.
type Automation struct {
	// Interval is the time between two rounds, above zero.
	Interval time.Duration `koanf:"interval"`
	// MaxSnapshots is how many are kept of a database, 1 to 65535.
	MaxSnapshots int `koanf:"max_snapshots"`
}

// Retention says how long things are kept.
type Retention struct {
	// DeletionGrace is how long a deleted database can be had back, up to ten
	// years; 0s is not at all. Default 168h.
	DeletionGrace time.Duration `koanf:"deletion_grace"`
}

// Bus is how the processes of a server reach one another.
type Bus struct {
	// URL names an external bus: one or more of nats://HOST:PORT and tls://…
	// with commas between. Passwords go to other machines by tls:// only.
	// Empty, the default: the control plane embeds it.
	URL string `koanf:"url" secret:"url"`
	// Listen is HOST:PORT on which the embedded bus takes roles that run as
	// processes of their own. Empty, the default: no port is opened.
	Listen string `koanf:"listen"`
	// StoreDir holds the queues of the embedded bus. Default: bus in DataPath.
	StoreDir string `koanf:"store_dir"`
	// StoreBytes is how much the queues of the embedded bus may take on disk,
	// whatever is free when it starts. Default 1 GiB.
	StoreBytes Bytes `koanf:"store_bytes"`
	// Credentials is a file with the bus credentials of this process; needed
	// when Listen can be reached from other machines. Empty by default.
	Credentials string `koanf:"credentials"`
	// TLSCert and TLSKey are files in PEM form with the certificate of the
	// embedded bus and its key: with them Listen takes TLS only. Needed when
	// Listen can be reached from other machines. Empty by default.
	TLSCert string `koanf:"tls_cert"`
	TLSKey  string `koanf:"tls_key"`
	// TLSCA is a file in PEM form with the authorities that a bus at URL is
	// believed by, instead of the system's. Empty by default.
	TLSCA string `koanf:"tls_ca"`
}

// QueryNode is about the role that runs queries.
type QueryNode struct {
	// ID names the node: letters, digits, - and _. Empty, the default: made
	// once and kept in DataPath.
	ID string `koanf:"id"`
	// MaxDaemons is how many database processes live at once. Default 500; fewer
	// where the process may not have as many descriptors open as that needs.
	MaxDaemons int `koanf:"max_daemons"`
	// IdleTimeout ends a daemon that nobody has asked for so long. Default 5m.
	IdleTimeout time.Duration `koanf:"idle_timeout"`
	// Readers is how many statements of one database read at once, 1 to 64,
	// and never more than Limits.QueriesPerDatabase. Default 8.
	Readers int `koanf:"readers"`
}

// Isolation is about the sandbox of database processes.
type Isolation struct {
	// Require refuses to start where the sandbox cannot be enforced in full.
	// Default false: warn and go on.
	Require bool `koanf:"require"`
	// Cgroup is where database processes get control groups: auto, the
	// default, is below the server's own group if that allows it; else the
	// path of an existing group, such as /ayb, which must then be usable.
	Cgroup string `koanf:"cgroup"`
}

// Limits bounds what one tenant can use up.
type Limits struct {
	// DatabaseBytes is how large one database may grow. Default 1 GiB.
	DatabaseBytes Bytes `koanf:"database_bytes"`
	// HeapBytes is the memory of the engine per database. Default 64 MiB.
	HeapBytes Bytes `koanf:"heap_bytes"`
	// StatementTimeout ends a request that computes for so long. Default 30s.
	StatementTimeout time.Duration `koanf:"statement_timeout"`
	// ResultBytes bounds results asked for as one document in memory; streams
	// are not bound by it. Default 0: unlimited.
	ResultBytes Bytes `koanf:"result_bytes"`
	// RequestBytes bounds the body of a request. Default 16 MiB.
	RequestBytes Bytes `koanf:"request_bytes"`
	// QueriesPerDatabase is how many queries of one database run at once;
	// more wait their turn. Default 8.
	QueriesPerDatabase int `koanf:"queries_per_database"`
	// QueriesPerAccount is how many queries on one account's databases are
	// taken at once. Default 256, 0 is unlimited.
	QueriesPerAccount int `koanf:"queries_per_account"`
	// DatabasesPerAccount is how many databases one account may own.
	// Default 1000, 0 is unlimited.
	DatabasesPerAccount int `koanf:"databases_per_account"`
	// TokensPerAccount is how many API tokens one account may have; a log-in
	// ends the one of its log-ins that was not used for longest. Default 1000,
	// 0 is unlimited.
	TokensPerAccount int `koanf:"tokens_per_account"`
	// RatePerMinute is how many registrations, log-ins, confirmations and
	// tokens may be asked for in a minute, counted for each client address and
	// for each account. Default 10, 0 is unlimited.
	// Three times as many may come at once.
	RatePerMinute int `koanf:"rate_per_minute"`
	// BodyBytes bounds the memory that the bodies of all requests take at once,
	// counted as they come, unpacked. Default: 128 MiB, or eight times
	// RequestBytes if that is more.
	BodyBytes Bytes `koanf:"body_bytes"`
	// BodyBytesPerAccount is how much of BodyBytes one account may take. Default:
	// half of it.
	BodyBytesPerAccount Bytes `koanf:"body_bytes_per_account"`
	// UploadRate is how many bytes a second the body of a request comes at, at
	// least, imports included; what comes more slowly is given up. Default 1 KiB,
	// 0 is any rate.
	UploadRate Bytes `koanf:"upload_rate"`
	// ImportTimeout is how long the data of an import may take to come. Default
	// 1h, 0s is unlimited.
	ImportTimeout time.Duration `koanf:"import_timeout"`
	// Connections is how many HTTP connections there may be at once. Default 0:
	// as many as there are descriptors for, see MaxDaemons.
	Connections int `koanf:"connections"`
	// ConnectionsPerAddress is how many of them one address may have, and how
	// many requests at once one client of a trusted proxy. Default 500, 0 is
	// unlimited; never more than half of Connections.
	ConnectionsPerAddress int `koanf:"connections_per_address"`
	// TempBytes is how much the temporary files of all accounts may take on a
	// query node: imports, sorts, results that wait. Default 0: half of the disk.
	TempBytes Bytes `koanf:"temp_bytes"`
	// TempBytesPerAccount is how much those of one account may take. Default 0:
	// half of TempBytes.
	TempBytesPerAccount Bytes `koanf:"temp_bytes_per_account"`
	// DiskReserveBytes is what a query node leaves free on its disk, for the
	// metadata, the bus, and what frees room. Default 0: a twentieth of the disk,
	// from 64 MiB to 1 GiB, and a quarter of a small one.
	DiskReserveBytes Bytes `koanf:"disk_reserve_bytes"`
	// TrustedProxies are the addresses of the reverse proxies in front of the
	// server, with commas between: 10.0.0.0/8, 192.0.2.7. What they say about
	// the address of a client, in X-Forwarded-For, is believed; what anybody
	// else says is not. Default: none, the address of the connection counts.
	TrustedProxies string `koanf:"trusted_proxies"`
}

// Proxies is TrustedProxies as networks. The error is a phrase that follows
// the key's name.
func (l Limits) Proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(l.TrustedProxies, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		network, err := netip.ParsePrefix(part)
		if a, aerr := netip.ParseAddr(part); aerr == nil && a.Zone() == "" {
			network, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("must be addresses or networks with commas between, such as 10.0.0.0/8, 192.0.2.7")
		}
		out = append(out, network)
	}
	return out, nil
}

// Debug is about looking into a running process.
type Debug struct {
	// Listen is a loopback HOST:PORT that serves profiles and counters.
	// Empty, the default: off.
	Listen string `koanf:"listen"`
}
