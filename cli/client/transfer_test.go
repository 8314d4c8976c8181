package client_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/cli/client"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// files returns the names in a directory.
func files(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		names = append(names, f.Name())
	}
	return strings.Join(names, " ")
}

func TestExport(t *testing.T) {
	s := newServer(t, ok(200, "data"))
	u := atServer(t, s)
	t.Chdir(t.TempDir())
	const auth = " [Authorization=Bearer ayb_s_l]"
	for _, tt := range []struct {
		args, request, stdout, file string
	}{
		{"A/b.sqlite", "format=sqlite", "Exported A/b.sqlite to b.sqlite as sqlite, 4 B\n", "b.sqlite"},
		{"A/b.sqlite --format csv --table t/1", "format=csv&table=t%2F1", "Exported A/b.sqlite to b-t_1.csv as csv, 4 B\n", "b-t_1.csv"},
		{"A/b out.NDJSON", "format=ndjson", "Exported A/b to out.NDJSON as ndjson, 4 B\n", "out.NDJSON"},
		{"A/b backup.2026", "format=sqlite", "Exported A/b to backup.2026 as sqlite, 4 B\n", "backup.2026"},
		{"A/b out.csv --format sql", "format=sql", "Exported A/b to out.csv as sql, 4 B\n", "out.csv"},
		{"A/b - --format json --query SELECT&1", "format=json&query=SELECT%261", "data", ""},
	} {
		s.set(ok(200, "data"))
		u.want(tt.stdout, "", 0, append([]string{"export"}, strings.Fields(tt.args)...)...)
		db, _, _ := strings.Cut(tt.args, " ")
		if got, want := s.seen(), "GET /v1/"+db+"/export?"+tt.request+auth; got != want {
			t.Errorf("sent %s, not %s", got, want)
		}
		if tt.file != "" && read(t, tt.file) != "data" {
			t.Errorf("%s has %q", tt.file, read(t, tt.file))
		}
	}
	u.want("", "Error: tsv is not a format of exports; choose one with --format\n\nFor more information, try 'client export --help'.\n", 2, "export", "A/b", "x.tsv")
	u.want("", "Error: --table and --query exclude each other\n\nFor more information, try 'client export --help'.\n", 2, "export", "A/b", "--table", "t", "--query", "q")
}

// An existing file stays until the complete new one replaces it.
func TestExportKeepsFiles(t *testing.T) {
	s := newServer(t, ok(200, "new"))
	u := atServer(t, s)
	dir := t.TempDir()
	path := filepath.Join(dir, "x.csv")
	write(t, path, "old")
	u.want("", "Error: "+path+" exists already; --force replaces it\n", 1, "export", "A/b", path)
	u.want("", "Error: "+dir+" is a directory; name a file in it\n", 1, "export", "A/b", dir, "--force")
	u.want("", "Error: /dev/null is not a regular file; - stands for the standard output\n", 1, "export", "A/b", "/dev/null", "--force")
	if got := s.seen(); got != "" {
		t.Errorf("sent %s", got)
	}
	s.set(fails(errs.E(errs.Forbidden, "no")))
	u.want("", "Error: no\n", 1, "export", "A/b", path, "--force")
	if read(t, path) != "old" || files(t, dir) != "x.csv" {
		t.Errorf("%q, %s", read(t, path), files(t, dir))
	}
	link := filepath.Join(t.TempDir(), "link.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	s.set(ok(200, "new"))
	u.want("Exported A/b to "+path+" as csv, 3 B\n", "", 0, "export", "A/b", link, "--force", "--format", "csv")
	if read(t, path) != "new" || files(t, dir) != "x.csv" {
		t.Errorf("%q, %s", read(t, path), files(t, dir))
	}
}

// An incomplete answer leaves no file.
func TestExportBreaksOff(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("part"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer s.Close()
	u := newUser(t)
	u.env["AYB_SERVER_URL"], u.env["AYB_API_TOKEN"] = s.URL, "ayb_s_l"
	dir := t.TempDir()
	u.want("", "Error: "+s.URL+" closed the connection before the answer was complete\n", 1, "export", "A/b", filepath.Join(dir, "x.csv"))
	if got := files(t, dir); got != "" {
		t.Errorf("left %s", got)
	}
}

func TestImport(t *testing.T) {
	s := newServer(t, nil)
	u := atServer(t, s)
	t.Chdir(t.TempDir())
	write(t, "fruit.csv", "a,b\n1,2\n")
	write(t, "x.sqlite", "SQLite format 3\x00")
	write(t, "dump.txt", "\ufeff-- made by hand\nCREATE TABLE t(x);")
	rows := daemonapi.ImportResult{Format: "csv", Table: "fruit", Created: true, Rows: 1, Bytes: 8}
	skipped := daemonapi.ImportResult{Format: "csv", Table: "T", Rows: 2, Skipped: 3, Bad: []daemonapi.BadRow{{Line: 4, Message: "no\x1b[2J"}}}
	dry := daemonapi.ImportResult{Format: "csv", DryRun: true, Table: "fruit", Created: true, Rows: 2, Bad: []daemonapi.BadRow{{Line: 3, Message: "short"}},
		Columns: []daemonapi.ImportColumn{{Name: "a", Type: "INTEGER"}, {Name: "b", Type: "TEXT"}}, Preview: [][]*string{{textPointer("1"), nil}, {textPointer("2"), textPointer(""), textPointer("too much")}}}
	fileResult := daemonapi.ImportResult{Format: "sqlite", Bytes: 2048}
	const csvs, stop = "format=csv", "&on_error=stop"
	for _, tt := range []struct {
		args           string
		answer         any
		request        string
		stdout, stderr string
	}{
		{"fruit.csv A/b", rows, csvs + "&mode=create" + stop + "&table=fruit", "Imported 1 row into the new table fruit of A/b\n",
			"fruit.csv: format csv, by its name; table fruit\n"},
		{"fruit.csv A/b:T --append --on-error skip", skipped, csvs + "&mode=append&on_error=skip&table=T", "Imported 2 rows into the table T of A/b\n",
			"fruit.csv: format csv, by its name\n3 rows not imported:\n  line 4: no\\x1B[2J\n  and 2 more\n"},
		{"fruit.csv A/b:fruit --format csv --dry-run --header no --delimiter \\t --quote ' --encoding latin-1 --null -", dry,
			"delimiter=%09&dry_run=yes&encoding=latin-1&format=csv&header=no&mode=create&null=-" + stop + "&quote=%27&table=fruit",
			" Column | Type \n--------+---------\n a      | INTEGER \n b      | TEXT \n\n a | b \n---+------\n 1 | NULL \n 2 |  \n\n" +
				"Would import 2 rows into the new table fruit of A/b\n1 row not imported:\n  line 3: short\n", ""},
		{"fruit.csv A/b:fruit --quote= --escape \\ --comment # --skip-lines 2 --trim --null a --null b --types id=INTEGER", skipped,
			"comment=%23&escape=%5C&format=csv&mode=create&null=a&null=b" + stop + "&quote=none&skip_lines=2&table=fruit&trim=yes&types=%7B%22id%22%3A%22INTEGER%22%7D",
			"Imported 2 rows into the table T of A/b\n", "fruit.csv: format csv, by its name\n3 rows not imported:\n  line 4: no\\x1B[2J\n  and 2 more\n"},
		{"x.sqlite A/n --public_sharing_level fork", fileResult, "format=sqlite&mode=create" + stop + "&public_sharing_level=fork", "Imported 2.0 KiB as A/n\n",
			"x.sqlite: format sqlite, by its first bytes\n"},
		{"x.sqlite A/n --replace", fileResult, "format=sqlite&mode=replace" + stop, "Imported 2.0 KiB in place of the contents of A/n\n",
			"x.sqlite: format sqlite, by its first bytes\n"},
		{"dump.txt A/n", fileResult, "format=sql&mode=create" + stop, "Imported a script of 2.0 KiB into A/n\n", "dump.txt: format sql, by its content\n"},
		{"fruit.csv A/b:t --json --format tsv", fileResult, "format=tsv&mode=create" + stop + "&table=t",
			`{"format":"sqlite","dry_run":false,"created":false,"rows":0,"skipped":0,"bytes":2048}` + "\n", ""},
	} {
		s.set(ok(200, tt.answer))
		args := strings.Fields(tt.args)
		code := 0
		if strings.Contains(tt.args, "--dry-run") && strings.Contains(tt.stdout, "not imported:") && !strings.Contains(tt.args, "skip") {
			code = 1 // the import itself would fail
		}
		u.want(tt.stdout, tt.stderr, code, append([]string{"import"}, args...)...)
		db, _, _ := strings.Cut(args[1], ":")
		want := "POST /v1/" + db + "/import?" + tt.request + " [Authorization=Bearer ayb_s_l] " + read(t, args[0])
		if got := s.seen(); got != strings.TrimSpace(want) {
			t.Errorf("%s: sent\n%q, not\n%q", tt.args, got, want)
		}
	}
}

// Mistakes are found without a server.
func TestImportRefused(t *testing.T) {
	s := newServer(t, ok(200, "{}"))
	u := atServer(t, s)
	t.Chdir(t.TempDir())
	write(t, "x.sqlite", "SQLite format 3\x00")
	write(t, "empty", "")
	write(t, "x.csv", "a")
	const help = "\n\nFor more information, try 'client import --help'.\n"
	u.stdin = "a,b\n"
	for _, tt := range []struct {
		args, stderr string
		code         int
	}{
		{"nope A/b", "Error: Could not read nope: no such file or directory\n", 1},
		{". A/b", "Error: . is a directory\n", 1},
		{"empty A/b", "Error: The format of empty is not recognized; name it with --format\n", 1},
		{"- A/b", "Error: name the table: A/b:TABLE" + help, 2},
		{"x.sqlite A/b:t", "Error: sqlite has its own tables; leave out :t" + help, 2},
		{"x.csv A/b --replace --append", "Error: --mode, --replace and --append contradict each other" + help, 2},
		{"x.csv A/b --mode create --append", "Error: --mode, --replace and --append contradict each other" + help, 2},
		{"x.csv A/b --public_sharing_level fork", "Error: --public_sharing_level is for new databases" + help, 2},
	} {
		u.want("", tt.stderr, tt.code, append([]string{"import"}, strings.Fields(tt.args)...)...)
	}
	if got := s.seen(); got != "" {
		t.Errorf("sent %s", got)
	}
}

// A dry run fails as the import would, with and without --json.
func TestDryRunExitCode(t *testing.T) {
	s := newServer(t, nil)
	u := atServer(t, s)
	t.Chdir(t.TempDir())
	write(t, "f.csv", "a\n1\n")
	bad := []daemonapi.BadRow{{Line: 2, Message: "short"}}
	for _, tt := range []struct {
		args   string
		answer daemonapi.ImportResult
		code   int
	}{
		{"--dry-run", daemonapi.ImportResult{DryRun: true, Bad: bad}, 1},
		{"--dry-run --json", daemonapi.ImportResult{DryRun: true, Bad: bad}, 1},
		{"--dry-run --json", daemonapi.ImportResult{DryRun: true, Skipped: 7}, 1},
		{"--dry-run --json", daemonapi.ImportResult{DryRun: true}, 0},
		{"--dry-run", daemonapi.ImportResult{DryRun: true}, 0},
		{"--dry-run --on-error skip", daemonapi.ImportResult{DryRun: true, Skipped: 1, Bad: bad}, 0},
		{"--dry-run --on-error skip --json", daemonapi.ImportResult{DryRun: true, Skipped: 1, Bad: bad}, 0},
		{"--on-error skip --json", daemonapi.ImportResult{Skipped: 1, Bad: bad}, 0},
	} {
		s.set(ok(200, tt.answer))
		out, stderr, code := u.run(append([]string{"import", "f.csv", "A/b:t", "--format", "csv"}, strings.Fields(tt.args)...)...)
		if code != tt.code || out == "" || strings.Contains(stderr, "Error") {
			t.Errorf("%s: exit code %d, not %d; %q, %q", tt.args, code, tt.code, out, stderr)
		}
	}
}

// An error that the server sends before it has read the file is reported,
// however long the file is.
func TestImportForbidden(t *testing.T) {
	status, body := fails(errs.E(errs.Forbidden, "no way"))(nil, "")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 8<<20 || r.Header.Get("Content-Encoding") != "" {
			t.Errorf("announced %d bytes", r.ContentLength)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(encoded(t, body)))
	}))
	defer s.Close()
	u := newUser(t)
	u.env["AYB_SERVER_URL"], u.env["AYB_API_TOKEN"] = s.URL, "ayb_s_l"
	path := filepath.Join(t.TempDir(), "x")
	write(t, path, strings.Repeat("a", 8<<20))
	u.want("", "Error: no way\n", 1, "import", path, "A/b:t", "--format", "csv")
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := httpapi.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, os.ErrPermission }

// The error for an unreadable input does not name the server.
func TestImportOfBrokenInput(t *testing.T) {
	s := newServer(t, ok(200, "{}"))
	var out, errOut strings.Builder
	cmd := client.New(client.IO{Stdin: broken{}, Stdout: &out, Stderr: &errOut, Getenv: func(string) string { return "" }})
	cmd.SetArgs([]string{"--config", filepath.Join(t.TempDir(), "c"), "--url", s.URL, "--token", "ayb_s_l", "import", "-", "A/b:t"})
	err := cmd.ExecuteContext(t.Context())
	if e, ok := errors.AsType[*errs.Error](err); !ok || e.Message != "Could not read -: permission denied" {
		t.Errorf("%v", err)
	}
}

// The error for a file that becomes shorter names neither server nor network.
func TestImportOfAShrinkingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	write(t, path, strings.Repeat("a,b\n", 256<<10))
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := os.Truncate(path, 128<<10); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(io.Discard, r.Body) // it breaks off
	}))
	defer s.Close()
	var out, errOut strings.Builder
	cmd := client.New(client.IO{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errOut, Getenv: func(string) string { return "" }})
	cmd.SetArgs([]string{"--config", filepath.Join(t.TempDir(), "c"), "--url", s.URL, "--token", "ayb_s_l", "import", path, "A/b:t"})
	err := cmd.ExecuteContext(t.Context())
	if e, ok := errors.AsType[*errs.Error](err); !ok || e.Message != "The file became shorter while it was read; nothing was imported" {
		t.Errorf("%v", err)
	}
}

func TestSniff(t *testing.T) {
	zipped := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, begin, want string }{
		{"x.csv", "SQLite format 3\x00", "sqlite by its first bytes "},
		{"x.csv", "SQLite format 3", "csv by its name "},
		{"X.JSONL", "", "ndjson by its name "},
		{"x.TAB.gz", zipped("a"), "tsv by its name gzip"},
		{"x.csv.gz", "a,b", "csv by its content "}, // not compressed: its name says nothing
		{"x.gz", zipped("SQLite format 3\x00"), "sqlite by its first bytes gzip"},
		{"x.gz", zipped("[{\"a\":1}]"), "json by its content gzip"},
		{"x.csv.zst", "\x28\xb5\x2f\xfd", "csv by its name zstd"},
		{"x", "\x28\xb5\x2f\xfd", " by  zstd"},
		{"x", "\xff\xfea\x00;\x00b\x00\n\x00", "csv by its content "},
		{"x", "\xef\xbb\xbfa\tb,c\n", "tsv by its content "},
		{"x", "[1,2]\n[3,4]\n", "ndjson by its content "},
		{"x", "[\n[1,2]\n]", "json by its content "},
		{"x", "{\"a\":1}\n", "ndjson by its content "},
		{"x", "create table t(a,b);", "sql by its content "},
		{"x", "created,changed\n", "csv by its content "},
		{"x", "hello\nyou, there", " by  "},
		{"", "", " by  "},
	} {
		if got := client.Sniff(tt.name, []byte(tt.begin)); got != tt.want {
			t.Errorf("%s %q: %q, not %q", tt.name, tt.begin, got, tt.want)
		}
	}
}
