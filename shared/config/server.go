package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Server is a complete configuration. Load returns a checked one. It may be
// copied; the values behind its pointers are read-only.
type Server struct {
	// Host is the address or name the HTTP server listens on. Default 0.0.0.0.
	Host string `koanf:"host"`
	// Port is the HTTP server's port, 0 to 65535; 0 takes any free one.
	// Default 5433.
	Port int `koanf:"port"`
	// PublicURL is the address of this server for its users, without a slash at
	// the end. Links in mails begin with it. Default http://localhost:PORT;
	// empty when Port is 0: see PublicBase.
	PublicURL string `koanf:"public_url"`
	// DatabaseURL names the metadata store: sqlite://RELATIVE/PATH,
	// sqlite:///ABSOLUTE/PATH or postgresql://USER:PASSWORD@HOST/NAME.
	// Default: ayb.sqlite inside DataPath.
	DatabaseURL string `koanf:"database_url" secret:"url"`
	// DataPath is the directory of the hosted databases and of all other data
	// of the server. Default ./ayb_data.
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

// Authentication configures the log-in tokens that are sent by mail.
type Authentication struct {
	// FernetKey encrypts those tokens: URL-safe base64 of 32 bytes, 44
	// characters. Required by the control plane.
	FernetKey string `koanf:"fernet_key" secret:"all"`
	// TokenExpirationSeconds is how long a log-in token is valid, 1 second to
	// ten years. It does not apply to API tokens. Default 3600.
	TokenExpirationSeconds int `koanf:"token_expiration_seconds"`
}

// TokenTTL is TokenExpirationSeconds as a duration.
func (a Authentication) TokenTTL() time.Duration {
	return time.Duration(a.TokenExpirationSeconds) * time.Second
}

// Email configures the delivery of mail. The mailer needs at least one of the
// two; with both, each mail is delivered by both.
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
	// Username and Password log in to the relay. Without a user name the mailer
	// does not log in.
	Username string `koanf:"smtp_username"`
	Password string `koanf:"smtp_password" secret:"all"`
}

// MailFile is a file that mail is appended to, one JSON object a line.
type MailFile struct {
	// Path is required. Missing directories are created.
	Path string `koanf:"path"`
}

// CORS configures which web pages of other sites may call the API.
type CORS struct {
	// Origin is `*` or one origin such as https://app.example.org. Default *.
	Origin string `koanf:"origin"`
}

// Web enables the web pages.
type Web struct {
	// HostingMethod is Local, the only method there is, and the default.
	HostingMethod string `koanf:"hosting_method"`
}

// Snapshots configures the object store of snapshots.
type Snapshots struct {
	// SqliteMethod is how a copy of a database is made. Vacuum is the only
	// method and the default.
	SqliteMethod string `koanf:"sqlite_method"`
	// AccessKeyID, SecretAccessKey and Bucket are required. The bucket must
	// exist.
	AccessKeyID     string `koanf:"access_key_id"`
	SecretAccessKey string `koanf:"secret_access_key" secret:"all"`
	Bucket          string `koanf:"bucket"`
	// PathPrefix is the prefix of all object keys. Its parts are separated by
	// one or more / and must not be . or .. Default: empty.
	PathPrefix string `koanf:"path_prefix"`
	// EndpointURL is the address of an S3-compatible store. Empty, the default,
	// means AWS.
	EndpointURL string `koanf:"endpoint_url"`
	// Region is us-east-1 by default.
	Region string `koanf:"region"`
	// ForcePathStyle puts the bucket into the path instead of the host name.
	ForcePathStyle bool `koanf:"force_path_style"`
	// Automation is nil without scheduled snapshots.
	Automation *Automation `koanf:"automation"`
}

// Automation is the schedule of snapshots. Both keys are required.
type Automation struct {
	// Interval is the time between two rounds, above zero.
	Interval time.Duration `koanf:"interval"`
	// MaxSnapshots is how many snapshots of each database are kept, 1 to 65535.
	MaxSnapshots int `koanf:"max_snapshots"`
}

// Retention configures how long deleted data is kept.
type Retention struct {
	// DeletionGrace is how long a deleted database can be restored, up to ten
	// years. With 0s it is removed at once. Default 168h.
	DeletionGrace time.Duration `koanf:"deletion_grace"`
}

// Bus configures the message bus between the processes of a server.
type Bus struct {
	// URL is the address of an external bus: one or more of nats://HOST:PORT
	// and tls://HOST:PORT, separated by commas. Passwords are sent to other
	// machines by tls:// only. Empty, the default: the control plane embeds
	// the bus.
	URL string `koanf:"url" secret:"url"`
	// Listen is the HOST:PORT on which the embedded bus accepts roles in
	// other processes. Empty, the default: no port is opened.
	Listen string `koanf:"listen"`
	// StoreDir is the directory of the queues of the embedded bus. Default: bus
	// in DataPath.
	StoreDir string `koanf:"store_dir"`
	// StoreBytes limits the queues of the embedded bus on disk. The limit does
	// not depend on the free space. Default 1 GiB.
	StoreBytes Bytes `koanf:"store_bytes"`
	// Credentials is a file with the bus credentials of this process. Required
	// when other machines can reach Listen. Empty by default.
	Credentials string `koanf:"credentials"`
	// TLSCert and TLSKey are PEM files with the certificate of the embedded bus
	// and its key. With them Listen accepts TLS only. Required when other
	// machines can reach Listen. Empty by default.
	TLSCert string `koanf:"tls_cert"`
	TLSKey  string `koanf:"tls_key"`
	// TLSCA is a PEM file with the certificate authorities for URL, instead of
	// those of the system. Empty by default.
	TLSCA string `koanf:"tls_ca"`
}

// QueryNode configures the role that runs queries.
type QueryNode struct {
	// ID names the node: letters, digits, - and _. Empty, the default: a random
	// name that is kept in DataPath.
	ID string `koanf:"id"`
	// MaxDaemons limits the database processes at a time. Default 500; less when
	// the limit of open descriptors is too low for that.
	MaxDaemons int `koanf:"max_daemons"`
	// IdleTimeout ends a database process that has had no query for this time.
	// Default 5m.
	IdleTimeout time.Duration `koanf:"idle_timeout"`
	// Readers is how many statements of one database read at the same time, 1
	// to 64, and at most Limits.QueriesPerDatabase. Default 8.
	Readers int `koanf:"readers"`
}

// Isolation configures the sandbox of database processes.
type Isolation struct {
	// Require stops the start when the sandbox cannot be enforced completely.
	// Default false: log a warning and continue.
	Require bool `koanf:"require"`
	// Cgroup is the parent of the control groups of database processes. auto,
	// the default, means the group of the server, if that is possible. Else it
	// is the path of an existing group, such as /ayb, which must be usable.
	Cgroup string `koanf:"cgroup"`
}

// Limits bounds the resources of an account, a database and a request.
type Limits struct {
	// DatabaseBytes is how large one database may grow. Default 1 GiB.
	DatabaseBytes Bytes `koanf:"database_bytes"`
	// HeapBytes is the memory of the engine per database. Default 64 MiB.
	HeapBytes Bytes `koanf:"heap_bytes"`
	// StatementTimeout cancels a request that computes for longer. Default 30s.
	StatementTimeout time.Duration `koanf:"statement_timeout"`
	// ResultBytes bounds a result that is one document in memory. It does not
	// apply to streams. Default 0: unlimited.
	ResultBytes Bytes `koanf:"result_bytes"`
	// RequestBytes bounds the body of a request. Default 16 MiB.
	RequestBytes Bytes `koanf:"request_bytes"`
	// QueriesPerDatabase is how many queries of one database run at the same
	// time; further queries wait. Default 8.
	QueriesPerDatabase int `koanf:"queries_per_database"`
	// QueriesPerAccount is how many queries on the databases of one account are
	// accepted at the same time. Default 256, 0 is unlimited.
	QueriesPerAccount int `koanf:"queries_per_account"`
	// DatabasesPerAccount is how many databases one account may own.
	// Default 1000, 0 is unlimited.
	DatabasesPerAccount int `koanf:"databases_per_account"`
	// TokensPerAccount is how many API tokens one account may have. A log-in
	// beyond the limit revokes the least recently used log-in of the account.
	// Default 1000, 0 is unlimited.
	TokensPerAccount int `koanf:"tokens_per_account"`
	// RatePerMinute limits registrations, log-ins, confirmations and OAuth
	// tokens per minute, for each client address and for each account. Three
	// times as many may come at once. Default 10, 0 is unlimited.
	RatePerMinute int `koanf:"rate_per_minute"`
	// BodyBytes bounds the memory of the bodies of all requests at a time,
	// after decompression. Default: 128 MiB, or eight times RequestBytes if
	// that is more.
	BodyBytes Bytes `koanf:"body_bytes"`
	// BodyBytesPerAccount is the part of BodyBytes that one account may use.
	// Default: half of it.
	BodyBytesPerAccount Bytes `koanf:"body_bytes_per_account"`
	// UploadRate is the least rate, in bytes per second, of the body of a
	// request, also of an import. A slower request is canceled. Default 1 KiB,
	// 0 allows any rate.
	UploadRate Bytes `koanf:"upload_rate"`
	// ImportTimeout is how long the data of an import may take to arrive.
	// Default 1h, 0s is unlimited.
	ImportTimeout time.Duration `koanf:"import_timeout"`
	// Connections limits the HTTP connections at a time. Default 0: the limit
	// follows from the limit of open descriptors, see MaxDaemons.
	Connections int `koanf:"connections"`
	// ConnectionsPerAddress limits the connections of one address, and the
	// concurrent requests of one client of a trusted proxy. Default 500, 0 is
	// unlimited; at most half of Connections.
	ConnectionsPerAddress int `koanf:"connections_per_address"`
	// TempBytes bounds the temporary files of all accounts on a query node:
	// imports, sorts and buffered results. Default 0: half of the disk.
	TempBytes Bytes `koanf:"temp_bytes"`
	// TempBytesPerAccount bounds the temporary files of one account. Default 0:
	// half of TempBytes.
	TempBytesPerAccount Bytes `koanf:"temp_bytes_per_account"`
	// DiskReserveBytes is the space that a query node leaves free on its disk,
	// for the metadata, the bus and deletions. Default 0: a twentieth of the
	// disk, from 64 MiB to 1 GiB, and a quarter of a small disk.
	DiskReserveBytes Bytes `koanf:"disk_reserve_bytes"`
	// TrustedProxies are the addresses of the reverse proxies in front of the
	// server, separated by commas: 10.0.0.0/8, 192.0.2.7. The header
	// X-Forwarded-For is read only from these addresses. Default: empty, the
	// address of the connection is that of the client.
	TrustedProxies string `koanf:"trusted_proxies"`
}

// Proxies returns TrustedProxies as networks. The error is a phrase that follows
// the name of the key.
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
			return nil, fmt.Errorf("must be addresses or networks separated by commas, such as 10.0.0.0/8, 192.0.2.7")
		}
		out = append(out, network)
	}
	return out, nil
}

// Debug configures profiles and counters of a running process.
type Debug struct {
	// Listen is the loopback HOST:PORT of profiles and counters. Empty, the
	// default: off.
	Listen string `koanf:"listen"`
}
