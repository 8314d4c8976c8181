package tests

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/ayb-go/ayb/tests/harness"
)

// browser acts like a web browser for a user: with cookies, redirects and forms,
// and without scripts.
type browser struct {
	t    *testing.T
	http *http.Client
}

// page is the page that the browser shows.
type page struct {
	b      *browser
	url    *url.URL
	status int
	header http.Header
	body   string
	doc    *html.Node
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, http: &http.Client{Jar: jar}}
}

func (b *browser) open(address string) page { return b.do(http.MethodGet, address, nil, nil) }

// do sends a form, or requests a page if form is nil.
func (b *browser) do(method, address string, form url.Values, header http.Header) page {
	b.t.Helper()
	if form != nil {
		header = header.Clone()
		if header == nil {
			header = http.Header{}
		}
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.send(method, address, strings.NewReader(form.Encode()), header)
}

// send sends a request with any body.
func (b *browser) send(method, address string, body io.Reader, header http.Header) page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := html.Parse(bytes.NewReader(answer))
	if err != nil {
		b.t.Fatal(err)
	}
	return page{b, resp.Request.URL, resp.StatusCode, resp.Header, string(answer), doc}
}

// want fails the test unless the page has this title.
func (p page) want(title string) page {
	p.b.t.Helper()
	if got := p.title(); got != title+" - ayb" {
		p.b.t.Fatalf("%s: %d, title %q, want %q\n%s", p.url, p.status, got, title, p.body)
	}
	return p
}

func (p page) title() string {
	for n := range p.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "title" && n.FirstChild != nil {
			return n.FirstChild.Data
		}
	}
	return ""
}

// form returns the first form of the page that goes to this path: its exact
// address and its fields with values.
func (p page) form(path string) (action *url.URL, fields url.Values) {
	p.b.t.Helper()
	for n := range p.doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || !strings.HasPrefix(attr(n, "action"), path) {
			continue
		}
		action, err := p.url.Parse(attr(n, "action"))
		if err != nil {
			p.b.t.Fatal(err)
		}
		fields := url.Values{}
		for in := range n.Descendants() {
			if in.Type == html.ElementNode && in.Data == "input" && attr(in, "type") == "hidden" {
				fields.Add(attr(in, "name"), attr(in, "value"))
			}
		}
		return action, fields
	}
	p.b.t.Fatalf("%s has no form for %s:\n%s", p.url, path, p.body)
	return nil, nil
}

// send fills in a form of the page and sends it with the headers of a current
// browser.
func (p page) send(path string, fields ...string) page {
	p.b.t.Helper()
	action, form := p.form(path)
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return p.b.do(http.MethodPost, action.String(), form, http.Header{
		"Origin": {action.Scheme + "://" + action.Host}, "Sec-Fetch-Site": {"same-origin"},
	})
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// mailedLink waits for a new mail to a user, and returns the link in it. before
// is the number of earlier mails.
func mailedLink(t *testing.T, srv *harness.Server, name string, before int) string {
	t.Helper()
	var tokens []string
	harness.Until(t, "a mail to "+name, func() bool {
		tokens = srv.MailedTokens(harness.Address(name))
		return len(tokens) > before
	})
	return srv.URL + "/confirm/" + url.QueryEscape(tokens[len(tokens)-1])
}

// logIn logs the browser in by mail.
func (b *browser) logIn(srv *harness.Server, name string) {
	b.t.Helper()
	before := len(srv.MailedTokens(harness.Address(name)))
	b.open(srv.URL+"/log_in").send("/log_in", "username", name).want("Check email")
	b.open(mailedLink(b.t, srv, name, before)).send("/confirm/").want("Confirmation successful")
}
