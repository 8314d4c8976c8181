package oauth

import (
	"strings"
	"testing"
)

// S4: the address is parsed and its complete host compared.
func TestRedirectS4(t *testing.T) {
	for raw, origin := range map[string]string{
		"https://app.example":                    "https://app.example",
		"https://app.example/cb?x=1":             "https://app.example",
		"https://App.Example:8443/cb":            "https://app.example:8443",
		"HTTPS://app.example/cb":                 "https://app.example",
		"https://192.0.2.1/cb":                   "https://192.0.2.1",
		"https://[2001:DB8::1]:8443/cb":          "https://[2001:db8::1]:8443",
		"https://a_b.example/":                   "https://a_b.example",
		"https://xn--bcher-kva.example/":         "https://xn--bcher-kva.example",
		"https://app.example/a%2Fb?u=x%40y":      "https://app.example",
		"http://localhost":                       "http://localhost",
		"http://localhost/":                      "http://localhost",
		"http://localhost:3000/cb":               "http://localhost:3000",
		"http://LOCALHOST:3000/cb":               "http://localhost:3000",
		"http://127.0.0.1:65535/cb":              "http://127.0.0.1:65535",
		"http://[::1]:3000/cb":                   "http://[::1]:3000",
		"https://app.example/cb?next=http://e.x": "https://app.example",

		"":                                                   "",
		"app.example":                                        "",
		"/cb":                                                "",
		"//app.example/cb":                                   "",
		"http://app.example/cb":                              "",
		"http://localhost.evil.example/cb":                   "",
		"http://127.0.0.1.evil.example/cb":                   "",
		"http://localhost@evil.example/cb":                   "",
		"http://127.0.0.1@evil.example/cb":                   "",
		"http://localhost:80@evil.example/cb":                "",
		"http://evil.example@localhost/cb":                   "",
		"https://user@app.example/cb":                        "",
		"https://user:pw@app.example/cb":                     "",
		"https://@app.example/cb":                            "",
		"HTTP://LOCALHOST.EVIL.EXAMPLE/":                     "",
		"hTTp://evil.example/cb":                             "",
		"http://localhost./cb":                               "",
		"http://localhost%2eevil.example/":                   "",
		"http://127.1/cb":                                    "",
		"http://127.0.0.2/cb":                                "",
		"http://2130706433/cb":                               "",
		"http://0x7f000001/cb":                               "",
		"http://0.0.0.0/cb":                                  "",
		"http://[::ffff:127.0.0.1]/cb":                       "",
		"http://[::1%25lo]/cb":                               "",
		"http://[::1].evil.example/cb":                       "",
		"https://app.example/cb#frag":                        "",
		"https://app.example/cb#":                            "",
		"https://evil.example\\@localhost/":                  "",
		"https:\\\\evil.example/":                            "",
		"https:/app.example/cb":                              "",
		"https:app.example":                                  "",
		"https://":                                           "",
		"https:///cb":                                        "",
		"https://app.example:0/cb":                           "",
		"https://app.example:/cb":                            "",
		"https://app.example:99999/cb":                       "",
		"https://app.example:80x/cb":                         "",
		"https://app.example /cb":                            "",
		" https://app.example/cb":                            "",
		"https://app.example/cb\r\nX: y":                     "",
		"https://app.example/\tcb":                           "",
		"https://app.exämple/cb":                             "",
		"https://app.example/cb<script>":                     "",
		"https://a;script-src/cb":                            "",
		"https://a,b/cb":                                     "",
		"https://a'b/cb":                                     "",
		"https://*.example/cb":                               "",
		"https://[::1/cb":                                    "",
		"https://[zz]/cb":                                    "",
		"javascript:alert(1)":                                "",
		"javascript://localhost/%0aalert(1)":                 "",
		"data:text/html,x":                                   "",
		"file://localhost/etc/passwd":                        "",
		"ftp://localhost/":                                   "",
		"myapp://callback":                                   "",
		"https://a/" + strings.Repeat("a", maxRedirectBytes): "",
	} {
		got, ok := parseRedirectURI(raw)
		if ok != (origin != "") || got.origin != origin || ok && got.raw != raw {
			t.Errorf("%q: %v %q, want %q", raw, ok, got.origin, origin)
		}
	}
}

// U14: parameters are appended to the query; absent ones stay absent.
func TestRedirectWithParametersU14(t *testing.T) {
	for _, tt := range []struct{ raw, state, want string }{
		{"https://a.example/cb", "s", "https://a.example/cb?code=c&state=s"},
		{"https://a.example/cb", "", "https://a.example/cb?code=c"},
		{"https://a.example/cb?x=1", "s", "https://a.example/cb?x=1&code=c&state=s"},
		{"https://a.example/cb?", "s", "https://a.example/cb?&code=c&state=s"},
		{"https://a.example", "s", "https://a.example?code=c&state=s"},
		{"HTTPS://a.example/%7e", "s", "HTTPS://a.example/%7e?code=c&state=s"},
		{"https://a.example/cb", "a b&c=d/é+%-_.~", "https://a.example/cb?code=c&state=a%20b%26c%3Dd%2F%C3%A9%2B%25-_.~"},
		{"https://a.example/cb", "x\r\nSet-Cookie: a=b", "https://a.example/cb?code=c&state=x%0D%0ASet-Cookie%3A%20a%3Db"},
	} {
		r, ok := parseRedirectURI(tt.raw)
		if !ok {
			t.Errorf("%q is refused", tt.raw)
		}
		if got := r.withParameters("code", "c", "state", tt.state); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
