package controlplane_test

import (
	"fmt"
	"strings"
	"testing"
)

// dataCall is one of the operations on all data of a database.
type dataCall struct {
	name string
	// The callers that may do it: readers may query, forkers may fork.
	who    string
	call   func(w *world, auth, db string) answer
	denied string // after the name of the caller
}

func dataCalls() []dataCall {
	get := func(what string) func(w *world, auth, db string) answer {
		return func(w *world, auth, db string) answer {
			return w.do("GET", "/v1/"+db+"/"+what, "", "Authorization", auth)
		}
	}
	post := func(what, body string) func(w *world, auth, db string) answer {
		return func(w *world, auth, db string) answer {
			return w.do("POST", "/v1/"+db+"/"+what, body, "Authorization", auth)
		}
	}
	return []dataCall{
		{"export", "readers", get("export"), "query database"},
		{"export of a query", "readers", get("export?format=csv&query=SELECT%201"), "query database"},
		{"import", "writers", post("import?format=csv&table=t", "x"), "import into database"},
		{"script", "writers", post("import?format=sql", "x"), "import into database"},
		{"replace", "managers", post("import?format=sqlite&mode=replace", "a state"), "replace database"},
		{"fork", "forkers", nil, "fork database"},
		{"list snapshots", "managers", get("list_snapshots"), "manage snapshots on database"},
		{"take a snapshot", "managers", post("snapshots", ""), "manage snapshots on database"},
		{"restore", "managers", post("restore_snapshot", idOf("a state")), "manage snapshots on database"},
		{"rename", "owner", func(w *world, auth, db string) answer { return w.rename(auth, db, "olivia/moved-"+db[len("olivia/"):]) }, "rename database"},
		{"delete", "owner", func(w *world, auth, db string) answer { return w.remove(auth, db) }, "delete database"},
	}
}

// may is the table of rights; a caller's name is the grant that olivia has given.
func may(who, caller, level string) bool {
	open := level == "read-only"
	switch {
	case caller == "olivia":
		return true
	case who == "owner":
		return false
	case caller == "manager":
		return true
	case who == "managers":
		return false
	case caller == "writer":
		return true
	case who == "writers":
		return false
	case caller == "reader":
		return true
	case who == "readers":
		return open
	default: // forkers
		return open || level == "fork"
	}
}

// The rights to export, import, fork, snapshot and restore with a plain token, and the
// answers of refusals.
func TestDataRights(t *testing.T) {
	w := newWorld(t)
	tokens := map[string]string{}
	callers := []string{"stranger", "reader", "writer", "manager", "olivia"}
	for _, c := range callers {
		tokens[c] = w.account(c)
	}
	made := 0
	for _, level := range []string{"no-access", "fork", "read-only"} {
		w.mustCreate(tokens["olivia"], "olivia/"+level)
		w.node.write(path("olivia", level), "a state")
		for _, c := range callers[1:4] {
			w.mustShare(tokens["olivia"], "olivia/"+level, c, map[string]string{"reader": "read-only", "writer": "read-write", "manager": "manager"}[c])
		}
		w.publish(tokens["olivia"], "olivia/"+level, level)
		for _, op := range dataCalls() {
			call := op.call
			for _, c := range callers {
				if op.name == "fork" {
					made++
					call = func(w *world, auth, db string) answer { return w.fork(auth, db, fmt.Sprintf("%s/fork%d", c, made)) }
				}
				if anonymous := w.do("GET", "/v1/olivia/"+level+"/export", ""); anonymous.status != 401 {
					t.Errorf("anonymous: %d %s", anonymous.status, anonymous.body)
				}
				got := call(w, tokens[c], "olivia/"+level)
				read := c == "reader" || c == "stranger" && level == "read-only"
				switch {
				case may(op.who, c, level):
					if got.status >= 300 {
						t.Errorf("%s by %s on %s: %d %s", op.name, c, level, got.status, got.body)
					}
				case op.who == "writers" && read:
					w.want(got, 403, `{"type":"NoWriteAccessError","message":"Attempted to write to database while in read-only mode"}`)
				default:
					w.wantOther(got, 403, "Authenticated entity "+c+" can't "+op.denied+" olivia/"+level)
					// S22: the same for a missing database.
					missing := call(w, tokens[c], "olivia/missing")
					if missing.status != got.status || missing.body != strings.ReplaceAll(got.body, "olivia/"+level, "olivia/missing") {
						t.Errorf("%s by %s of a missing one: %d %s", op.name, c, missing.status, missing.body)
					}
				}
			}
			w.back(tokens["olivia"], level)
		}
	}
}

// back undoes a rename or deletion by the owner.
func (w *world) back(owner, level string) {
	w.t.Helper()
	if got := w.do("GET", "/v1/olivia/"+level+"/details", "", "Authorization", owner); strings.Contains(got.body, `"database_slug":"moved-`) {
		w.want(w.rename(owner, "olivia/moved-"+level, "olivia/"+level), 200, `{}`)
	}
	if got := w.do("GET", "/v1/olivia/"+level+"/details", "", "Authorization", owner); got.status == 404 {
		w.want(w.undelete(owner, "olivia/"+level), 200, `{}`)
	}
}

// S2: a scoped token may export its database, and none of the other operations,
// whatever the rights of its account.
func TestDataRightsOfScopedTokens(t *testing.T) {
	w := newWorld(t)
	olivia := w.account("olivia")
	w.mustCreate(olivia, "olivia/d")
	w.mustCreate(olivia, "olivia/other")
	w.node.write(path("olivia", "d"), "a state")
	for limit, auth := range []string{w.scopedToken("ro", "olivia", "d", 0), w.scopedToken("rw", "olivia", "d", 1)} {
		for _, op := range dataCalls() {
			call := op.call
			if call == nil {
				call = func(w *world, auth, db string) answer { return w.fork(auth, db, "olivia/copy") }
			}
			got := call(w, auth, "olivia/d")
			if op.who == "readers" {
				if got.status != 200 {
					t.Errorf("%s with %d: %d %s", op.name, limit, got.status, got.body)
				}
				w.wantOther(call(w, auth, "olivia/other"), 403, "Authenticated entity olivia can't query database olivia/other")
				continue
			}
			w.want(got, 403, `{"type":"Unauthorized","message":"A token that is limited to one database can't be used for this"}`)
		}
		w.want(w.undelete(auth, "olivia/d"), 403, `{"type":"Unauthorized","message":"A token that is limited to one database can't be used for this"}`)
	}
}
