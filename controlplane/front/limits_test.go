package front

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// A client cannot choose the address that it is counted by (S13).
func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:9::/48")}
	for _, tt := range []struct {
		name      string
		proxies   []netip.Prefix
		remote    string
		forwarded []string
		want      string
	}{
		{"direct", nil, "192.0.2.1:5", nil, "192.0.2.1"},
		{"IPv6 by /64", nil, "[2001:db8:1:2:3:4:5:6]:5", nil, "2001:db8:1:2::"},
		{"IPv4 in IPv6", nil, "[::ffff:192.0.2.1]:5", nil, "192.0.2.1"},
		{"no proxy is trusted", nil, "10.0.0.1:5", []string{"198.51.100.1"}, "10.0.0.1"},
		{"behind a proxy", proxies, "10.0.0.1:5", []string{"198.51.100.1"}, "198.51.100.1"},
		{"behind two", proxies, "10.0.0.1:5", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"behind an IPv6 proxy", proxies, "[2001:db8:9::1]:5", []string{"2001:db8:1:2:3::1"}, "2001:db8:1:2::"},
		{"forged before the proxy", proxies, "10.0.0.1:5", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		{"forged as a proxy", proxies, "10.0.0.1:5", []string{"203.0.113.9, 10.0.0.9, 198.51.100.1"}, "198.51.100.1"},
		{"forged in a header of its own", proxies, "10.0.0.1:5", []string{"203.0.113.9", "198.51.100.1"}, "198.51.100.1"},
		{"forged without a proxy", proxies, "198.51.100.1:5", []string{"203.0.113.9"}, "198.51.100.1"},
		{"nonsense", proxies, "10.0.0.1:5", []string{"nonsense"}, "10.0.0.1"},
		{"nothing forwarded", proxies, "10.0.0.1:5", nil, "10.0.0.1"},
		{"only proxies", proxies, "10.0.0.1:5", []string{"10.0.0.2"}, "10.0.0.1"},
	} {
		f := &Front{address: addressReader(tt.proxies)}
		r := httptest.NewRequest("POST", "/v1/register", nil)
		r.RemoteAddr = tt.remote
		for _, v := range tt.forwarded {
			r.Header.Add("X-Forwarded-For", v)
		}
		for _, h := range []string{"X-Real-IP", "True-Client-IP", "Forwarded", "CF-Connecting-IP"} {
			r.Header.Set(h, "203.0.113.77")
		}
		if got := f.clientAddress(r); got != tt.want {
			t.Errorf("%s: %s, not %s", tt.name, got, tt.want)
		}
	}
}

func TestWhatIsLimited(t *testing.T) {
	for target, want := range map[string]bool{
		"POST /v1/register": true, "POST /v1/log_in": true, "POST /v1/confirm": true, "POST /v1/oauth/token": true,
		"POST /v1/log%5fin": true, "POST /log_in": true, "POST /register": true, "POST /session/v1/log_in": true, "POST /session/v1/register": true, "POST /confirm/gAAA": true,
		"GET /v1/register": false, "GET /confirm/gAAA": false, "POST /v1/a/b/query": false, "GET /health": false,
	} {
		method, path, _ := strings.Cut(target, " ")
		if got := limited(httptest.NewRequest(method, path, nil)); got != want {
			t.Errorf("%s: %v", target, got)
		}
	}
}
