package oauth

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxRedirectBytes is more than any browser-friendly address needs.
const maxRedirectBytes = 2048

// redirectURI is a checked address that answers may be sent to.
type redirectURI struct {
	// raw is the address byte for byte as it was asked for: what is stored,
	// compared and extended.
	raw string
	// origin is its scheme, host and port.
	origin string
}

// parseRedirectURI checks an address: https to any host, or http to this very
// machine for development. It is taken apart and its host compared as a whole
// (S4); what two parsers might read differently is refused.
func parseRedirectURI(raw string) (redirectURI, bool) {
	if len(raw) > maxRedirectBytes || !isPlainURL(raw) {
		return redirectURI{}, false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil || strings.Contains(raw, "#") {
		return redirectURI{}, false
	}
	host, ok := normalizedHost(u)
	if !ok {
		return redirectURI{}, false
	}
	switch u.Scheme { // the parser has folded it
	case "https":
	case "http":
		if h := strings.ToLower(u.Hostname()); h != "localhost" && h != "127.0.0.1" && h != "::1" {
			return redirectURI{}, false
		}
	default:
		return redirectURI{}, false
	}
	return redirectURI{raw: raw, origin: u.Scheme + "://" + host}, true
}

// isPlainURL takes visible ASCII without the characters that browsers repair in
// their own ways.
func isPlainURL(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("\\\"<>^`{|}", r)
	})
}

// normalizedHost gives host and port in lower case, when the host is a name of
// letters, digits, hyphens, underscores and dots or an address, so that it can
// stand in a security policy as it is.
func normalizedHost(u *url.URL) (string, bool) {
	name, port := u.Hostname(), u.Port()
	if port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", false
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return "", false
	}
	if strings.HasPrefix(u.Host, "[") {
		a, err := netip.ParseAddr(name)
		if err != nil || !a.Is6() || a.Zone() != "" {
			return "", false
		}
		return strings.ToLower(u.Host), true
	}
	ok := name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '.' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	return strings.ToLower(u.Host), ok
}

// withParameters gives the address with parameters added to its query; empty ones are
// left out (U14). The address itself is not touched.
func (r redirectURI) withParameters(pairs ...string) string {
	var b strings.Builder
	b.WriteString(r.raw)
	separator := byte('?')
	if strings.Contains(r.raw, "?") {
		separator = '&'
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		b.WriteByte(separator)
		b.WriteString(pairs[i] + "=" + percentEncode(pairs[i+1]))
		separator = '&'
	}
	return b.String()
}

// percentEncode escapes everything but letters, digits and "-_.~".
func percentEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
