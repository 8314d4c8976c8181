package httpapi

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// Limits of the client.
const (
	dialTimeout   = 10 * time.Second
	headerTimeout = 10 * time.Minute // covers the queue and the statement
	callTimeout   = 60 * time.Second // of calls other than queries, from start to end
	longTimeout   = 6 * time.Hour    // until the answer of a long call starts
	startTimeout  = 3 * time.Second  // until a body is sent without "100 Continue"
	maxAnswer     = 64 << 20         // bytes of an answer that is not a query's
	maxErrorBody  = 1 << 20
)

// ClientConfig holds the server and the token of a Client.
type ClientConfig struct {
	// URL is the base URL of the server; API paths are appended to it.
	URL string
	// Token is an API token, or empty for an anonymous caller.
	Token string
	// UserAgent is sent with every request when it is not empty.
	UserAgent string
	// MemoryBytes limits what the client holds of an answer at a time: all of it, or a
	// row of one that is read row by row. A larger one is TooLarge. Zero is no limit,
	// except 64 MiB for the answers of calls that are not queries.
	MemoryBytes int
}

// ClientDeps are the optional parts of a Client.
type ClientDeps struct {
	// Transport sends the requests. Nil means a transport with a connect timeout
	// and the proxies of the environment.
	Transport http.RoundTripper
}

// Client calls the HTTP API. Every error is an *errs.Error: the error of the server,
// or a sentence about the missing answer. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	agent string
	most  int // ClientConfig.MemoryBytes
	http  *http.Client
	long  *http.Client // for calls that work on all of a database
}

// NewClient returns a client without contacting the server. The error is Invalid for
// an unusable URL or token.
func NewClient(cfg ClientConfig, deps ClientDeps) (*Client, error) {
	base, err := NormalizeURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	token := strings.TrimSpace(cfg.Token)
	if !visibleASCII(token) {
		return nil, errs.E(errs.Invalid, "The API token contains invalid characters")
	}
	short, long := deps.Transport, deps.Transport
	if deps.Transport == nil {
		short, long = newTransport(headerTimeout), newTransport(longTimeout)
	}
	return &Client{base: base, token: token, agent: cfg.UserAgent, most: cfg.MemoryBytes, http: over(short), long: over(long)}, nil
}

// WithToken returns a client for another caller of the same server: with this API
// token, or anonymous if it is empty. The two share their connections. The token
// comes from the server and is not checked.
func (c *Client) WithToken(token string) *Client {
	other := *c
	other.token = token
	return &other
}

func over(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a POST must not become a GET, and the token must stay on its host
		},
	}
}

// newTransport returns a transport that waits so long for the headers of an answer.
func newTransport(wait time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: wait,
		ExpectContinueTimeout: startTimeout,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   16,
		ForceAttemptHTTP2:     true,
	}
}

// URL is the normalised base URL.
func (c *Client) URL() string { return c.base }

// authMode is whether a call sends the API token.
type authMode int

const (
	anonymous authMode = iota // never
	optional                  // when there is one
	bearer                    // always; the call fails here without one
)

// call describes one request.
type call struct {
	method  string
	path    string
	auth    authMode
	params  params
	body    []byte
	json    bool // the body is JSON
	accept  string
	success int
	// long calls have no time limit except longTimeout, and request an answer
	// without compression.
	long bool
	// upload replaces body with a body of any size. size is negative if it is not
	// known. coding is the compression.
	upload io.Reader
	size   int64
	coding string
}

// Health returns nil if the server is ready for requests.
func (c *Client) Health(ctx context.Context) error {
	return c.do(ctx, call{method: http.MethodGet, path: RouteHealth, success: http.StatusOK}, nil)
}

// Register requests a registration mail.
func (c *Client) Register(ctx context.Context, r RegisterRequest) (MailSent, error) {
	var out MailSent
	err := c.do(ctx, call{method: http.MethodPost, path: RouteRegister, success: http.StatusOK, params: params{
		{HeaderEntity, r.Entity}, {HeaderEmailAddress, r.EmailAddress}, {HeaderEntityType, r.EntityType},
	}}, &out)
	return out, err
}

// LogIn requests a log-in mail.
func (c *Client) LogIn(ctx context.Context, entity string) (MailSent, error) {
	var out MailSent
	err := c.do(ctx, call{method: http.MethodPost, path: RouteLogIn, success: http.StatusOK,
		params: params{{HeaderEntity, entity}}}, &out)
	return out, err
}

// Confirm exchanges the token of a mail for an API token.
func (c *Client) Confirm(ctx context.Context, token string) (Confirmed, error) {
	var out Confirmed
	err := c.do(ctx, call{method: http.MethodPost, path: RouteConfirm, success: http.StatusOK,
		params: params{{HeaderAuthenticationToken, token}}}, &out)
	return out, err
}

// CreateDatabase creates an empty database.
func (c *Client) CreateDatabase(ctx context.Context, entity, database string, r CreateDatabaseRequest) (Created, error) {
	var out Created
	err := c.do(ctx, call{method: http.MethodPost, path: DatabasePath(entity, database, "create"),
		auth: bearer, success: http.StatusCreated, params: params{
			{HeaderDBType, r.DBType}, {HeaderPublicSharingLevel, r.PublicSharingLevel},
		}}, &out)
	return out, err
}

// DatabaseDetails returns a database and the caller's permissions on it.
func (c *Client) DatabaseDetails(ctx context.Context, entity, database string) (DatabaseDetails, error) {
	var out DatabaseDetails
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "details"),
		auth: optional, success: http.StatusOK}, &out)
	return out, err
}

// DatabaseRights is DatabaseDetails without ForkedFrom and Forks, which takes less time.
func (c *Client) DatabaseRights(ctx context.Context, entity, database string) (DatabaseDetails, error) {
	var out DatabaseDetails
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "details?lineage=no"),
		auth: optional, success: http.StatusOK}, &out)
	return out, err
}

// Entity returns an entity's profile and the databases that the caller may discover.
func (c *Client) Entity(ctx context.Context, entity string) (Entity, error) {
	var out Entity
	err := c.do(ctx, call{method: http.MethodGet, path: EntityPath(entity),
		auth: optional, success: http.StatusOK}, &out)
	return out, err
}

// Tokens lists the caller's valid API tokens, newest first. It requests pages; servers
// without pages return all tokens at once.
func (c *Client) Tokens(ctx context.Context) ([]Token, error) {
	const page = RouteTokens + "?limit=500"
	var all []Token
	for path := page; ; {
		var out Tokens
		if err := c.do(ctx, call{method: http.MethodGet, path: path, auth: bearer, success: http.StatusOK}, &out); err != nil {
			return nil, err
		}
		all = append(all, out.Tokens...)
		if out.Next == "" {
			return all, nil
		}
		path = page + "&after=" + url.QueryEscape(out.Next)
	}
}

// RevokeToken revokes one of the caller's API tokens, given by its short part.
func (c *Client) RevokeToken(ctx context.Context, short string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: TokenPath(short), auth: bearer, success: http.StatusOK}, nil)
}

// do makes a call, within callTimeout unless it is long, and decodes its
// answer into out, which may be nil.
func (c *Client) do(ctx context.Context, k call, out any) error {
	if !k.long {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callTimeout)
		defer cancel()
	}
	resp, err := c.open(ctx, k) //nolint:bodyclose // decode closes it
	if err != nil {
		return err
	}
	return c.decode(ctx, resp, out)
}

// open makes a call and returns a successful answer with an unread body, which the
// caller closes. Any other status is an error.
func (c *Client) open(ctx context.Context, k call) (*http.Response, error) {
	if k.auth == bearer && c.token == "" {
		return nil, errs.E(errs.Unauthenticated, "Calling endpoint that requires client API token, but none provided")
	}
	req, err := c.request(ctx, k)
	if err != nil {
		return nil, err
	}
	via := c.http
	if k.long {
		via = c.long
	}
	resp, err := via.Do(req)
	if err != nil {
		return nil, c.transportError(ctx, err)
	}
	if resp.StatusCode == k.success {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }() // a failure to close changes nothing
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && to != "" {
		return nil, errs.E(errs.Invalid, "The server at %s redirects to %s; use the address of the redirect as the server URL", c.base, to)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return nil, c.transportError(ctx, err)
	}
	return nil, ToError(resp.StatusCode, text)
}
