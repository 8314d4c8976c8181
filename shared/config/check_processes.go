package config

import (
	"net"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
)

func (c check) bus(n needs) {
	b := c.s.Bus
	if b.URL != "" && b.Listen != "" {
		c.require("bus.listen", false, "is for the embedded bus, bus.url for an external one: set only one of them")
	}
	if b.URL != "" {
		c.require("bus.url", areBusURLs(b.URL), "must be nats://HOST:PORT or tls://HOST:PORT, or several of them separated by commas")
	}
	if b.Listen != "" {
		host, ok := hostPort(b.Listen)
		c.require("bus.listen", ok, "must be HOST:PORT, such as 127.0.0.1:4222")
		if ok && !loopback(host) && b.TLSCert == "" {
			c.require("bus.listen", false, "can be reached from other machines, and passwords would be sent in plain text: set bus.tls_cert, bus.tls_key and bus.credentials, or listen on 127.0.0.1")
		}
		if ok && !loopback(host) && b.Credentials == "" {
			c.require("bus.listen", false, "can be reached from other machines: set bus.credentials, or listen on 127.0.0.1")
		}
	}
	c.busTLS()
	if n.bus && b.URL == "" && b.Listen == "" {
		c.require("bus.url", false, "or bus.listen is required, so that this process finds the bus of the control plane")
	}
	c.notEmpty("bus.store_dir", b.StoreDir)
	c.atLeast("bus.store_bytes", b.StoreBytes, minStoreBytes)
}

// busTLS checks that passwords do not leave the machine in plain text, and that
// each setting about TLS has an effect.
func (c check) busTLS() {
	b := c.s.Bus
	c.require("bus.tls_key", (b.TLSCert == "") == (b.TLSKey == ""), "and bus.tls_cert belong together: set both or none")
	c.require("bus.tls_cert", b.TLSCert == "" || b.Listen != "", "is for the embedded bus: set bus.listen too, or leave it out")
	c.require("bus.tls_ca", b.TLSCA == "" || strings.Contains(b.URL, "tls://"), "is for a bus.url that begins with tls://")
	if !c.f.hasNone("bus.url") {
		return
	}
	for part := range strings.SplitSeq(b.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err == nil && u.Scheme == "nats" && !loopback(u.Hostname()) && (b.Credentials != "" || u.User != nil) {
			c.require("bus.url", false, "would send a password to "+u.Host+" in plain text: write tls://"+u.Host)
		}
	}
}

func areBusURLs(list string) bool {
	for part := range strings.SplitSeq(list, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Hostname() == "" || u.Scheme != "nats" && u.Scheme != "tls" {
			return false
		}
	}
	return true
}

// nodeID matches names that are valid in a subject of the bus and as a file name.
var nodeID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (c check) node() {
	q := c.s.QueryNode
	c.require("querynode.id", q.ID == "" || nodeID.MatchString(q.ID), "must be up to 64 letters, digits, - and _")
	c.inRange("querynode.max_daemons", q.MaxDaemons, 1, 1_000_000)
	c.positive("querynode.idle_timeout", q.IdleTimeout)
	c.inRange("querynode.readers", q.Readers, 1, 64)
	g := c.s.Isolation.Cgroup
	c.require("isolation.cgroup", g == "auto" || strings.HasPrefix(g, "/") && path.Clean(g) == g, "must be auto or the path of a control group, such as /ayb")
	if d := c.s.Debug.Listen; d != "" {
		host, ok := hostPort(d)
		c.require("debug.listen", ok && loopback(host), "must be a loopback address, such as 127.0.0.1:6060")
	}
}

// The least sizes that can work: with less heap the engine refuses every query,
// and a new database has a few pages already.
const (
	minDatabaseBytes Bytes = 64 << 10
	minHeapBytes     Bytes = 1 << 20
	minRequestBytes  Bytes = 1 << 10
	minTempBytes     Bytes = 1 << 20
	minStoreBytes    Bytes = 16 << 20
)

// minConnections is enough for a few browsers.
const minConnections = 16

func (c check) limits() {
	l := c.s.Limits
	c.atLeast("limits.database_bytes", l.DatabaseBytes, minDatabaseBytes)
	c.atLeast("limits.heap_bytes", l.HeapBytes, minHeapBytes)
	c.atLeast("limits.request_bytes", l.RequestBytes, minRequestBytes)
	c.positive("limits.statement_timeout", l.StatementTimeout)
	c.inRange("limits.queries_per_database", l.QueriesPerDatabase, 1, 1_000_000)
	c.inRange("limits.queries_per_account", l.QueriesPerAccount, 0, 1_000_000)
	c.inRange("limits.databases_per_account", l.DatabasesPerAccount, 0, 1_000_000_000)
	c.inRange("limits.tokens_per_account", l.TokensPerAccount, 0, 1_000_000_000)
	c.inRange("limits.rate_per_minute", l.RatePerMinute, 0, 1_000_000)
	c.require("limits.body_bytes_per_account", l.BodyBytesPerAccount >= 2*l.RequestBytes && l.RequestBytes <= 1<<60,
		"must be at least twice limits.request_bytes, "+(2*l.RequestBytes).String()+": a request of the full size needs twice its size in memory")
	c.require("limits.body_bytes", l.BodyBytes >= 2*l.BodyBytesPerAccount, "must be at least twice limits.body_bytes_per_account, "+(2*l.BodyBytesPerAccount).String())
	c.require("limits.upload_rate", l.UploadRate >= 0 && l.UploadRate <= 1<<30, "must be between 0 and 1GiB")
	c.require("limits.import_timeout", l.ImportTimeout >= 0, "must be a duration from \"0s\"")
	c.require("limits.connections", l.Connections == 0 || l.Connections >= minConnections && l.Connections <= 10_000_000, "must be 0, or between 16 and 10000000")
	c.inRange("limits.connections_per_address", l.ConnectionsPerAddress, 0, 10_000_000)
	for key, value := range map[string]Bytes{
		"limits.temp_bytes": l.TempBytes, "limits.temp_bytes_per_account": l.TempBytesPerAccount, "limits.disk_reserve_bytes": l.DiskReserveBytes,
	} {
		c.require(key, value == 0 || value >= minTempBytes && value <= 1<<60, "must be 0, for a part of the disk, or at least "+minTempBytes.String())
	}
	if _, err := l.Proxies(); err != nil {
		c.require("limits.trusted_proxies", false, err.Error())
	}
}

func (c check) atLeast(key string, value, least Bytes) {
	c.require(key, value >= least, "must be at least "+least.String())
}

// hostPort splits HOST:PORT and checks the port.
func hostPort(text string) (host string, ok bool) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return host, err == nil && n > 0
}

// loopback reports whether only this machine can reach the host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
