package client_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestSnapshotsAndLifecycle(t *testing.T) {
	const auth = " [Authorization=Bearer ayb_s_l]"
	list := httpapi.Snapshots{Snapshots: httpapi.List[httpapi.Snapshot]{
		{LastModifiedAt: "2024-08-18T15:05:04.123Z", SnapshotID: "ab", Bytes: 2048, Message: textPointer("clean\x1b[2J"), BeforeRestore: true},
		{LastModifiedAt: "2024-08-18T15:05:04Z", SnapshotID: "cd", Bytes: 7}}}
	forked := httpapi.DatabaseDetails{DatabaseType: "sqlite", ForkedFrom: textPointer("bob/x"), Forks: httpapi.List[string]{"carl/y", "dora/z"}}
	gone := httpapi.Entity{Deleted: httpapi.List[httpapi.DeletedDatabase]{{Slug: "old", DeletedAt: "2026-01-01T00:00:00Z", PurgedAt: "2026-01-08T00:00:00Z"}}}
	lent := httpapi.Entity{Shared: httpapi.List[httpapi.SharedDatabase]{{Entity: "f", Slug: "lent", DatabaseType: "sqlite", SharingLevel: "read-only"}}}
	tests := []exchange{
		{"list_snapshots E/d", 200, list, "GET /v1/E/d/list_snapshots" + auth,
			" Name | Last modified \n------+-------------------------------\n ab   | 2024-08-18T15:05:04.123+00:00 \n cd   | 2024-08-18T15:05:04+00:00 \n"},
		{"list_snapshots E/d --format csv --long", 200, list, "GET /v1/E/d/list_snapshots" + auth,
			"Name,Last modified,Size,Before restore,Message\nab,2024-08-18T15:05:04.123+00:00,2.0 KiB,yes,clean\x1b[2J\ncd,2024-08-18T15:05:04+00:00,7 B,,\n"},
		{"list_snapshots E/d", 200, httpapi.Snapshots{}, "GET /v1/E/d/list_snapshots" + auth, "No snapshots for E/d\n"},
		{"list_snapshots E/d --format json", 200, httpapi.Snapshots{}, "GET /v1/E/d/list_snapshots" + auth, "[]\n"},
		{"take_snapshot E/d --message why", 201, httpapi.SnapshotTaken{SnapshotID: "ab", Created: true}, "POST /v1/E/d/snapshots" + auth + ` {"message":"why"}`,
			"Stored E/d as snapshot ab\n"},
		{"take_snapshot E/d", 201, httpapi.SnapshotTaken{SnapshotID: "ab"}, "POST /v1/E/d/snapshots" + auth + " {}",
			"Snapshot ab of E/d has this state already\n"},
		{"restore_snapshot E/d " + id, 200, "{}", "POST /v1/E/d/restore_snapshot" + auth + " " + id, "Restored E/d to snapshot " + id + "\n"},
		{"restore_snapshot E/d " + id + " --to E/n", 200, "{}", "POST /v1/E/d/restore_snapshot" + auth + ` {"snapshot_id":"` + id + `","to":"E/n"}`, "Restored snapshot " + id + " of E/d as E/n\n"},
		{"fork E/d Me/n", 201, httpapi.Forked{ForkedFrom: "e/d"}, "POST /v1/E/d/fork" + auth + ` {"to":"Me/n"}`, "Forked E/d to Me/n\n"},
		{"rename E/d n", 200, "{}", "POST /v1/E/d/rename" + auth + ` {"to":"E/n"}`, "Renamed E/d to E/n\n"},
		{"rename E/d F/n", 200, "{}", "POST /v1/E/d/rename" + auth + ` {"to":"F/n"}`, "Renamed E/d to F/n\n"},
		{"delete_database E/d?/x --yes", 200, "{}", "DELETE /v1/E%2Fd%3F/x" + auth, // C4
			"Deleted E/d?/x\nFor some days it can be restored: ayb client undelete E/d?/x\n"},
		{"undelete E/d", 200, "{}", "POST /v1/E/d/undelete" + auth, "Brought back E/d\n"},
		{"list e --deleted", 200, gone, "GET /v1/entity/e" + auth,
			" Database slug | Deleted                   | Gone for good \n---------------+---------------------------+---------------------------\n old           | 2026-01-01T00:00:00+00:00 | 2026-01-08T00:00:00+00:00 \n"},
		{"list e --deleted", 200, httpapi.Entity{}, "GET /v1/entity/e" + auth, "No deleted databases of e\n"},
		{"list e --shared", 200, lent, "GET /v1/entity/e" + auth,
			" Database | Type   | Sharing level \n----------+--------+---------------\n f/lent   | sqlite | read-only \n"},
		{"list e --shared", 200, httpapi.Entity{}, "GET /v1/entity/e" + auth, "No databases of others that were shared with e\n"},
		{"database_details e/d", 200, forked, "GET /v1/e/d/details" + auth,
			"Database: e/d\nType: sqlite\nAccess level: No query access\nForked from: bob/x\nForks: carl/y, dora/z\n"},
		{"usage e/d", 200, httpapi.Usage{DatabaseBytes: 5, Running: 1}, "GET /v1/e/d/usage" + auth, // a manager does not get the limits
			" Limit                | Used | Most | Source \n----------------------+------+------+--------\n database_bytes       | 5 B  |      |  \n queries_per_database | 1    |      |  \n"},
	}
	s := newServer(t, nil)
	u := atServer(t, s)
	s.want(t, u, tests)
	s.set(fails(errs.E(errs.NoSnapshot, "s")))
	u.want("", "Error: Snapshot "+id+" does not exist for E/d\n", 1, "restore_snapshot", "E/d", id)
	s.set(fails(errs.E(errs.Snapshot, "Snapshots are not configured")))
	u.want("", "Error: Snapshots are not configured\n", 1, "take_snapshot", "E/d")

	// Without a terminal for the question no request is sent.
	s.set(ok(200, "{}"))
	u.stdin = "E/d\n"
	u.want("", "Error: The input is not a terminal, so the question cannot be asked; give --yes to delete E/d\n", 1, "delete_database", "E/d")
	u.want("", "Error: Argument must be formatted as 'entity/database'\n\nFor more information, try 'client fork --help'.\n", 2, "fork", "E/d", "n")
	if got := s.seen(); got != "" {
		t.Errorf("sent %s", got)
	}
}

// id returns a valid snapshot id.
var id = strings.Repeat("1d", 32)

// A snapshot id may be shortened to a unique prefix.
func TestShortSnapshotID(t *testing.T) {
	near := id[:62] + "00"
	s := newServer(t, func(r *http.Request, body string) (int, any) {
		switch {
		case r.Method == http.MethodGet:
			return 200, httpapi.Snapshots{Snapshots: httpapi.List[httpapi.Snapshot]{{SnapshotID: id}, {SnapshotID: near}, {SnapshotID: "fffff"}}}
		case body == id || body == "fffff":
			return 200, "{}"
		}
		return fails(errs.E(errs.NoSnapshot, "s"))(r, body)
	})
	u := atServer(t, s)
	u.want("Restored e/d to snapshot "+id+"\n", "", 0, "restore_snapshot", "e/d", strings.ToUpper(id[:63]))
	u.want("Restored e/d to snapshot fffff\n", "", 0, "restore_snapshot", "e/d", "ffff")
	u.want("", "Error: 2 snapshots of e/d begin with 1d1d; give more characters of the name: "+id+", "+near+"\n", 1, "restore_snapshot", "e/d", "1d1d")
	u.want("", "Error: Snapshot 2e2e does not exist for e/d\n", 1, "restore_snapshot", "e/d", "2e2e")
}

// A name that no server accepts is refused before a request is sent.
func TestImpossibleNames(t *testing.T) {
	s := newServer(t, ok(201, "{}"))
	u := atServer(t, s)
	file := filepath.Join(t.TempDir(), "x.sqlite")
	if err := os.WriteFile(file, append([]byte("SQLite format 3\x00"), make([]byte, 4080)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"alice/a b", "al ice/ab", "alice/a\x1bb", "alice/..", "alice/" + strings.Repeat("x", 200)} {
		_, bare, _ := strings.Cut(name, "/")
		commands := [][]string{
			{"create_database", name}, {"fork", "e/d", name}, {"rename", "e/d", name},
			{"restore_snapshot", "e/d", id, "--to", name}, {"import", file, name}, {"import", file, name, "--dry_run"},
		}
		if !strings.HasPrefix(name, "al ice") {
			commands = append(commands, []string{"rename", "e/d", bare})
		}
		for _, args := range commands {
			out, stderr, code := u.run(args...)
			if out != "" || code != 1 || !strings.HasPrefix(stderr, "Error: ") || !strings.Contains(stderr, " slug") {
				t.Errorf("%q: %d, %q, %q", args, code, out, stderr)
			}
		}
	}
	if got := s.seen(); got != "" {
		t.Errorf("sent %s", got)
	}
	// The server checks the names of existing databases.
	for _, args := range [][]string{{"database_details", "e/a b"}, {"import", file, "e/a b", "--replace"}, {"rename", "e/a b", "n"}} {
		u.run(args...)
		if got := s.seen(); !strings.Contains(got, "/v1/e/a%20b/") {
			t.Errorf("%q sent %q", args, got)
		}
	}
}
