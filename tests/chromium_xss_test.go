package tests

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// Texts of tenants stay texts, wherever a page shows them: none of a hundred texts that
// try to run T() in a page does, and no page violates its policy.
func TestTextsOfTenantsDoNotRun(t *testing.T) {
	corpus, err := os.ReadFile("testdata/xss.txt")
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(strings.TrimSuffix(string(corpus), "\n"), "\n")
	if len(texts) < 100 {
		t.Fatalf("%d texts", len(texts))
	}
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("x.sqlite")
	x := xss{t: t, srv: srv, user: alice, texts: texts, tab: newTab(t, startChromium(t))}
	x.tab.open(x.tab.open(srv.URL+"/log_in").askForMail(srv, srv.URL, "alice")).want("alice")
	x.trap()
	x.schema()
	t.Run("tables", x.tables)
	t.Run("results", x.results)
	t.Run("profiles", x.profiles)
	t.Run("addresses", x.addresses)
	t.Run("tokens and applications", x.tokens)
}

// xss shows texts on pages.
type xss struct {
	t     *testing.T
	srv   *harness.Server
	user  *harness.User
	texts []string
	tab   *tab
}

// trap records in every page that T ran.
func (x *xss) trap() {
	x.tab.do(chromedp.EmulateViewport(1280, 720), func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{
			Source: `window.T = () => { document.documentElement.dataset.ran = "yes"; }; window.alert = window.T;`})
		return chromedp.Void{}, err
	})
}

// show opens a page, and fails the test if something in it ran or violated the policy.
func (x *xss) show(t *testing.T, path, where string) {
	t.Helper()
	x.tab.t = t
	x.tab.open(x.srv.URL + path)
	x.still(t, where)
}

// still fails the test if something ran. It moves over everything first, because some
// texts wait for the pointer.
func (x *xss) still(t *testing.T, where string) {
	t.Helper()
	harness.Until(t, "the page of "+where, func() bool { return eval[bool](x.tab, "document.readyState === 'complete'") })
	ran := eval[bool](x.tab, `(() => {
		for (const e of document.querySelectorAll("body *")) {
			for (const kind of ["pointerenter", "pointerover", "mouseover", "focus", "toggle", "animationstart"]) {
				e.dispatchEvent(new Event(kind));
			}
		}
		return document.documentElement.dataset.ran === "yes";
	})()`)
	if ran {
		t.Errorf("a script ran: %s", where)
	}
	for _, link := range eval[[]string](x.tab, `[...document.querySelectorAll("a[href], form[action], [src]")].map((e) => (e.href?.baseVal ?? e.href ?? e.action ?? e.src) + "").filter((u) => !/^https?:/.test(u) && u !== "")`) {
		t.Errorf("an address is %q: %s", link, where)
	}
	x.tab.content()
}

// literal returns a text as SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// tableOf is a name with a text; SQLite does not tell names apart by case.
func tableOf(i int, text string) string { return text + strings.Repeat(" ", i) }

func identifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// schema makes a table for each text, and one whose columns, types, indexes and cells
// are texts.
func (x *xss) schema() {
	var script, columns, values strings.Builder
	for i, text := range x.texts {
		fmt.Fprintf(&script, "CREATE TABLE %s(%s %s, b DEFAULT %s);\n", identifier(tableOf(i, text)), identifier("c "+text), identifier(text), literal(text))
		if i < 60 {
			fmt.Fprintf(&columns, ", %s", identifier(tableOf(i, text)))
			fmt.Fprintf(&values, ", %s", literal(text))
		}
	}
	fmt.Fprintf(&script, "CREATE TABLE a_all(id INTEGER PRIMARY KEY%s); INSERT INTO a_all VALUES (1%s);\n", columns.String(), values.String())
	for i, text := range x.texts {
		fmt.Fprintf(&script, "INSERT INTO a_all(id, %s) VALUES (%d, %s);\n", identifier(tableOf(0, x.texts[0])), i+2, literal(text+strings.Repeat(" ", 300)+text))
	}
	fmt.Fprintf(&script, "CREATE INDEX %s ON a_all(%s);", identifier("i "+x.texts[0]), identifier(tableOf(1, x.texts[1])))
	x.user.Exec("x.sqlite", script.String())
}

func (x *xss) tables(t *testing.T) {
	x.show(t, "/alice/x.sqlite/data?table=a_all", "a table of texts")
	x.show(t, "/alice/x.sqlite/data/row?table=a_all&key=WzFd", "the form of a row")
	x.show(t, "/alice/x.sqlite/transfer", "export and import")
	x.show(t, "/alice/x.sqlite/settings", "settings")
	for i, text := range x.texts {
		q := url.QueryEscape(tableOf(i, text))
		x.show(t, "/alice/x.sqlite/data?table="+q, "the table "+text)
		x.show(t, fmt.Sprintf("/alice/x.sqlite/data/cell?table=a_all&key=%s&column=%s", url.QueryEscape(position(i+2)), url.QueryEscape(tableOf(0, x.texts[0]))), "the cell "+text)
	}
}

// position is the key of a row in addresses.
func position(id int) string {
	text, err := json.Marshal([]int{id})
	if err != nil {
		panic(err) // numbers always encode
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func (x *xss) results(t *testing.T) {
	x.tab.t = t
	var columns []string
	for _, text := range x.texts {
		columns = append(columns, literal(text)+" AS "+identifier(text))
	}
	for where, sql := range map[string]string{
		"a result":         "SELECT " + strings.Join(columns, ", "),
		"an error":         "SELECT " + identifier(x.texts[0]+x.texts[20]) + " FROM nothing",
		"another error":    "SELECT * FROM " + identifier(x.texts[30]+"none"),
		"several results":  "SELECT " + columns[0] + "; SELECT " + columns[1],
		"the text of SQL":  "SELECT 1 -- " + strings.Join(x.texts, " "),
		"a broken literal": "SELECT '" + x.texts[7],
	} {
		x.tab.open(x.srv.URL + "/alice/x.sqlite#query?" + url.Values{"sql": {sql}}.Encode())
		x.still(t, where+", before")
		x.tab.do(chromedp.SetValue(chromedp.CSS("#query"), sql))
		x.tab.click("#run-query-btn")
		harness.Until(t, where, func() bool {
			return eval[bool](x.tab, "document.querySelector('#query-results')?.textContent.trim() !== ''")
		})
		x.still(t, where)
	}
}

func (x *xss) profiles(t *testing.T) {
	for i, text := range x.texts {
		at := func(n int) *string { return &x.texts[(i+n)%len(x.texts)] }
		_ = x.user.UpdateProfile(t.Context(), "alice", httpapi.ProfileUpdate{ // some texts are refused
			"display_name": &text, "description": at(1), "organization": at(2), "location": at(3)})
		x.show(t, "/alice?edit=profile", "the profile "+text)
	}
	for _, link := range []string{"javascript:T()", "data:text/html,<script>T()</script>", `https://example.org/"><script>T()</script>`, "https://example.org/?<img src=x onerror=T()>"} {
		update := httpapi.ProfileUpdate{}
		if err := update.SetLinks(link); err != nil {
			t.Fatal(err)
		}
		_ = x.user.UpdateProfile(t.Context(), "alice", update) // most are refused
		x.show(t, "/alice", "the link "+link)
	}
}

func (x *xss) addresses(t *testing.T) {
	for i, text := range x.texts {
		path, q := url.PathEscape(text), url.QueryEscape(text)
		addresses := []string{
			"/" + path, "/alice/" + path, "/alice/x.sqlite/" + path, "/assets/" + path, "/log_in?next=" + q,
			"/alice/x.sqlite/data?table=a_all&sort=" + q + "&after=" + q, "/alice/x.sqlite/data?table=a_all&column[]=" + q + "&operator[]=" + q + "&value[]=" + q,
			"/alice/x.sqlite/remove_access?entity=" + q,
		}
		for n := range 3 { // each address gets every third text at least
			address := addresses[(3*i+n)%len(addresses)]
			x.show(t, address, address)
		}
	}
}

func (x *xss) tokens(t *testing.T) {
	for _, text := range x.texts {
		_, _ = x.user.CreateToken(t.Context(), httpapi.NewTokenRequest{Name: text}) // some names are refused
		query := url.Values{
			"response_type": {"code"}, "redirect_uri": {"http://localhost:1/cb"}, "scope": {"read-only"}, "code_challenge": {strings.Repeat("a", 43)},
			"code_challenge_method": {"S256"}, "app_name": {text}, "state": {text},
		}
		x.show(t, "/oauth/authorize?"+query.Encode(), "the application "+text)
	}
	x.show(t, "/settings/tokens", "the tokens")
}
