package httpapi

import (
	"net/url"
	"path"
	"strings"
)

// maxLocalBytes limits a path so that it fits into a mail.
const maxLocalBytes = 2048

// LocalPath reports whether a redirect of a browser to s stays on this server. s must
// be an absolute path, possibly with a query, that every browser treats so: other
// texts could lead to another host or run a script. The page of a mailed link is
// excluded, because it acts when it is opened.
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
