package linkcheck_test

import (
	"net/netip"
	"testing"

	"github.com/ayb-go/ayb/controlplane/identity/linkcheck"
)

// S8: which addresses are public.
func TestPublic(t *testing.T) {
	for _, tt := range []struct {
		address string
		want    bool
	}{
		{"93.184.215.14", true},
		{"1.1.1.1", true},
		{"100.63.255.255", true},
		{"100.128.0.1", true},
		{"172.15.0.1", true},
		{"172.32.0.1", true},
		{"2606:4700::1111", true},
		{"2a00:1450:4001::1", true},
		{"::ffff:1.1.1.1", true},

		{"127.0.0.1", false},
		{"127.255.255.254", false},
		{"0.0.0.0", false},
		{"0.1.2.3", false},
		{"10.1.2.3", false},
		{"172.16.0.1", false},
		{"172.31.255.255", false},
		{"192.168.0.1", false},
		{"169.254.169.254", false}, // metadata of most clouds
		{"100.64.0.1", false},      // a provider's customers
		{"100.100.100.200", false}, // metadata of one cloud
		{"168.63.129.16", false},   // the same of another
		{"192.0.0.192", false},
		{"192.0.2.1", false},
		{"198.18.0.1", false},
		{"198.51.100.1", false},
		{"203.0.113.1", false},
		{"224.0.0.1", false},
		{"240.0.0.1", false},
		{"255.255.255.255", false},

		{"::", false},
		{"::1", false},
		{"::127.0.0.1", false},
		{"::ffff:127.0.0.1", false},
		{"::ffff:10.0.0.1", false},
		{"::ffff:169.254.169.254", false},
		{"::ffff:0:127.0.0.1", false},
		{"64:ff9b::7f00:1", false}, // NAT64
		{"64:ff9b:1::1", false},
		{"100::1", false},
		{"2001::1", false},       // Teredo
		{"2001:db8::1", false},   // documentation
		{"2002:7f00:1::", false}, // 6to4 of 127.0.0.1
		{"3fff::1", false},
		{"fc00::1", false},
		{"fd00:ec2::254", false},
		{"fe80::1", false},
		{"fe80::1%eth0", false},
		{"2606:4700::1111%eth0", false},
		{"fec0::1", false},
		{"ff02::1", false},
	} {
		a := netip.AddrPortFrom(netip.MustParseAddr(tt.address), 443)
		if got := linkcheck.IsPublic(a); got != tt.want {
			t.Errorf("%s: %v", tt.address, got)
		}
	}
	if linkcheck.IsPublic(netip.AddrPort{}) || linkcheck.IsPublic(netip.AddrPortFrom(netip.MustParseAddr("1.1.1.1"), 0)) {
		t.Error("no address, or no port, is public")
	}
}
