package linkcheck

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// The limits of one page, including its redirects.
const (
	pageTimeout  = 5 * time.Second
	pageBytes    = 1 << 20 // after decompression; the rest is not read
	headerBytes  = 64 << 10
	maxRedirects = 3
)

var (
	errAddress  = errors.New("the address is not public")
	errScheme   = errors.New("only https is fetched")
	errRedirect = errors.New("too many redirects")
)

// newClient makes a client that reaches allowed addresses only. The address is
// checked when the connection is made. So the check also covers redirects, and
// names that change their address between two look-ups. The client uses no
// proxy, because a proxy would connect without the check.
func newClient(deps Deps) *http.Client {
	dialer := &net.Dialer{
		Timeout: pageTimeout, KeepAlive: -1, Resolver: deps.Resolver,
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !deps.Allow(to) {
				return errAddress
			}
			return nil
		},
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: deps.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    pageTimeout,
			ResponseHeaderTimeout:  pageTimeout,
			MaxResponseHeaderBytes: headerBytes,
			DisableKeepAlives:      true, // each page has a connection of its own
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			switch {
			case len(via) > maxRedirects:
				return errRedirect
			case !fetchable(req.URL):
				return errScheme
			}
			return nil
		},
	}
}

// fetch requests a page. The caller closes the body.
func (c *Checker) fetch(ctx context.Context, page string) (io.ReadCloser, error) {
	u, err := url.Parse(page)
	if err != nil || !fetchable(u) {
		return nil, errScheme
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "ayb-linkcheck (+"+c.publicURL+")")
	req.Header.Set("Accept", "text/html, application/xhtml+xml")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("status %d", resp.StatusCode), resp.Body.Close())
	}
	return limited{io.LimitReader(resp.Body, pageBytes), resp.Body}, nil
}

type limited struct {
	io.Reader
	io.Closer
}

// fetchable reports whether a URL may be requested. A password in the URL would
// be sent to the server, so such a URL is refused.
func fetchable(u *url.URL) bool {
	return u.Scheme == "https" && u.Hostname() != "" && u.User == nil
}

func isHTTPS(page string) bool {
	return len(page) > 6 && strings.EqualFold(page[:6], "https:")
}
