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
		c.must("bus.listen", false, "is for the embedded bus and bus.url for an external one: set only one of them")
	}
	if b.URL != "" {
		c.must("bus.url", busURLs(b.URL), "must be nats://HOST:PORT or tls://HOST:PORT, several with commas between")
	}
	if b.Listen != "" {
		host, ok := hostPort(b.Listen)
		c.must("bus.listen", ok, "must be HOST:PORT, such as 127.0.0.1:4222")
		if ok && !loopback(host) && b.TLSCert == "" {
			c.must("bus.listen", false, "can be reached from other machines, where passwords would travel in plain text: set bus.tls_cert, bus.tls_key and bus.credentials, or listen on 127.0.0.1")
		}
		if ok && !loopback(host) && b.Credentials == "" {
			c.must("bus.listen", false, "can be reached from other machines: set bus.credentials, or listen on 127.0.0.1")
		}
	}
	c.busTLS()
	if n.bus && b.URL == "" && b.Listen == "" {
		c.must("bus.url", false, "or bus.listen is required, so that this process finds the bus of the control plane")
	}
	c.text("bus.store_dir", b.StoreDir)
	c.least("bus.store_bytes", b.StoreBytes, leastStore)
}

// busTLS looks that nothing secret leaves the machine in plain text, and that
// what is set about TLS has an effect.
func (c check) busTLS() {
	b := c.s.Bus
	c.must("bus.tls_key", (b.TLSCert == "") == (b.TLSKey == ""), "and bus.tls_cert belong together: set both or none")
	c.must("bus.tls_cert", b.TLSCert == "" || b.Listen != "", "is for the embedded bus: set bus.listen too, or leave it out")
	c.must("bus.tls_ca", b.TLSCA == "" || strings.Contains(b.URL, "tls://"), "is for a bus.url that begins with tls://")
	if !c.f.fine("bus.url") {
		return
	}
	for part := range strings.SplitSeq(b.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err == nil && u.Scheme == "nats" && !loopback(u.Hostname()) && (b.Credentials != "" || u.User != nil) {
			c.must("bus.url", false, "would send a password to "+u.Host+" in plain text: write tls://"+u.Host)
		}
	}
}

func busURLs(list string) bool {
	for part := range strings.SplitSeq(list, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Hostname() == "" || u.Scheme != "nats" && u.Scheme != "tls" {
			return false
		}
	}
	return true
}

// nodeID is what may stand in a subject of the bus and in a file name.
var nodeID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (c check) node() {
	q := c.s.QueryNode
	c.must("querynode.id", q.ID == "" || nodeID.MatchString(q.ID), "must be up to 64 letters, digits, - and _")
	c.within("querynode.max_daemons", q.MaxDaemons, 1, 1_000_000)
	c.positive("querynode.idle_timeout", q.IdleTimeout)
	c.within("querynode.readers", q.Readers, 1, 64)
	g := c.s.Isolation.Cgroup
	c.must("isolation.cgroup", g == "auto" || strings.HasPrefix(g, "/") && path.Clean(g) == g, "must be auto or the path of a control group, such as /ayb")
	if d := c.s.Debug.Listen; d != "" {
		host, ok := hostPort(d)
		c.must("debug.listen", ok && loopback(host), "must be a loopback address, such as 127.0.0.1:6060")
	}
}

// The least sizes that can work: an engine with less heap refuses everything,
// and a database has a few pages from the start.
const (
	leastDatabase Bytes = 64 << 10
	leastHeap     Bytes = 1 << 20
	leastRequest  Bytes = 1 << 10
	leastSpace    Bytes = 1 << 20
	leastStore    Bytes = 16 << 20
)

// leastConnections is what a few browsers need.
const leastConnections = 16

func (c check) limits() {
	l := c.s.Limits
	c.least("limits.database_bytes", l.DatabaseBytes, leastDatabase)
	c.least("limits.heap_bytes", l.HeapBytes, leastHeap)
	c.least("limits.request_bytes", l.RequestBytes, leastRequest)
	c.positive("limits.statement_timeout", l.StatementTimeout)
	c.within("limits.queries_per_database", l.QueriesPerDatabase, 1, 1_000_000)
	c.within("limits.queries_per_account", l.QueriesPerAccount, 0, 1_000_000)
	c.within("limits.databases_per_account", l.DatabasesPerAccount, 0, 1_000_000_000)
	c.within("limits.tokens_per_account", l.TokensPerAccount, 0, 1_000_000_000)
	c.within("limits.rate_per_minute", l.RatePerMinute, 0, 1_000_000)
	c.must("limits.body_bytes_per_account", l.BodyBytesPerAccount >= 2*l.RequestBytes && l.RequestBytes <= 1<<60,
		"must be at least twice limits.request_bytes, "+(2*l.RequestBytes).String()+": a request of that size takes so much while it is put together")
	c.must("limits.body_bytes", l.BodyBytes >= 2*l.BodyBytesPerAccount, "must be at least twice limits.body_bytes_per_account, "+(2*l.BodyBytesPerAccount).String())
	c.must("limits.upload_rate", l.UploadRate >= 0 && l.UploadRate <= 1<<30, "must be between 0 and 1GiB")
	c.must("limits.import_timeout", l.ImportTimeout >= 0, "must be a duration from \"0s\"")
	c.must("limits.connections", l.Connections == 0 || l.Connections >= leastConnections && l.Connections <= 10_000_000, "must be 0, or between 16 and 10000000")
	c.within("limits.connections_per_address", l.ConnectionsPerAddress, 0, 10_000_000)
	for key, value := range map[string]Bytes{
		"limits.temp_bytes": l.TempBytes, "limits.temp_bytes_per_account": l.TempBytesPerAccount, "limits.disk_reserve_bytes": l.DiskReserveBytes,
	} {
		c.must(key, value == 0 || value >= leastSpace && value <= 1<<60, "must be 0, for a part of the disk, or at least "+leastSpace.String())
	}
	if _, err := l.Proxies(); err != nil {
		c.must("limits.trusted_proxies", false, err.Error())
	}
}

func (c check) least(key string, value, least Bytes) {
	c.must(key, value >= least, "must be at least "+least.String())
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

// loopback tells whether only this machine can reach the host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
