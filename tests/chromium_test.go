package tests

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/tests/harness"
)

// tab is a tab of a real Chromium with its own cookies. It records all
// complaints of the browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// localName is a name of the loopback address for which Chromium makes no
// exceptions, like a server on plain HTTP in a local network.
const localName = "ayb.internal"

// startChromium starts a Chromium and ends it with the test.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.NoSandbox, // it is root that runs tests, and the pages are ours
		chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-features", "Translate,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable"),
		chromedp.Flag("host-resolver-rules", "MAP "+localName+" 127.0.0.1"),
	))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start (tests/setup.sh installs it): %v", err)
	}
	// Only now, because ending a browser that has not started takes forever.
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("Chromium did not end well: %v", err)
		}
	})
	return ctx
}

// newTab opens a tab of the size of a small phone.
func newTab(t *testing.T, chromium context.Context) *tab {
	t.Helper()
	b := &tab{t: t}
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.note))
	t.Cleanup(cancel)
	b.ctx = ctx
	b.do(chromedp.EmulateViewport(phoneWidth, 640))
	return b
}

const phoneWidth = 360

// note records errors that scripts cause or report, and messages of the browser
// about the page, such as violated policies.
func (b *tab) note(event any) {
	what := ""
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelWarning || e.Entry.Level == log.EntryLevelError {
			what = fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		what = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		what = "console: " + string(e.Type)
	}
	if what != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.complaints = append(b.complaints, what)
	}
}

// requests returns the complaints since its last call.
func (b *tab) requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.complaints
	b.complaints = nil
	return c
}

// content fails the test if the browser complained about anything but a status.
func (b *tab) content() {
	b.t.Helper()
	for _, c := range b.requests() {
		if !strings.Contains(c, "the server responded with a status of 4") {
			b.t.Errorf("the browser complains: %s", c)
		}
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%v; the browser said %q", err, b.requests())
	}
}

func (b *tab) open(address string) *tab {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
	return b
}

func (b *tab) fill(selector, text string) *tab {
	b.t.Helper()
	b.do(chromedp.SendKeys(chromedp.CSS(selector), text))
	return b
}

func (b *tab) click(selector string) *tab {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
	return b
}

// eval evaluates an expression in a page. It returns the zero value while the
// page is being replaced.
func eval[T any](b *tab, expression string) T {
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil && b.ctx.Err() != nil {
		b.t.Fatal(err)
	}
	return got
}

// want waits for a page with this title, which must fit on the screen, and takes
// a screenshot (go test -artifacts keeps it).
func (b *tab) want(title string) *tab {
	b.t.Helper()
	is := ""
	deadline := time.Now().Add(20 * time.Second)
	for is != title+" - ayb" {
		if time.Now().After(deadline) {
			b.t.Fatalf("title %q at %s, want %q; the browser said %q", is, eval[string](b, "location.href"), title, b.requests())
		}
		harness.Pause()
		is = eval[string](b, "document.readyState === 'complete' ? document.title : ''")
	}
	if wide := eval[int](b, "document.documentElement.scrollWidth"); wide > phoneWidth {
		b.t.Errorf("%q is %d pixels wide", title, wide)
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	name := fmt.Sprintf("%d-%s.png", time.Now().UnixMilli(), strings.NewReplacer(" ", "-", "/", "-").Replace(title))
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name), picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.content()
	return b
}

// withoutScript disables scripts in this tab.
func (b *tab) withoutScript() *tab {
	b.t.Helper()
	b.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return chromedp.Void{}, err
	})
	return b
}

// askForMail sends the form for logging in, and returns the link in the mail.
// base is the server's URL for this browser.
func (b *tab) askForMail(srv *harness.Server, base, name string) (link string) {
	b.t.Helper()
	before := len(srv.MailedTokens(harness.Address(name)))
	b.want("Log in").fill("#username", name).click("button.main").want("Check email")
	u, err := url.Parse(mailedLink(b.t, srv, name, before))
	if err != nil {
		b.t.Fatal(err)
	}
	return base + u.EscapedPath()
}
