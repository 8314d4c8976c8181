package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

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
