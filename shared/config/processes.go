package config

import "time"

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

// Debug configures profiles and counters of a running process.
type Debug struct {
	// Listen is the loopback HOST:PORT of profiles and counters. Empty, the
	// default: off.
	Listen string `koanf:"listen"`
}
