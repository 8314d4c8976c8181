package front

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/go-chi/chi/v5/middleware"
)

// addressReader returns the function that finds the address of a client. It is
// the address of the connection, unless that is a trusted proxy: then it is the
// last address in X-Forwarded-For that is no trusted proxy. A client can forge
// only the beginning of that header, which is never read.
func addressReader(proxies []netip.Prefix) func(*http.Request) string {
	connection := reader(middleware.ClientIPFromRemoteAddr)
	if len(proxies) == 0 {
		return connection
	}
	texts := make([]string, len(proxies))
	for i, p := range proxies {
		texts[i] = p.String()
	}
	forwarded := reader(middleware.ClientIPFromXFF(texts...))
	return func(r *http.Request) string {
		if a := forwarded(r); a != "" {
			return a
		}
		return connection(r) // a request of the proxy itself, or a proxy that sends no address
	}
}

// reader makes a function of a middleware that puts an address into the context.
func reader(mw func(http.Handler) http.Handler) func(*http.Request) string {
	return func(r *http.Request) (address string) {
		mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			address = middleware.GetClientIP(r.Context())
		})).ServeHTTP(nil, r)
		return address
	}
}

// within returns a function that reports whether an address is in one of the
// networks.
func within(networks []netip.Prefix) func(address string) bool {
	return func(address string) bool {
		a, err := netip.ParseAddr(address)
		if err != nil {
			return false
		}
		for _, n := range networks {
			if n.Contains(a.Unmap()) {
				return true
			}
		}
		return false
	}
}

// hostOf returns the address without its port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
