//go:build cgo && (linux || darwin)

package sqlite

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/errs"
)

func oldFile(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/old-index.db") // by SQLite 3.40
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// right reports whether the indexes of the old file agree with its table.
func (db *testDB) right() {
	db.T.Helper()
	if got := db.Must(ro, "PRAGMA integrity_check"); got != "ok" {
		db.T.Errorf("integrity_check: %s", got)
	}
	with := db.Must(ro, "SELECT count(*) FROM m INDEXED BY by_label WHERE label IN (SELECT r || ' kg' FROM m)")
	if without := db.Must(ro, "SELECT count(*) FROM m NOT INDEXED"); with != without {
		db.T.Errorf("%s rows by the index, and %s without", with, without)
	}
	if _, err := db.Try(rw, "INSERT INTO m(r) SELECT r FROM m"); !errs.Is(err, errs.SQL) || !strings.Contains(err.Error(), "UNIQUE") {
		db.T.Errorf("a duplicate was taken: %v", err)
	}
}

// Indexes over values that another version of SQLite has computed are rebuilt:
// in an uploaded file, in a snapshot, and once after an upgrade.
func TestIndexesOfAnOlderVersion(t *testing.T) {
	db, err := received(t, oldFile(t))
	if err != nil {
		t.Fatal(err)
	}
	db.right()

	restored := open(t)
	if err := os.WriteFile(restored.Path, oldFile(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := restored.Check(enginetest.MaintenanceJob()); err != nil {
		t.Fatal(err)
	}
	restored.right()

	hosted := open(t)
	if err := os.WriteFile(hosted.Path, oldFile(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sqlite3", hosted.Path, "PRAGMA journal_mode=WAL").CombinedOutput(); err != nil || string(out) != "wal\n" {
		t.Fatalf("%v: %s", err, out)
	}
	hosted.right()
	if err := hosted.Close(); err != nil {
		t.Fatal(err)
	}
	if old, now := 3040001, writtenBy(hosted.Path); now <= old {
		t.Errorf("the header says version %d, so that the next start does it all again", now)
	}
}

// A file that needs a missing feature is rejected with that reason, and not as
// damaged. A file in WAL mode gets a remark.
func TestReceivedFileNeedsMore(t *testing.T) {
	plain := file(t, "CREATE TABLE t(a TEXT COLLATE NOCASE, b)", "CREATE INDEX i ON t(a)", "CREATE INDEX j ON t(upper(b))", "INSERT INTO t VALUES ('x', 'y')")
	for from, want := range map[string][2]string{"COLLATE NOCASE": {"COLLATE NOCASF", "no such collation sequence: NOCASF"}, "upper(b)": {"uppex(b)", "unknown function: uppex()"}} {
		_, err := received(t, bytes.Replace(plain, []byte(from), []byte(want[0]), 1))
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "The file needs a feature that this SQLite lacks ("+want[1]) {
			t.Errorf("%s: told %v", want[0], err)
		}
	}
	generated := file(t, "CREATE TABLE t(a, b AS (upper(a)))", "INSERT INTO t VALUES ('x')")
	_, err := received(t, bytes.Replace(generated, []byte("upper(a)"), []byte("uppex(a)"), 1))
	if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "The file needs a feature that this SQLite lacks ") {
		t.Errorf("told %v", err)
	}
	for _, mode := range []string{"WAL", "DELETE"} {
		db := open(t)
		_, remarks, err := db.Receive(enginetest.MaintenanceJob(), bytes.NewReader(file(t, "PRAGMA journal_mode="+mode, "CREATE TABLE t(a)")))
		if err != nil || (mode == "WAL") != (len(remarks) == 1 && strings.Contains(remarks[0], "in WAL mode")) {
			t.Errorf("%s: %v, %v", mode, remarks, err)
		}
	}
}

// An accepted file can be copied, which snapshots, forks and exports require.
func TestWhatIsReceivedCanBeCopied(t *testing.T) {
	for name, c := range map[string]struct{ sql, from, to string }{
		"collation of a column": {"CREATE TABLE t(a TEXT COLLATE NOCASE)", "NOCASE", "NOCASF"},
		"collation of a key":    {"CREATE TABLE t(a TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID", "NOCASE", "NOCASF"},
		"check":                 {"CREATE TABLE t(a CHECK (upper(a) > ''))", "upper", "uppex"},
		"default":               {"CREATE TABLE t(a DEFAULT (upper('a')))", "upper", "uppex"},
		"view":                  {"CREATE VIEW v AS SELECT upper('a') AS x", "upper", "uppex"},
		"trigger":               {"CREATE TABLE t(a); CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT upper('a'); END", "upper", "uppex"},
		"partial index":         {"CREATE TABLE t(a); CREATE INDEX i ON t(a) WHERE upper(a) > ''", "upper", "uppex"},
		"stored":                {"CREATE TABLE t(a, b AS (upper(a)) STORED)", "upper", "uppex"},
		"module":                {"CREATE VIRTUAL TABLE f USING fts4(x)", "fts4", "ftsx"},
		"index of a view's":     {"CREATE TABLE t(a); CREATE INDEX i ON t(a COLLATE NOCASE)", "NOCASE", "NOCASF"},
	} {
		made := file(t, c.sql)
		db := open(t)
		_, _, err := db.Receive(enginetest.MaintenanceJob(), bytes.NewReader(bytes.Replace(made, []byte(c.from), []byte(c.to), 1)))
		if err != nil {
			if !strings.Contains(err.Error(), c.to) {
				t.Errorf("%s: told %v", name, err)
			}
			continue
		}
		if _, err := db.Copy(enginetest.MaintenanceJob(), db.Path+"-copy"); err != nil {
			t.Errorf("%s: taken, and %v", name, err)
		}
	}
}
