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
