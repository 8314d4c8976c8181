//go:build cgo && (linux || darwin)

package sqlite

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/errs"
)

// received makes a database from a file.
func received(t *testing.T, file []byte, change ...func(*engine.Options)) (*testDB, error) {
	t.Helper()
	db := open(t, change...)
	n, _, err := db.Receive(enginetest.MaintenanceJob(), bytes.NewReader(file))
	if err != nil {
		if got := enginetest.Files(t, filepath.Dir(db.Path)); len(got) != 0 {
			t.Errorf("left behind: %v", got)
		}
		return db, err
	}
	if n != int64(len(file)) {
		t.Errorf("%d bytes of %d", n, len(file))
	}
	if got := enginetest.Files(t, filepath.Dir(db.Path)); len(got) != 1 {
		t.Errorf("files of a database at rest: %v", got)
	}
	return db, nil
}

// file makes a database file like another program, and reads it.
func file(t *testing.T, statements ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.sqlite")
	foreign(t, path, statements...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReceive(t *testing.T) {
	for name, statements := range map[string][]string{
		"plain":       {"CREATE TABLE t(a)", "INSERT INTO t VALUES ('é')"},
		"empty":       {"PRAGMA user_version=1"},
		"WAL":         {"PRAGMA journal_mode=WAL", "CREATE TABLE t(a)", "INSERT INTO t VALUES ('é')"},
		"UTF-16":      {"PRAGMA encoding='UTF-16be'", "CREATE TABLE t(a)", "INSERT INTO t VALUES ('é')"},
		"large pages": {"PRAGMA page_size=65536", "CREATE TABLE t(a)", "INSERT INTO t VALUES ('é')"},
		"auto-vacuum": {"PRAGMA page_size=512", "PRAGMA auto_vacuum=FULL", "CREATE TABLE t(a)", "INSERT INTO t VALUES ('é')"},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := received(t, file(t, statements...))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Check(enginetest.MaintenanceJob()); err != nil {
				t.Error(err)
			}
			if name == "empty" {
				return
			}
			if got := db.Must(ro, "SELECT a FROM t"); got != "é" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// changed returns a copy of b with other bytes at a position.
func changed(b []byte, at int, with string) []byte {
	b = bytes.Clone(b)
	copy(b[at:], with)
	return b
}

// An unsound database is rejected with the reason.
func TestReceiveRefuses(t *testing.T) {
	good := file(t, "PRAGMA page_size=512", "CREATE TABLE t(a, b)", "CREATE INDEX i ON t(b)",
		"INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 500) SELECT n, 'text' || n FROM c")
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(i*i*31 + i>>3*7 + 129)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":             {nil, "is empty"},
		"text":                {[]byte("CREATE TABLE t(a);\nINSERT INTO t VALUES ('é');\n"), "It is text"},
		"long text":           {[]byte(strings.Repeat("é", 1000)), "It is text"},
		"noise":               {noise, "or it is encrypted"},
		"few bytes":           {[]byte{1, 2, 0xff}, "is not an SQLite database"},
		"gzip":                {append([]byte("\x1f\x8b\x08"), noise...), "compressed with gzip"},
		"zstd":                {append([]byte("\x28\xb5\x2f\xfd"), noise...), "compressed with zstd"},
		"zip":                 {append([]byte("PK\x03\x04"), noise...), "ZIP archive"},
		"tar":                 {changed(noise, 257, "ustar"), "tar archive"},
		"DuckDB":              {changed(noise, 8, "DUCK"), "DuckDB"},
		"write-ahead log":     {append([]byte("\x37\x7f\x06\x82"), noise...), "write-ahead log"},
		"header only":         {good[:60], "cut off"},
		"cut off":             {good[:len(good)-1], "cut off: it has"},
		"half":                {good[:len(good)/2], "cut off: it has"},
		"page size":           {changed(good, 16, "\x02\x01"), "header is damaged"},
		"fractions":           {changed(good, 21, "\x41"), "header is damaged"},
		"reserved":            {changed(good, 20, "\xff"), "header is damaged"},
		"later version":       {changed(good, 18, "\x03\x03"), "version that is not known"},
		"schema format":       {changed(good, 47, "\x09"), "not a sound SQLite database"},
		"encrypted but magic": {append(bytes.Clone(good[:100]), bytes.Repeat([]byte{0x5a, 0xc3, 0x11}, (len(good)-100)/3+1)[:len(good)-100]...), "not a sound SQLite database"},
		"damaged page":        {changed(good, 512*3, strings.Repeat("\xff", 400)), "or it is encrypted: Tree 2 page 4: btreeInitPage() returns error code 11"},
		"damaged schema":      {bytes.Replace(good, []byte("CREATE TABLE t(a, b)"), []byte("CREATE TABLE t(a; b)"), 1), "malformed database schema"},
		"trailing statement":  {bytes.Replace(good, []byte("CREATE INDEX i ON t(b)"), []byte("SELECT 1, 2, 3, 4, 5  "), 1), "not a sound SQLite database"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := received(t, c.file)
			if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("told %v", err)
			}
		})
	}
}

// The size limit applies while the file arrives, or before if its header has
// the size.
func TestReceiveLimitsSize(t *testing.T) {
	whole := file(t, "CREATE TABLE t(a)", "INSERT INTO t VALUES (zeroblob(200000))")
	small := func(o *engine.Options) { o.DatabaseBytes = 100_000 }
	if _, err := received(t, whole, small); !errs.Is(err, errs.TooLarge) || !strings.Contains(err.Error(), "97 KiB (limits.database_bytes)") {
		t.Error(err)
	}
	db := open(t, small)
	read := 0
	count := func(r io.Reader) io.Reader { return io.TeeReader(r, writeFunc(func(n int) { read += n })) }
	if _, _, err := db.Receive(enginetest.MaintenanceJob(), count(bytes.NewReader(whole))); !errs.Is(err, errs.TooLarge) || read > headBytes {
		t.Errorf("%v after %d bytes", err, read)
	}
	// A header without a size.
	endless := io.MultiReader(bytes.NewReader(changed(whole, 92, "\xff\xff\xff\xff")), zeros{})
	read = 0
	if _, _, err := db.Receive(enginetest.MaintenanceJob(), count(endless)); !errs.Is(err, errs.TooLarge) || read > 100_000+encode.ChunkBytes {
		t.Errorf("%v after %d bytes", err, read)
	}
	if got := enginetest.Files(t, filepath.Dir(db.Path)); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

type writeFunc func(n int)

func (f writeFunc) Write(p []byte) (int, error) {
	f(len(p))
	return len(p), nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Functions with effects outside the database do nothing in the triggers, views
// and columns of a foreign file.
func TestReceivedSchemaIsInert(t *testing.T) {
	whole := file(t,
		"CREATE TABLE t(a)",
		"CREATE TABLE tokens(a)",
		"CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT load_extension('/tmp/evil.so'); END",
		"CREATE TRIGGER y AFTER UPDATE ON t BEGIN SELECT fts3_tokenizer('simple', x'4141414141414141'); END",
		"CREATE TRIGGER z AFTER DELETE ON t BEGIN SELECT writefile('evil', 'x'), edit('x'); END",
		"CREATE VIEW v AS SELECT * FROM pragma_database_list",
		"CREATE VIEW w AS SELECT load_extension('x')",
		"CREATE VIEW u AS SELECT * FROM pragma_table_info('t')",
	)
	db, err := received(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{
		"INSERT INTO t VALUES (1)":                                   "load_extension",
		"DROP TRIGGER x; INSERT INTO t VALUES (1); UPDATE t SET a=2": "fts3_tokenizer",
		"INSERT INTO tokens VALUES (1); DELETE FROM t":               "no such function",
		"SELECT * FROM w":                                            "load_extension",
		"SELECT * FROM v":                                            "",
	} {
		_, err := db.Try(rw, sql)
		if errs.CodeOf(err) != errs.SQL || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), filepath.Dir(db.Path)) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if got := enginetest.Files(t, filepath.Dir(db.Path)); len(got) > 3 {
		t.Errorf("files %v", got)
	}
}

// A schema that needs too much memory does not crash the daemon.
func TestReceiveHugeSchema(t *testing.T) {
	var statements []string
	for i := range 400 {
		statements = append(statements, "CREATE TABLE t"+strings.Repeat("x", i)+"(a"+strings.Repeat("a", 5000)+")")
	}
	_, err := received(t, file(t, statements...), func(o *engine.Options) { o.HeapBytes = 1 << 20 })
	t.Cleanup(func() { open(t) }) // the limit is the process's
	if !errs.Is(err, errs.SQL) && !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "out of memory") {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	good := file(t, "CREATE TABLE t(a, b)", "CREATE INDEX i ON t(b)", "INSERT INTO t VALUES (1, 'text77')")
	damaged := changed(good, bytes.LastIndex(good, []byte("text77")), "X")
	for name, c := range map[string]struct {
		file []byte
		code errs.Code
	}{
		"good":     {good, ""},
		"no file":  {nil, errs.NotFound},
		"empty":    {[]byte{}, errs.Snapshot},
		"text":     {[]byte("hello"), errs.Snapshot},
		"cut":      {good[:len(good)-4096], errs.Snapshot},
		"an index": {damaged, errs.Snapshot}, // quick_check does not see it
	} {
		db := open(t)
		if c.file != nil {
			if err := os.WriteFile(db.Path, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		n, err := db.Check(enginetest.MaintenanceJob())
		if errs.CodeOf(err) != c.code || err == nil && n != int64(len(good)) {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// N13: the copy of a restored database has one new id, which reading and
// opening do not change.
func TestOneNewCopyAfterRestoreN13(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)")
	x := db.Copied()

	restored := open(t)
	if err := os.WriteFile(restored.Path, x, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := restored.Check(enginetest.MaintenanceJob()); err != nil {
		t.Fatal(err)
	}
	y := restored.Copied()
	if bytes.Equal(x, y) {
		t.Error("a restored database has the copy it was restored from")
	}
	restored.Must(ro, "SELECT * FROM t")
	if !bytes.Equal(y, restored.Copied()) {
		t.Error("the copy has changed by itself")
	}
	if err := restored.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, func(o *engine.Options) { o.Path = restored.Path })
	again.Must(rw, "SELECT 1")
	if !bytes.Equal(y, again.Copied()) {
		t.Error("opening has changed the copy")
	}
	if got := again.Must(ro, "SELECT sum(a) FROM t"); got != "3" {
		t.Errorf("got %s", got)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add([]byte(magic))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, head []byte) {
		size, err := inspectHead(head)
		if err != nil && errs.CodeOf(err) != errs.Invalid || size < 0 {
			t.Fatalf("%d, %v", size, err)
		}
	})
}
