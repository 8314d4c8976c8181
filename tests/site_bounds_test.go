package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/tests/harness"
)

// Pages are made in the memory of the server, so what a tenant has stored cannot make
// one of any size.
func TestPagesAreBounded(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("big.sqlite")
	var columns, values strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&columns, ", c%d", i)
		values.WriteString(", zeroblob(400)")
	}
	alice.Exec("big.sqlite", "CREATE TABLE wide(id INTEGER PRIMARY KEY"+columns.String()+")")
	alice.Exec("big.sqlite", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120) INSERT INTO wide SELECT i"+values.String()+" FROM n")
	alice.Exec("big.sqlite", "CREATE TABLE huge(id INTEGER PRIMARY KEY, a, b); INSERT INTO huge VALUES (1, zeroblob(20000000), printf('%.*c', 3000000, 'x'))")
	b := newBrowser(t)
	b.logIn(srv, "alice")
	base := srv.URL + "/alice/big.sqlite"
	const most = 8 << 20
	query := func(sql string) page {
		return b.open(base).send("/alice/big.sqlite/query", "query", sql)
	}
	long := "SELECT printf('%.*c', 1900, 'x')" + strings.Repeat(", printf('%.*c', 1900, 'x')", 99) + " FROM wide LIMIT 500"
	for what, p := range map[string]page{
		"a wide table":            b.open(base + "/data?table=wide"),
		"a wide row":              b.open(base + "/data/row?table=wide&key=WzFd"),
		"a row of long values":    b.open(base + "/data/row?table=huge&key=WzFd"),
		"a long value":            b.open(base + "/data/cell?table=huge&key=WzFd&column=a"),
		"a result of long values": query(long),
		"many results":            query(strings.Repeat("SELECT 1;", 2000)),
		"the page of a database":  b.open(base),
	} {
		if (p.status != http.StatusOK && what != "a wide row") || len(p.body) > most {
			t.Errorf("%s: %d, %d bytes", what, p.status, len(p.body))
		}
	}
	for what, p := range map[string]page{
		"a row of a result":     query("SELECT a FROM huge"),
		"a row of a download":   b.do(http.MethodPost, base+"/query", map[string][]string{"query": {"SELECT a FROM huge"}, "format": {"csv"}}, nil),
		"the names of a result": query("SELECT 1 AS \"" + strings.Repeat("x", 100) + "\"" + strings.Repeat(", 1 AS \""+strings.Repeat("x", 400)+"\"", 1900)),
	} {
		if what != "the names of a result" && (p.status != http.StatusRequestEntityTooLarge || !strings.Contains(p.body, "larger than")) || len(p.body) > most {
			t.Errorf("%s: %d, %d bytes: %.300s", what, p.status, len(p.body), p.body)
		}
	}
	if p := b.open(base + "/data/cell?table=huge&key=WzFd&column=b"); !strings.Contains(p.body, "too large for a page") {
		t.Errorf("a long text: %.500s", p.body)
	}
}
