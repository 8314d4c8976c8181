package config_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/config"
)

func TestTrustedProxies(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{" , ", nil},
		{"10.0.0.0/8, 192.0.2.7,2001:db8::/32,::1", []string{"10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128"}},
	} {
		got, err := config.Limits{TrustedProxies: tt.text}.Proxies()
		var want []netip.Prefix
		for _, w := range tt.want {
			want = append(want, netip.MustParsePrefix(w))
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", tt.text, got, err)
		}
	}
	for _, bad := range []string{"proxy.example", "10.0.0.0/33", "*", "fe80::1%eth0", "10.0.0.1 10.0.0.2"} {
		if _, err := (config.Limits{TrustedProxies: bad}).Proxies(); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	text, err := config.DefaultServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	if s := mustLoad(t, text+"\n[limits]\ntrusted_proxies = \"10.0.0.1\"\n"); s.Limits.TrustedProxies != "10.0.0.1" {
		t.Errorf("got %q", s.Limits.TrustedProxies)
	}
	_, err = load(t, text+"\n[limits]\ntrusted_proxies = \"everybody\"\n")
	if err == nil || !strings.Contains(err.Error(), "limits.trusted_proxies must be addresses or networks") {
		t.Errorf("got %v", err)
	}
}
