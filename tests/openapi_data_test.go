package tests

import (
	"strings"
)

// transfers exports and imports data in each format.
func (d *documented) transfers(alice, bob string) {
	d.t.Helper()
	shop := []string{"alice", "shop.sqlite"}
	out := func(token, params string, status int) string {
		d.t.Helper()
		return d.ok(call{operation: "GET /v1/{entity}/{database}/export", values: shop, params: params, token: token}, status)
	}
	in := func(token, name, params, body string, status int, headers ...string) {
		d.t.Helper()
		d.ok(call{operation: "POST /v1/{entity}/{database}/import", values: []string{"alice", name}, params: params, token: token, body: body, headers: headers}, status)
	}
	file := out(alice, "", 200)
	for _, params := range []string{"?format=sql", "?format=csv&table=tea", "?format=json&query=SELECT%20*%20FROM%20tea", "?format=ndjson&table=tea"} {
		out(alice, params, 200)
	}
	out(bob, "?format=sqlite", 200)
	out(alice, "?format=csv&table=nowhere", 404)
	out(alice, "?format=csv&table=tea&query=SELECT%201", 400)
	out(alice, "?form=csv", 400)
	out("", "", 401)

	in(alice, "brought.sqlite", "?format=sqlite&public_sharing_level=fork", file, 200)
	in(alice, "brought.sqlite", "?format=sqlite", file, 409)
	in(alice, "brought.sqlite", "?format=sqlite&mode=replace", file, 200)
	in(alice, "brought.sqlite", "?format=sqlite&mode=replace", "no database at all", 400)
	in(alice, "brought.sqlite", "?format=csv&table=people&on_error=skip", "name,age\nAnn,5\nBob\n", 200)
	in(alice, "brought.sqlite", "?format=csv&table=people&dry_run=yes&mode=append", "name,age\nAnn,5\n", 200)
	in(alice, "brought.sqlite", "?format=json&table=people&mode=append", `[{"name":"Cem","age":7}]`, 200)
	in(alice, "brought.sqlite", "?format=sql", "CREATE TABLE made(x); INSERT INTO made VALUES (1)", 200)
	in(alice, "brought.sqlite", "?format=csv&table=people&header=perhaps", "x", 400)
	in(alice, "brought.sqlite", "?format=csv&table=people", "x", 415, "Content-Encoding", "br")
	in(bob, "brought.sqlite", "?format=csv&table=people", "x", 403)
	in("", "brought.sqlite", "?format=csv&table=people", "x", 401)
}

// snapshots takes a snapshot and restores it, in place and as another database.
func (d *documented) snapshots(alice, bob string) {
	d.t.Helper()
	shop := []string{"alice", "shop.sqlite"}
	take := call{operation: "POST /v1/{entity}/{database}/snapshots", values: shop, token: alice, kind: jsonKind, body: `{"message":"before the sale"}`}
	id := field(d.t, d.ok(take, 201), "snapshot_id")
	take.body, take.kind = "", ""
	d.ok(take, 201)
	take.token = bob
	d.ok(take, 403)
	list := call{operation: "GET /v1/{entity}/{database}/list_snapshots", values: shop, token: alice}
	if body := d.ok(list, 200); !strings.Contains(body, `"message":"before the sale"`) {
		d.t.Errorf("listed %s", body)
	}
	list.token = bob
	d.ok(list, 403)
	restore := call{operation: "POST /v1/{entity}/{database}/restore_snapshot", values: shop, token: alice, kind: "text/plain", body: id}
	d.ok(restore, 200)
	restore.kind, restore.body = jsonKind, `{"snapshot_id":"`+id+`","to":"alice/past.sqlite"}`
	d.ok(restore, 200)
	d.ok(restore, 409)
	restore.body = `{"snapshot_id":"` + strings.Repeat("0", 64) + `"}`
	d.ok(restore, 404)
	restore.token = bob
	d.ok(restore, 403)
}

// places forks, renames, deletes and undeletes.
func (d *documented) places(alice, bob string) {
	d.t.Helper()
	to := func(action, name, token, body string, status int) {
		d.t.Helper()
		d.ok(call{operation: "POST /v1/{entity}/{database}/" + action, values: []string{"alice", name}, token: token, kind: jsonKind, body: body}, status)
	}
	to("fork", "brought.sqlite", bob, `{"to":"bob/copy.sqlite"}`, 201)
	to("fork", "brought.sqlite", bob, `{"to":"bob/copy.sqlite"}`, 409)
	to("fork", "past.sqlite", bob, `{"to":"bob/past.sqlite"}`, 403)
	for _, of := range [][]string{{"bob", "copy.sqlite"}, {"alice", "brought.sqlite"}} {
		d.ok(call{operation: "GET /v1/{entity}/{database}/details", values: of, token: bob}, 200)
	}
	to("rename", "past.sqlite", alice, `{"to":"alice/old.sqlite"}`, 200)
	to("rename", "old.sqlite", alice, `{"to":"bob/old.sqlite"}`, 400)
	to("rename", "old.sqlite", alice, `{"to":"alice/shop.sqlite"}`, 409)
	remove := call{operation: "DELETE /v1/{entity}/{database}", values: []string{"alice", "old.sqlite"}, token: alice}
	d.ok(remove, 200)
	d.ok(remove, 404)
	d.ok(call{operation: "GET /v1/entity/{entity}", values: []string{"alice"}, token: alice}, 200)
	back := call{operation: "POST /v1/{entity}/{database}/undelete", values: remove.values, token: alice}
	d.ok(back, 200)
	d.ok(back, 404)
}
