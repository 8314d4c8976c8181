package tests

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/tests/harness"
)

// The example application of the documentation works with the server in a real
// browser: allowed and denied, and its token can do what was granted.
func TestTodoApp(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("todo.sqlite")
	alice.Create("other.sqlite")
	app := httptest.NewServer(appFiles("../docs/examples/todo", "../web/client/dist"))
	t.Cleanup(app.Close)
	start := app.URL + "/?server=" + url.QueryEscape(srv.URL)
	b := newTab(t, startChromium(t))

	// J6: the application comes back to the address that it asked for.
	b.open(start).click("#connect button")
	b.open(b.askForMail(srv, srv.URL, "alice")).waitTitle("Authorize Todo").click("button[value=deny]")
	b.says("#message", "Authorization failed: ")
	b.open(start).click("#connect button").waitTitle("Authorize Todo")
	b.fill("#database-select", "alice/todo.sqlite").click("#authorize-btn")
	b.says("#database", "alice/todo.sqlite")
	b.fill("#add input", "Feed the cat's kitten").click("#add button")
	b.says("#items li span", "Feed the cat's kitten").click("#items li button")
	b.says("#items li.done span", "Feed the cat's kitten")
	if got := alice.Cell("todo.sqlite", "SELECT text || done FROM todo"); got != "Feed the cat's kitten1" {
		t.Errorf("the database has %s", got)
	}
	token := eval[string](b, "JSON.parse(sessionStorage.getItem('ayb_Todo')).token")
	granted := srv.Client(token)
	if _, err := granted.Query(t.Context(), "alice", "other.sqlite", "SELECT 1"); err == nil {
		t.Error("the token is good for another database")
	}
	if _, err := granted.Tokens(t.Context()); err == nil {
		t.Error("the token lists the tokens of the account")
	}
	b.open(app.URL+"/").says("#items li.done span", "Feed the cat's kitten") // the session is restored
	b.click("#disconnect")
	harness.Until(t, "the token to be revoked", func() bool {
		_, err := granted.Query(t.Context(), "alice", "todo.sqlite", "SELECT 1")
		return err != nil
	})
}

// The published client of the reference works, as far as its contract says.
func TestPublishedClient(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("app.sqlite")
	app := httptest.NewServer(appFiles("testdata/published"))
	t.Cleanup(app.Close)
	start := app.URL + "/?server=" + url.QueryEscape(srv.URL)
	b := newTab(t, startChromium(t))

	b.open(start).says("#message", "ready").click("#connect")
	b.open(b.askForMail(srv, srv.URL, "alice")).waitTitle("Authorize Published app")
	b.fill("#database-select", "alice/app.sqlite").click("#authorize-btn")
	b.says("#message", `{"level":"read-write","fields":["a","b","n"],"rows":[["it's",null,"1"]],"refused":"Query failed: {`)
	b.open(start).says("#message", "ready").click("#connect").waitTitle("Authorize Published app").click("button[value=deny]")
	b.says("#message", "Authorization failed: access_denied")
}

// appFiles serves the files of directories, the first that has one.
func appFiles(dirs ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, dir := range dirs {
			if f, err := http.Dir(dir).Open(r.URL.Path); err == nil {
				_ = f.Close() // it was only looked for
				http.FileServer(http.Dir(dir)).ServeHTTP(w, r)
				return
			}
		}
		http.NotFound(w, r)
	})
}

// says waits for an element whose text begins so.
func (b *tab) says(selector, text string) *tab {
	b.t.Helper()
	is := ""
	harness.Until(b.t, selector+" to say "+text, func() bool {
		is = eval[string](b, `document.querySelector("`+selector+`")?.textContent ?? ""`)
		return strings.HasPrefix(is, text)
	})
	return b
}
