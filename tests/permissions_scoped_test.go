package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	apitoken "github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// mint creates a token of an account for one of Olivia's databases.
func (w *permissionTest) mint(name, db string, level ayb.QueryLevel) (c caller, short string) {
	w.t.Helper()
	e, err := w.store.EntityBySlug(w.t.Context(), ayb.EntitySlug(name))
	if err != nil {
		w.t.Fatal(err)
	}
	d, err := w.store.DatabaseByPath(w.t.Context(), ayb.DatabasePath{Entity: "olivia", Database: ayb.DatabaseSlug(db)})
	if err != nil {
		w.t.Fatal(err)
	}
	made := apitoken.NewAPI()
	err = w.store.CreateToken(w.t.Context(), meta.APIToken{Short: made.Short, Hash: made.Hash(), Entity: e.ID,
		Scope: &meta.Scope{Database: d.ID, Level: level}, CreatedAt: time.Now()})
	if err != nil {
		w.t.Fatal(err)
	}
	return caller{w, made.String()}, made.Short
}

// S2: the table for scoped tokens, for every account, level and limit.
func (w *permissionTest) scopedTokens(t *testing.T) {
	for _, name := range callers[1:] {
		for _, level := range w.levels {
			for _, limit := range []ayb.QueryLevel{ayb.QueryReadOnly, ayb.QueryReadWrite} {
				w.forEachCaller(t, fmt.Sprintf("%s/%s/token %s", name, level, limit), func() { w.scopedCell(name, level, limit) })
			}
		}
	}
}

func (w *permissionTest) scopedCell(name, level string, limit ayb.QueryLevel) {
	c, short := w.mint(name, level, limit)
	r := plain(name, level)
	r.manage = false
	if limit == ayb.QueryReadOnly && r.query == ayb.QueryReadWrite {
		r.query = ayb.QueryReadOnly
	}
	w.queries(c, name, level, r)
	if got := c.export(level); (got.status == 200) != (r.query != ayb.QueryNone) {
		w.t.Errorf("export: %d", got.status)
	}
	for _, got := range []reply{c.importCSV(level), c.fork(level, name+"/x"), c.replaceBy(level, "x"), c.snapshots(level), c.takeSnapshot(level),
		c.restore(level), c.rename(level, "olivia/x"), c.deleteDatabase(level), c.undelete(level)} {
		w.want(got, 403, outside)
	}
	for _, db := range w.levels {
		seen := plain("anonymous", db)
		if db == level {
			seen = r
		} else {
			w.want(c.query(db, "SELECT 1 AS one"), 403, other("query database", name, db))
			w.asks(c, name, db, rights{})
			w.want(c.export(db), 403, other("query database", name, db))
		}
		if got := slices.Contains(c.listed(), db); got != seen.discover {
			w.t.Errorf("%s listed is %t", db, got)
		}
		if seen.discover {
			w.want(c.details(db), 200, detailsOf(seen, db))
		} else {
			w.want(c.details(db), 403, `{"type":"Unauthorized","message":"Authenticated entity `+name+` can't access database olivia/`+db+`"}`)
		}
		w.want(c.permissions(db), 403, outside)
		w.want(c.usage(db), 403, outside)
		w.want(c.update(db, "read-only"), 403, outside)
		w.want(c.share(db, name, "manager"), 403, outside)
		w.want(c.share(db, "olivia", "manager"), 403, outside)
	}
	w.want(c.do("POST", "/v1/"+name+"/made/create", "", "db-type", "sqlite"), 403, outside)
	w.want(c.do("PATCH", "/v1/entity/"+name, `{"display_name":"x"}`), 403, outside)
	w.want(c.do("DELETE", "/v1/entity/"+name, ""), 403, outside)
	w.want(c.do("GET", "/v1/tokens", ""), 403, outside)
	plainShort := strings.Split(w.token[name], "_")[1]
	w.want(c.do("DELETE", "/v1/tokens/"+plainShort, ""), 403, `{"type":"Unauthorized","message":"A token that is limited to one database can only revoke itself"}`)
	w.want(c.do("DELETE", "/v1/tokens/"+short, ""), 200, `{}`)
	w.want(c.query(level, "SELECT 1 AS one"), 401, `{"type":"InvalidToken","message":"API token has been revoked"}`)
}
