package linkcheck

import (
	"net/netip"
	"slices"
)

// IsPublic reports whether an address belongs to the public internet. It refuses
// this machine, private networks, metadata services of cloud providers, and
// addresses that embed another address. An unknown kind of address is not
// public.
func IsPublic(to netip.AddrPort) bool {
	a := to.Addr()
	if to.Port() == 0 || a.Zone() != "" {
		return false
	}
	a = a.Unmap() // ::ffff:127.0.0.1 is 127.0.0.1
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	if !a.Is4() && !global6.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// global6 is the part of IPv6 that is assigned to networks. The rest is reserved
// or local, such as the NAT64 prefix 64:ff9b::/96, which embeds all of IPv4.
var global6 = netip.MustParsePrefix("2000::/3")

// special are the unicast networks that are not public, from the registries of
// special-purpose addresses.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // shared by the customers of a provider; some metadata services
	netip.MustParsePrefix("192.0.0.0/24"),    // protocols; some metadata services
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // relays of 6to4
	netip.MustParsePrefix("198.18.0.0/15"),   // measurements
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and broadcast
	netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("2001::/23"), // protocols; Teredo hides IPv4 addresses
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4 hides IPv4 addresses
	netip.MustParsePrefix("3fff::/20"), // documentation
}
