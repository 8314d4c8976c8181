package oauth

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxRedirectBytes is the limit for a redirect address; browsers and servers
// support about as much.
const maxRedirectBytes = 2048

// redirectURI is the checked address to which answers are sent.
type redirectURI struct {
	// raw is the address byte for byte as the application gave it. It is
	// stored, compared and extended in this form.
	raw string
	// origin is its scheme, host and port.
	origin string
}

// parseRedirectURI checks an address: https to any host, or http to the machine
// of the user, for development. It parses the address and compares the complete
// host, because a prefix of the text would also match localhost.evil.example. An
// address that two parsers might read differently is refused.
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
	switch u.Scheme { // in lower case already
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

// isPlainURL reports whether s is visible ASCII without the characters that
// browsers replace, each in its own way.
func isPlainURL(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("\\\"<>^`{|}", r)
	})
}

// normalizedHost returns host and port in lower case. It accepts a name of
// letters, digits, hyphens, underscores and dots, or an IP address: both can be
// written into a Content-Security-Policy unchanged.
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

// withParameters returns the address with the pairs of name and value added to
// its query. A pair with an empty value is left out: an absent state stays
// absent. The address itself is unchanged.
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

// percentEncode escapes all characters but letters, digits and "-_.~".
func percentEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
