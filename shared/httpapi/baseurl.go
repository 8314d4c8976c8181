package httpapi

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// NormalizeURL checks the base URL of a server and returns its normal form: scheme
// and host in lower case, without a slash at the end. The error is Invalid.
func NormalizeURL(raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	if port, bad := badPort(raw); bad {
		return "", errs.E(errs.Invalid, "The port %q in the server URL %s is not a number between 1 and 65535", port, raw)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", errs.Wrap(errs.Invalid, err, "The server URL %q is not a valid URL", raw)
	}
	scheme := strings.ToLower(u.Scheme)
	switch {
	case scheme != "http" && scheme != "https":
		return "", errs.E(errs.Invalid, "The server URL %q must begin with http:// or https://", raw)
	case u.Hostname() == "":
		return "", errs.E(errs.Invalid, "The server URL %q contains no host", raw)
	case u.User != nil:
		return "", errs.E(errs.Invalid, "The server URL must not contain a user name or password; log in and use a token instead")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errs.E(errs.Invalid, "The server URL %q must not contain a query or a fragment", raw)
	}
	return scheme + "://" + strings.ToLower(u.Host) + strings.TrimRight(u.EscapedPath(), "/"), nil
}

// badPort finds an invalid port. The rest of the text may be invalid too.
func badPort(raw string) (port string, bad bool) {
	_, host, ok := strings.Cut(raw, "://")
	if !ok {
		return "", false
	}
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host = host[:i]
	}
	host = host[strings.LastIndex(host, "@")+1:]
	i := strings.LastIndex(host, ":")
	if i < 0 || i < strings.LastIndex(host, "]") {
		return "", false
	}
	port = host[i+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	return port, port != "" && (err != nil || n == 0)
}
