package config

import "time"

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
