package admin_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/cli/admin"
	"github.com/ayb-go/ayb/cli/client"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/process"
)

// world is the store of a server, with alice and her database shop.
type world struct {
	t     *testing.T
	url   string
	store *store.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, url: "sqlite://" + filepath.Join(t.TempDir(), "ayb.sqlite")}
	var err error
	if w.store, err = store.Open(t.Context(), store.Config{URL: w.url}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	now := time.Now()
	w.must(w.store.Confirm(t.Context(), meta.Confirmation{Slug: "alice", Type: ayb.User, Address: "a@example.org", MailDigest: "m", MailExpires: now, Short: "s", Now: now}))
	e, err := w.store.EntityBySlug(t.Context(), "alice")
	w.must(err)
	w.must(w.store.CreateDatabase(t.Context(), meta.Database{Owner: e.ID, Path: shop, Type: ayb.SQLite, Public: ayb.PublicNone, Node: "n", CreatedAt: now}))
	return w
}

var shop = ayb.DatabasePath{Entity: "alice", Database: "Shop.sqlite"}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// run runs a command while the store is open, as beside a running server.
func (w *world) run(args ...string) (string, error) {
	var out bytes.Buffer
	cmd := admin.New(process.IO{Stdout: &out, Stderr: &out, Environ: []string{"AYB__DATABASE_URL=" + w.url, "AYB__LIMITS__REQUEST_BYTES=1MiB"}})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(w.t.Context())
	return out.String(), err
}

// row returns the value and the source of a limit in a listing.
func row(out, limit string) string {
	for line := range strings.Lines(out) {
		cells := strings.FieldsFunc(line, func(r rune) bool { return r == '│' || r == '|' || r == '\n' })
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) > 2 && cells[0] == limit {
			return cells[1] + " " + cells[2]
		}
	}
	return "no row"
}

// A limit holds for the account or database it was set for, until it is removed.
func TestSetShowUnset(t *testing.T) {
	t.Chdir(t.TempDir())
	w := newWorld(t)
	steps := []struct {
		args string
		rows map[string]string
	}{
		{"limits show alice", map[string]string{"database_bytes": "1GiB server", "statement_timeout": "30s server", "result_bytes": "unlimited server", "queries_per_account": "256 server", "request_bytes": "1MiB server"}},
		{"limits set ALICE database_bytes=10GiB heap_bytes=134217728 databases_per_account=0", map[string]string{"database_bytes": "10GiB account alice", "heap_bytes": "128MiB account alice", "databases_per_account": "unlimited account alice"}},
		{"limits set alice/Shop.sqlite statement_timeout=2m database_bytes=64KiB", map[string]string{"statement_timeout": "2m database alice/Shop.sqlite", "database_bytes": "64KiB database alice/Shop.sqlite", "heap_bytes": "128MiB account alice"}},
		{"limits show alice", map[string]string{"database_bytes": "10GiB account alice", "statement_timeout": "30s server"}},
		{"limits show alice/Shop.sqlite", map[string]string{"statement_timeout": "2m database alice/Shop.sqlite", "queries_per_database": "8 server"}},
		{"limits unset alice heap_bytes", map[string]string{"heap_bytes": "64MiB server", "database_bytes": "10GiB account alice"}},
		{"limits unset alice/Shop.sqlite", map[string]string{"statement_timeout": "30s server", "database_bytes": "10GiB account alice"}},
		{"limits set alice/Shop.sqlite statement_timeout=1h30m result_bytes=0", map[string]string{"statement_timeout": "1h30m database alice/Shop.sqlite", "result_bytes": "unlimited database alice/Shop.sqlite"}},
	}
	for _, s := range steps {
		out, err := w.run(strings.Fields(s.args)...)
		if err != nil {
			t.Fatalf("%s: %v", s.args, err)
		}
		for limit, want := range s.rows {
			if got := row(out, limit); got != want {
				t.Errorf("%s: %s is %q, want %q\n%s", s.args, limit, got, want, out)
			}
		}
		if told := strings.Contains(out, "A running server uses the new limits within a minute."); told == strings.Contains(s.args, "show") {
			t.Errorf("%s: %s", s.args, out)
		}
	}
	out, err := w.run("limits", "show")
	if err != nil || strings.Count(out, "statement_timeout") != 2 || !strings.Contains(out, "alice/Shop.sqlite") || row(out, "database_bytes") != "1GiB server" {
		t.Errorf("overview: %s %v", out, err)
	}
	got, err := w.store.DatabaseByPath(t.Context(), shop)
	w.must(err)
	if n, _ := got.Limits.Database.Get(limits.StatementTimeout); n != (90 * time.Minute).Milliseconds() {
		t.Errorf("stored %d", n)
	}
}

// Invalid arguments are refused with a sentence, and no limit is set.
func TestRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	w := newWorld(t)
	for args, want := range map[string]struct {
		code int
		text string
	}{
		"limits set alice":            {2, "LIMIT=VALUE"},
		"limits set":                  {2, "ENTITY[/DATABASE]"},
		"limits set alice heap_bytes": {2, "must be formatted as LIMIT=VALUE"},
		"limits set alice heap=1":     {2, "unknown limit 'heap'; known are database_bytes, heap_bytes"},
		"limits set alice heap_bytes=2MiB heap_bytes=3MiB":   {2, "heap_bytes is given twice"},
		"limits set alice/Shop.sqlite/x heap_bytes=2MiB":     {2, "'entity/database'"},
		"limits set /x heap_bytes=2MiB":                      {2, "'entity/database'"},
		"limits set alice/Shop.sqlite queries_per_account=1": {2, "queries_per_account is a limit of accounts; set it for alice"},
		"limits show a b": {2, "unexpected argument 'b'"},
		"limits shoe":     {2, "unknown COMMAND 'shoe'"},
		"limits set alice database_bytes=2MiB heap_bytes=1":    {1, "heap_bytes must be at least 1MiB"},
		"limits set alice database_bytes=many":                 {1, "database_bytes must be a number of bytes or a size such as"},
		"limits set alice database_bytes=1000TiB":              {1, "database_bytes must be at most 16TiB"},
		"limits set alice statement_timeout=0s":                {1, "statement_timeout must be at least 1ms"},
		"limits set alice statement_timeout=30":                {1, "statement_timeout must be a duration"},
		"limits set alice statement_timeout=48h":               {1, "statement_timeout must be at most 24h"},
		"limits set alice queries_per_database=65":             {1, "queries_per_database must be at most 64"},
		"limits set alice queries_per_database=0":              {1, "queries_per_database must be at least 1"},
		"limits set alice queries_per_account=-1":              {1, "queries_per_account must be at least 0"},
		"limits set alice databases_per_account=1.5":           {1, "databases_per_account must be a whole number"},
		"limits set alice request_bytes=2MiB":                  {1, "request_bytes must be at most limits.request_bytes of the server, which is 1MiB; raise that first"},
		"limits set bob heap_bytes=2MiB":                       {1, "There is no account bob"},
		"limits set alice/shop.sqlite heap_bytes=2MiB":         {1, "There is no database alice/shop.sqlite"},
		"limits unset alice/Shop.sqlite databases_per_account": {2, "is a limit of accounts"},
		"limits show --config missing.toml alice":              {1, "missing.toml"},
	} {
		out, err := w.run(strings.Fields(args)...)
		var text bytes.Buffer
		client.Report(&text, err)
		if client.ExitCode(err) != want.code || !strings.Contains(text.String(), want.text) || out != "" {
			t.Errorf("%s: %d %s %s", args, client.ExitCode(err), text.String(), out)
		}
	}
	if list, err := w.store.ListLimits(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("something was set: %+v, %v", list, err)
	}
}

// In the wrong directory no store is created, and the error says what to do.
func TestNoStore(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	w := &world{t: t, url: "sqlite://ayb_data/ayb.sqlite"}
	if _, err := w.run("limits", "show"); err == nil || !strings.Contains(err.Error(), "There is no metadata store at ayb_data/ayb.sqlite; run this in the directory where the server runs") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("made %v, %v", left, err)
	}
}
