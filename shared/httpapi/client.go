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
	headerTimeout = 10 * time.Minute // statements may queue and run that long
	callTimeout   = 60 * time.Second // calls other than queries, as a whole
	longTimeout   = 6 * time.Hour    // until a call that is long begins to be answered
	startTimeout  = 3 * time.Second  // until a body is sent to a server that does not say go on
	maxAnswer     = 64 << 20         // bytes of an answer other than a query's
	maxErrorBody  = 1 << 20
)

// ClientConfig says where a Client finds its server and who it speaks for.
type ClientConfig struct {
	// URL is the base URL of the server; API paths are appended to it.
	URL string
	// Token is an API token, or empty for an anonymous caller.
	Token string
	// UserAgent is sent with every request when it is not empty.
	UserAgent string
}

// ClientDeps are the parts a Client may be given.
type ClientDeps struct {
	// Transport carries the requests. Nil means a transport of the client's
	// own, with bounded time to connect, and the environment's proxies.
	Transport http.RoundTripper
}

// Client calls the HTTP API. Every error is an *errs.Error: what the server
// answered, or one sentence of ours when no answer came. It is safe for
// concurrent use.
type Client struct {
	base  string
	token string
	agent string
	http  *http.Client
	long  *http.Client // for calls that work on all of a database
}

// NewClient makes a client. It contacts nobody; the error is Invalid for a
// URL or a token that cannot be used.
func NewClient(cfg ClientConfig, deps ClientDeps) (*Client, error) {
	base, err := NormalizeURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	token := strings.TrimSpace(cfg.Token)
	if !visibleASCII(token) {
		return nil, errs.E(errs.Invalid, "The API token contains characters that no token has")
	}
	short, long := deps.Transport, deps.Transport
	if deps.Transport == nil {
		short, long = newTransport(headerTimeout), newTransport(longTimeout)
	}
	return &Client{base: base, token: token, agent: cfg.UserAgent, http: over(short), long: over(long)}, nil
}

func over(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a POST must not become a GET, nor a token leave its host
		},
	}
}

// newTransport makes a transport that waits for the begin of an answer for so
// long.
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

// posture says whether a call sends the API token.
type posture int

const (
	anonymous posture = iota // never
	optional                 // when there is one
	bearer                   // always; the call fails here without one
)

// call describes one request.
type call struct {
	method  string
	path    string
	posture posture
	params  params
	body    []byte
	json    bool // the body is JSON
	accept  string
	success int
	// long calls have no time limit of their own besides longTimeout, and are
	// answered without compression: what counts is how far they are.
	long bool
	// upload is a body of any size, in place of body; size is negative when it
	// is not known, and coding what it is compressed with.
	upload io.Reader
	size   int64
	coding string
}

// Health asks whether the server is ready for requests.
func (c *Client) Health(ctx context.Context) error {
	return c.do(ctx, call{method: http.MethodGet, path: RouteHealth, success: http.StatusOK}, nil)
}

// Register asks for a registration mail.
func (c *Client) Register(ctx context.Context, r RegisterRequest) (MailSent, error) {
	var out MailSent
	err := c.do(ctx, call{method: http.MethodPost, path: RouteRegister, success: http.StatusOK, params: params{
		{HeaderEntity, r.Entity}, {HeaderEmailAddress, r.EmailAddress}, {HeaderEntityType, r.EntityType},
	}}, &out)
	return out, err
}

// LogIn asks for a log-in mail.
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
		posture: bearer, success: http.StatusCreated, params: params{
			{HeaderDBType, r.DBType}, {HeaderPublicSharingLevel, r.PublicSharingLevel},
		}}, &out)
	return out, err
}

// DatabaseDetails tells what a database is and what the caller may do with it.
func (c *Client) DatabaseDetails(ctx context.Context, entity, database string) (DatabaseDetails, error) {
	var out DatabaseDetails
	err := c.do(ctx, call{method: http.MethodGet, path: DatabasePath(entity, database, "details"),
		posture: optional, success: http.StatusOK}, &out)
	return out, err
}

// Entity gives an entity's profile and the databases the caller may discover.
func (c *Client) Entity(ctx context.Context, entity string) (Entity, error) {
	var out Entity
	err := c.do(ctx, call{method: http.MethodGet, path: EntityPath(entity),
		posture: optional, success: http.StatusOK}, &out)
	return out, err
}

// Tokens lists the caller's live API tokens, newest first. It asks for pages;
// servers that know none give all at once.
func (c *Client) Tokens(ctx context.Context) ([]Token, error) {
	const page = RouteTokens + "?limit=500"
	var all []Token
	for path := page; ; {
		var out Tokens
		if err := c.do(ctx, call{method: http.MethodGet, path: path, posture: bearer, success: http.StatusOK}, &out); err != nil {
			return nil, err
		}
		all = append(all, out.Tokens...)
		if out.Next == "" {
			return all, nil
		}
		path = page + "&after=" + url.QueryEscape(out.Next)
	}
}

// RevokeToken ends one of the caller's API tokens, named by its short part.
func (c *Client) RevokeToken(ctx context.Context, short string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: TokenPath(short), posture: bearer, success: http.StatusOK}, nil)
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

// open makes a call and returns the answer of a success with its body unread;
// the caller closes it. Any other status is an error.
func (c *Client) open(ctx context.Context, k call) (*http.Response, error) {
	if k.posture == bearer && c.token == "" {
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
	defer func() { _ = resp.Body.Close() }() // only its text matters
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && to != "" {
		return nil, errs.E(errs.Invalid, "The server at %s answers with a redirect to %s; use the address it leads to as the server URL", c.base, to)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return nil, c.transportError(ctx, err)
	}
	return nil, ToError(resp.StatusCode, text)
}
