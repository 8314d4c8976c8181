package tests

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ayb-go/ayb/tests/harness"
)

// fileAttack replaces the file of a database while the database is not open.
type fileAttack struct {
	name string
	// change writes the file; it gets the previous content.
	change func(t *testing.T, path string, content []byte)
	status int // of a query that reads every table; 0 is any
	says   string
}

// rewriteFile changes the content of the file.
func rewriteFile(change func(b []byte) []byte) func(*testing.T, string, []byte) {
	return func(t *testing.T, path string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, change(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// overwriteAt changes a few bytes of the file.
func overwriteAt(offset int, with ...byte) func(*testing.T, string, []byte) {
	return rewriteFile(func(b []byte) []byte { copy(b[offset:], with); return b })
}

// replaceFile puts something else in the place of the file.
func replaceFile(with func(path string) error) func(*testing.T, string, []byte) {
	return func(t *testing.T, path string, _ []byte) {
		t.Helper()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := with(path); err != nil {
			t.Fatal(err)
		}
	}
}

// writeBeside adds a log or a journal that does not belong to the database.
func writeBeside(suffix string, content func(db []byte) []byte) func(*testing.T, string, []byte) {
	return func(t *testing.T, path string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path+suffix, content(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// flipBits flips bits in a part of the file.
func flipBits(seed uint64, from, to, times int) func(*testing.T, string, []byte) {
	return rewriteFile(func(b []byte) []byte {
		r := rand.New(rand.NewPCG(seed, 7))
		for range times {
			b[from+r.IntN(min(to, len(b))-from)] ^= 1 << r.IntN(8)
		}
		return b
	})
}

// renameText replaces a text in the schema by one that is not longer.
func renameText(from, to string) func(*testing.T, string, []byte) {
	to += strings.Repeat(" ", len(from)-len(to))
	return rewriteFile(func(b []byte) []byte { return []byte(strings.ReplaceAll(string(b), from, to)) })
}

func fileAttacks() []fileAttack {
	const notADatabase = "file is not a database"
	list := []fileAttack{
		{"cut within the header", rewriteFile(func(b []byte) []byte { return b[:50] }), 400, ""},
		{"cut after the first page", rewriteFile(func(b []byte) []byte { return b[:4096] }), 400, "malformed"},
		{"cut within a page", rewriteFile(func(b []byte) []byte { return b[:len(b)-1000] }), 0, ""},
		{"wrong magic", overwriteAt(0, []byte("SQLite format 4\x00")...), 400, notADatabase},
		{"noise", rewriteFile(func(b []byte) []byte { return noise(len(b)) }), 400, notADatabase},
		{"zeros", rewriteFile(func(b []byte) []byte { return make([]byte, len(b)) }), 0, ""},
		{"noise after the header", rewriteFile(func(b []byte) []byte { return append(b[:100:100], noise(len(b)-100)...) }), 0, ""},
		{"page size 65536", overwriteAt(16, 0, 1), 0, ""},
		{"page size 512", overwriteAt(16, 2, 0), 0, ""},
		{"page size 1", overwriteAt(16, 0, 7), 400, notADatabase},
		{"journal mode of the future", overwriteAt(18, 9, 9), 0, ""},
		{"journal mode of the past", overwriteAt(18, 1, 1), 200, ""},
		{"reserved space", overwriteAt(20, 255), 0, ""},
		{"payload fractions", overwriteAt(21, 1, 2, 3), 400, notADatabase},
		{"page count", overwriteAt(28, 0x7f, 0xff, 0xff, 0xff), 0, ""},
		{"freelist without end", overwriteAt(32, 0, 0, 0, 2, 0x7f, 0xff, 0xff, 0xff), 0, ""},
		{"schema format", overwriteAt(44, 0, 0, 0, 99), 500, "could not be opened"},
		{"text encoding", overwriteAt(56, 0, 0, 0, 9), 0, ""},
		{"schema page that is its own child", overwriteAt(100, 5, 0, 0, 0, 1, 0, 12, 0, 0, 0, 0, 1, 0, 12), 400, "malformed"},
		{"table that is the schema", rewriteFile(rootPages), 0, ""},
		{"a log of noise", writeBeside("-wal", func([]byte) []byte { return noise(100_000) }), 200, `"42"`},
		{"a log of another database", writeBeside("-wal", forgedLog), 200, `"42"`},
		{"a hot journal of noise", writeBeside("-journal", func([]byte) []byte { return noise(50_000) }), 0, ""},
		{"a journal that names another one", writeBeside("-journal", func([]byte) []byte {
			return append([]byte("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7\x00\x00\x00\x00"), append(make([]byte, 500), "/etc/passwd\x00\x00\x00\x0b"...)...)
		}), 0, ""},
		{"shared memory of noise", writeBeside("-shm", func([]byte) []byte { return noise(32768) }), 0, ""},
		{"a directory", replaceFile(func(p string) error { return os.Mkdir(p, 0o700) }), 0, `"message"`},
		{"a pipe", replaceFile(func(p string) error { return syscall.Mkfifo(p, 0o600) }), 0, `"message"`},
		{"a link to a file of the system", replaceFile(func(p string) error { return os.Symlink("/etc/passwd", p) }), 0, `"message"`},
		{"a link to the other tenant", replaceFile(func(p string) error {
			return os.Symlink("../../../alice/shop.sqlite/current/shop.sqlite", p)
		}), 0, `"message"`},
		{"a link to a device", replaceFile(func(p string) error { return os.Symlink("/dev/zero", p) }), 0, `"message"`},
		{"a link to itself", replaceFile(func(p string) error { return os.Symlink(filepath.Base(p), p) }), 0, `"message"`},
		{"a file of a terabyte", func(t *testing.T, path string, _ []byte) {
			if err := os.Truncate(path, 1<<40); err != nil { // sparse
				t.Fatal(err)
			}
		}, 0, ""},
		{"schema that is no SQL", renameText("CREATE TABLE items", "CREATE TABLE ((((("), 400, "malformed"},
		{"view that loads an extension", renameText("SELECT abs(price) AS safe_function_of_price", "SELECT load_extension('evil.so')"), 400, "load_extension"},
		{"trigger that attaches", renameText("UPDATE items SET name = name", "ATTACH 'x' AS evil"), 0, ""},
		{"virtual table without its tables", renameText("words_content", "words_cxntent"), 0, ""},
	}
	for seed := range uint64(6) {
		list = append(list, fileAttack{"flipped bits of the header " + string(rune('a'+seed)), flipBits(seed, 16, 100, 3), 0, ""},
			fileAttack{"flipped bits of pages " + string(rune('a'+seed)), flipBits(seed, 100, 1<<20, 40), 0, ""})
	}
	return list
}

// rootPages makes every table of the schema begin on the first page of its own.
func rootPages(b []byte) []byte {
	for i := 100; i+20 < 4096; i++ {
		if strings.HasPrefix(string(b[i:]), "itemsitems") { // name, table; then the page
			b[i+10] = 1
		}
	}
	return b
}

// forgedLog returns a log with a valid head and pages of another database.
func forgedLog(db []byte) []byte {
	b := make([]byte, 32+3*(24+4096))
	binary.BigEndian.PutUint32(b, 0x377f0682)
	binary.BigEndian.PutUint32(b[4:], 3007000)
	binary.BigEndian.PutUint32(b[8:], 4096)
	copy(b[32+24:], db[:100])
	return b
}

const everything = "SELECT 6 * 7 AS answer, (SELECT count(*) FROM items WHERE name || price > ''), (SELECT count(safe) FROM cheap), (SELECT count(*) FROM words), (SELECT count(*) FROM words WHERE words MATCH 'item')"

const filled = `CREATE TABLE items(id INTEGER PRIMARY KEY, name TEXT, price REAL); CREATE INDEX by_name ON items(name);
	INSERT INTO items WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n LIMIT 2000) SELECT x, 'item ' || x, x / 3.0 FROM n;
	CREATE VIEW cheap(safe) AS SELECT abs(price) AS safe_function_of_price FROM items WHERE price < 100;
	CREATE TRIGGER touched AFTER DELETE ON items BEGIN UPDATE items SET name = name WHERE id = old.id; END;
	CREATE VIRTUAL TABLE words USING fts5(word); INSERT INTO words SELECT name FROM items`

func hostileFiles(t *testing.T, srv *harness.Server, mallory *harness.User) {
	first := newTarget(t, srv, mallory)
	first.sql(filled).wants(t, srv, 200, "")
	harness.Until(t, "its daemon to end", func() bool { return first.daemon() == 0 })
	content, err := os.ReadFile(first.path())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range fileAttacks() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			db := newTarget(t, srv, mallory) // which has not had a daemon yet
			if err := os.WriteFile(db.path(), content, 0o600); err != nil {
				t.Fatal(err)
			}
			a.change(t, db.path(), bytes.Clone(content))
			db.sql(everything).wants(t, srv, a.status, a.says)
			db.sql("PRAGMA integrity_check(3)").wants(t, srv, 0, "")
			db.sql("DELETE FROM items WHERE id % 3 = 0; INSERT INTO items(name) VALUES ('x'); INSERT INTO words VALUES ('y')").wants(t, srv, 0, "")
			sendAttack(t, "GET", strings.TrimSuffix(db.url(), "query")+"schema", mallory, nil).wants(t, srv, 0, "")
			if info, err := os.Lstat(db.path()); strings.HasPrefix(a.name, "a link") && (err != nil || info.Mode()&os.ModeSymlink == 0) {
				t.Errorf("the link has become %v, %v", info, err)
			}
			db.restored(content)
		})
	}
}

func (a target) path() string {
	return filepath.Join(a.w.DataPath, "databases", a.user.Name, a.db, "current", a.db)
}

// daemon returns the process that has the database open, or 0 without one.
func (a target) daemon() int {
	for _, pid := range a.w.Process("ayb").Children() {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if err == nil && strings.Contains(string(line), "/"+a.db+"/") {
			return pid
		}
	}
	return 0
}

// restored writes the right file again and checks that the wrong one left no
// effect.
func (a target) restored(content []byte) {
	a.t.Helper()
	if pid := a.daemon(); pid > 0 {
		kill(a.t, pid)
		waitEnded(a.t, "the daemon to end", []int{pid})
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.RemoveAll(a.path() + suffix); err != nil {
			a.t.Fatal(err)
		}
	}
	if err := os.WriteFile(a.path(), content, 0o600); err != nil {
		a.t.Fatal(err)
	}
	// A request may get an error while the server notices the death.
	harness.Until(a.t, "the database to work again", func() bool { return a.sql("SELECT 1").status == 200 })
	a.survives()
	a.sql("SELECT count(*) FROM items").wants(a.t, a.w, 200, `[["2000"]]`)
}
