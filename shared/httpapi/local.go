package httpapi

import (
	"net/url"
	"path"
	"strings"
)

// maxLocalBytes keeps a page to go to small enough to travel in a mail.
const maxLocalBytes = 2048

// LocalPath tells whether a browser that is sent to s stays on this server:
// an absolute path, possibly with a query, that no browser reads as another
// host or as a script (S7). The pages that act for whoever opens them, those
// of a mailed link, are no place to be sent to.
func LocalPath(s string) bool {
	if len(s) > maxLocalBytes || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") {
		return false
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil {
		return false
	}
	clean := path.Clean(u.Path)
	return !strings.Contains(u.Path, "\\") && clean != "/confirm" && !strings.HasPrefix(clean, "/confirm/")
}
