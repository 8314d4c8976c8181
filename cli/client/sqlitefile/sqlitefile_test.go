package sqlitefile

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
)

// shell runs SQLite's own shell without the checkpoint at its end.
func shell(t *testing.T, path string, lines ...string) string {
	t.Helper()
	cmd := exec.Command("sqlite3", "-batch", "-bail", path)
	cmd.Stdin = strings.NewReader(".dbconfig no_ckpt_on_close on\n" + strings.Join(lines, "\n") + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimPrefix(string(out), "   no_ckpt_on_close on\n")
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// merged reads the database at path and writes the result to a new file.
func merged(t *testing.T, path string) string {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != f.Size() {
		t.Errorf("%d bytes, and %d were promised", len(b), f.Size())
	}
	out := filepath.Join(t.TempDir(), "merged.db")
	write(t, out, b)
	return out
}

// copied copies a database and its log to a directory of its own.
func copied(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "app.db")
	write(t, to, read(t, path))
	write(t, to+"-wal", read(t, path+"-wal"))
	return to
}

// Rows that are committed in the log are not lost.
func TestCommittedRowsBesideTheFile(t *testing.T) {
	path := copied(t, "testdata/wal-beside.db")
	before := append(read(t, path), read(t, path+"-wal")...)
	if got := shell(t, merged(t, path), "SELECT count(*) FROM t; PRAGMA integrity_check; PRAGMA journal_mode;"); got != "6\nok\ndelete\n" {
		t.Errorf("got %q", got)
	}
	if !bytes.Equal(before, append(read(t, path), read(t, path+"-wal")...)) {
		t.Error("the user's files were changed")
	}
}

// The result equals SQLite's own view of the log: with pages of several
// transactions, a database that grows and shrinks, and earlier uses of the log.
func TestLogIsReadAsSQLiteReadsIt(t *testing.T) {
	rows := "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 400) SELECT n, hex(randomblob(90)) FROM c;"
	for name, lines := range map[string][]string{
		"grows":    {"INSERT INTO t " + rows, "UPDATE t SET b = b || 'x' WHERE a % 3 = 0;", "CREATE TABLE u(x); INSERT INTO u VALUES (7);"},
		"shrinks":  {"INSERT INTO t " + rows, "DELETE FROM t WHERE a > 9;", "VACUUM;"},
		"again":    {"INSERT INTO t " + rows, "PRAGMA wal_checkpoint(RESTART);", "INSERT INTO t VALUES (1, 'after');"},
		"open":     {"INSERT INTO t VALUES (1, 'kept');", "PRAGMA cache_size=1;", "BEGIN;", "INSERT INTO t " + rows, "ROLLBACK;"},
		"nothing":  {"PRAGMA wal_checkpoint(TRUNCATE);"},
		"complete": {"INSERT INTO t VALUES (1, 'x');", "PRAGMA wal_checkpoint(FULL);"},
	} {
		for _, page := range []string{"512", "4096", "65536"} {
			path := filepath.Join(t.TempDir(), "a.db")
			shell(t, path, append([]string{"PRAGMA page_size=" + page + ";", "PRAGMA journal_mode=WAL;", "CREATE TABLE t(a, b);", "CREATE INDEX i ON t(b);"}, lines...)...)
			got := shell(t, merged(t, path), ".dump", "PRAGMA integrity_check;")
			if want := shell(t, path, ".dump", "PRAGMA integrity_check;"); got != want || !strings.HasSuffix(got, "\nok\n") {
				t.Errorf("%s, pages of %s bytes: %d bytes of a dump, and the shell gives %d", name, page, len(got), len(want))
			}
		}
	}
}

// Transactions in a broken part of the log are not committed; SQLite reads the
// same.
func TestBrokenLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	shell(t, path, "PRAGMA journal_mode=WAL;", "CREATE TABLE t(a);", "INSERT INTO t VALUES (1);", "INSERT INTO t VALUES (2);")
	log := read(t, path+"-wal")
	for n := 0; n < len(log); n += 997 {
		for name, change := range map[string]func() []byte{
			"cut":  func() []byte { return log[:n] },
			"flip": func() []byte { b := bytes.Clone(log); b[n] ^= 0x40; return b },
		} {
			to := copied(t, path)
			write(t, to+"-wal", change())
			got := shell(t, merged(t, to), ".dump")
			if want := shell(t, to, ".dump"); got != want {
				t.Errorf("%s at %d: got %s, want %s", name, n, got, want)
			}
		}
	}
}

// A file with a part of a transaction is refused, with the reason and a way to
// copy it. The journal of a finished transaction is ignored.
func TestJournalBesideTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	shell(t, path, "PRAGMA journal_mode=PERSIST;", "CREATE TABLE t(a);", "INSERT INTO t VALUES (1);")
	if len(read(t, path+"-journal")) == 0 {
		t.Fatal("there is no journal")
	}
	merged(t, path)
	write(t, path+"-journal", []byte(journalMagic+"more"))
	_, err := Open(path)
	if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "a.db-journal exists: a transaction of a.db is not finished") || !strings.Contains(err.Error(), `sqlite3 a.db ".backup copy.db"`) {
		t.Errorf("got %v", err)
	}
}

// A link is followed as SQLite follows it.
func TestLink(t *testing.T) {
	path := copied(t, "testdata/wal-beside.db")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if got := shell(t, merged(t, link), "SELECT count(*) FROM t;"); got != "6\n" {
		t.Errorf("got %q", got)
	}
}

func TestWrittenMeanwhile(t *testing.T) {
	for name, lines := range map[string][]string{
		"with a log":    {"PRAGMA journal_mode=WAL;", "CREATE TABLE t(a);", "INSERT INTO t VALUES (zeroblob(9999));"},
		"without a log": {"CREATE TABLE t(a);", "INSERT INTO t VALUES (zeroblob(9999));"},
	} {
		path := filepath.Join(t.TempDir(), "a.db")
		shell(t, path, lines...)
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		shell(t, path, "UPDATE t SET a = zeroblob(99999);", "PRAGMA wal_checkpoint(TRUNCATE);", "INSERT INTO t VALUES (1);")
		if _, err := io.Copy(io.Discard, f); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "while it was read") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The log of another database is refused.
func TestForeignLog(t *testing.T) {
	path := copied(t, "testdata/wal-beside.db")
	other := filepath.Join(t.TempDir(), "b.db")
	shell(t, other, "PRAGMA page_size=8192;", "PRAGMA journal_mode=WAL;", "CREATE TABLE t(a);")
	write(t, path+"-wal", read(t, other+"-wal"))
	if _, err := Open(path); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "does not belong to app.db") {
		t.Errorf("got %v", err)
	}
}
