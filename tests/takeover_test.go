package tests

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// oldURL is the address of the server in the settings files of the old clients.
const oldURL = "http://127.0.0.1:5441"

// takenOver is a server of today on the data of a server of commit 1f92363.
// testdata/takeover.sh made the data and says what is in it.
type takenOver struct {
	*harness.Server
	t          *testing.T
	dir        string
	facts      map[string]string
	alice, bob *httpapi.Client
}

// TestTakeOver: accounts, tokens, grants, rows, snapshots and the settings of
// clients that an older version has stored are all there, with nothing to do
// for the operator.
func TestTakeOver(t *testing.T) {
	for _, topology := range harness.Topologies() {
		t.Run(string(topology), func(t *testing.T) {
			o := startTakenOver(t, topology)
			o.checkAccounts()
			o.checkTokens()
			o.checkRows()
			o.checkGrants()
			o.checkUndelete()
			o.checkSnapshots()
			o.checkClientSettings()
			for _, role := range topology.Roles() {
				o.Restart(role)
			}
			o.checkRows()
		})
	}
}

func startTakenOver(t *testing.T, topology harness.Topology) *takenOver {
	t.Helper()
	dir := t.TempDir()
	if err := unpack("testdata/takeover.tar.gz", dir); err != nil {
		t.Fatal(err)
	}
	s3 := harness.StartS3(t)
	snapshots := harness.WithSnapshots(s3.Bucket("bucket"), "", 0)
	bucket := filepath.Join(dir, "bucket")
	if err := fs.WalkDir(os.DirFS(bucket), ".", func(key string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(bucket, key))
		s3.Put("bucket", key, string(content))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	// The deleted database is kept for ten years: the archive is not younger.
	s := harness.Start(t, topology, harness.WithDir(dir), snapshots, harness.WithConfig("[retention]\ndeletion_grace = \"87600h\""))
	o := &takenOver{Server: s, t: t, dir: dir, facts: readFacts(t, filepath.Join(dir, "facts"))}
	o.alice, o.bob = s.Client(o.clientToken("alice")), s.Client(o.clientToken("bob"))
	return o
}

// unpack unpacks an archive into a directory. The links in the data directory
// name files by their full paths, so they follow it to its new place.
func unpack(archive, dir string) (err error) {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.Mkdir(path, h.FileInfo().Mode())
		case tar.TypeSymlink:
			_, below, _ := strings.Cut(h.Linkname, "/data/")
			err = os.Symlink(filepath.Join(dir, "data", below), path)
		default:
			var content []byte
			if content, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, content, h.FileInfo().Mode())
			}
		}
		if err != nil {
			return err
		}
	}
}

func readFacts(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	facts := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		facts[name] = value
	}
	return facts
}

// clientToken reads a user's token from the settings file of their client, and
// moves the file to the address of today's server.
func (o *takenOver) clientToken(user string) string {
	o.t.Helper()
	path := o.settings(user)
	content, err := os.ReadFile(path)
	if err != nil {
		o.t.Fatal(err)
	}
	if strings.Count(string(content), oldURL) != 2 {
		o.t.Fatalf("the settings of %s are %s", user, content)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(content), oldURL, o.URL)), 0o600); err != nil {
		o.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(content), `"`+oldURL+`":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

func (o *takenOver) settings(user string) string {
	return filepath.Join(o.dir, "client", user+".json")
}

// rows fails the test unless a query has this answer, a cell a line.
func (o *takenOver) rows(c *httpapi.Client, database, sql, want string) {
	o.t.Helper()
	entity, name, _ := strings.Cut(database, "/")
	r, err := c.Query(o.t.Context(), entity, name, sql)
	if err != nil {
		o.t.Errorf("%s on %s: %v", sql, database, err)
		return
	}
	var cells []string
	for _, row := range r.Rows {
		for _, cell := range row {
			if cell == nil {
				cells = append(cells, "NULL")
				continue
			}
			cells = append(cells, *cell)
		}
	}
	if got := strings.Join(cells, " "); got != want {
		o.t.Errorf("%s on %s: %q, not %q", sql, database, got, want)
	}
}

// refused fails the test unless a query is refused with a code.
func (o *takenOver) refused(c *httpapi.Client, database, sql string, code errs.Code) {
	o.t.Helper()
	entity, name, _ := strings.Cut(database, "/")
	if _, err := c.Query(o.t.Context(), entity, name, sql); errs.CodeOf(err) != code {
		o.t.Errorf("%s on %s: %v, not %v", sql, database, err, code)
	}
}

func (o *takenOver) checkAccounts() {
	o.t.Helper()
	e, err := o.alice.Entity(o.t.Context(), "alice")
	if err != nil {
		o.t.Fatal(err)
	}
	if e.Profile.DisplayName == nil || *e.Profile.DisplayName != "Alice A." || e.Profile.Location == nil || *e.Profile.Location != "Bern" {
		o.t.Errorf("the profile is %+v", e.Profile)
	}
	var names []string
	for _, d := range e.Databases {
		names = append(names, d.Slug)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "new-name.sqlite open.sqlite shop.sqlite wal.sqlite" {
		o.t.Errorf("alice has %s", got)
	}
	if len(e.Deleted) != 1 || e.Deleted[0].Slug != "gone.sqlite" {
		o.t.Errorf("deleted are %+v", e.Deleted)
	}
}

// checkTokens uses a token with full access, one for reading one database, and
// one that was revoked.
func (o *takenOver) checkTokens() {
	o.t.Helper()
	full, scoped, revoked := o.Client(o.facts["FULL"]), o.Client(o.facts["SCOPED"]), o.Client(o.facts["REVOKED"])
	tokens, err := full.Tokens(o.t.Context())
	var names []string
	for _, token := range tokens {
		if token.Name != nil {
			names = append(names, *token.Name)
		}
	}
	if slices.Sort(names); err != nil || strings.Join(names, ", ") != "backup, shop page" {
		o.t.Errorf("the tokens with a name are %q, %v", names, err)
	}
	o.rows(full, "alice/wal.sqlite", "SELECT count(*) FROM t", "2")
	o.rows(scoped, "alice/shop.sqlite", "SELECT name FROM cheap", "apple")
	o.refused(scoped, "alice/shop.sqlite", "DELETE FROM fruit", errs.ReadOnly)
	o.refused(scoped, "alice/wal.sqlite", "SELECT 1", errs.Forbidden)
	o.refused(revoked, "alice/shop.sqlite", "SELECT 1", errs.InvalidToken)
}

// checkRows reads every database, also what is only in a WAL, under the old name
// of a database, and in a fork.
func (o *takenOver) checkRows() {
	o.t.Helper()
	o.rows(o.alice, "alice/shop.sqlite", "SELECT id, name, price, hex(picture) FROM fruit WHERE id < 3", "1 apple 0.5 00FF 2 Äpfel 1.25 ")
	o.rows(o.alice, "alice/shop.sqlite", "SELECT name FROM sqlite_schema ORDER BY name", "cheap fruit fruit_name")
	o.rows(o.alice, "alice/wal.sqlite", "SELECT x FROM t", "first in the WAL")
	o.rows(o.alice, "alice/new-name.sqlite", "SELECT x FROM t", "renamed")
	o.rows(o.alice, "alice/old-name.sqlite", "SELECT x FROM t", "renamed")
	o.rows(o.bob, "bob/my-shop.sqlite", "SELECT id FROM fruit ORDER BY id", "2 3")
	details, err := o.bob.DatabaseDetails(o.t.Context(), "bob", "my-shop.sqlite")
	if err != nil || details.ForkedFrom == nil || *details.ForkedFrom != "alice/shop.sqlite" {
		o.t.Errorf("the fork is %+v, %v", details, err)
	}
}

func (o *takenOver) checkGrants() {
	o.t.Helper()
	o.rows(o.bob, "alice/shop.sqlite", "INSERT INTO fruit VALUES (4, 'plum', 3, NULL) RETURNING id", "4")
	o.rows(o.bob, "alice/open.sqlite", "SELECT x FROM t", "public")
	o.refused(o.bob, "alice/open.sqlite", "DELETE FROM t", errs.ReadOnly)
	o.refused(o.bob, "alice/wal.sqlite", "SELECT 1", errs.Forbidden)
	shared, err := o.bob.Permissions(o.t.Context(), "alice", "new-name.sqlite") // which a manager may ask for
	if err != nil || len(shared) != 1 || shared[0].EntitySlug != "bob" || shared[0].SharingLevel != "manager" {
		o.t.Errorf("new-name.sqlite is shared with %+v, %v", shared, err)
	}
}

func (o *takenOver) checkUndelete() {
	o.t.Helper()
	if err := o.alice.UndeleteDatabase(o.t.Context(), "alice", "gone.sqlite"); err != nil {
		o.t.Errorf("undelete: %v", err)
		return
	}
	o.rows(o.bob, "alice/gone.sqlite", "SELECT x FROM t", "deleted")
}

func (o *takenOver) checkSnapshots() {
	o.t.Helper()
	id := o.facts["SNAPSHOT"]
	list, err := o.alice.Snapshots(o.t.Context(), "alice", "shop.sqlite")
	if err != nil || len(list) != 1 || list[0].SnapshotID != id || list[0].Message == nil || *list[0].Message != "two fruits" {
		o.t.Errorf("the snapshots are %+v, %v", list, err)
	}
	if err := o.alice.RestoreSnapshot(o.t.Context(), "alice", "shop.sqlite", httpapi.RestoreRequest{SnapshotID: id}); err != nil {
		o.t.Errorf("restore: %v", err)
		return
	}
	o.rows(o.alice, "alice/shop.sqlite", "SELECT count(*) FROM fruit", "2")
}

// checkClientSettings runs the program with the old settings: it finds address
// and token, and keeps both when it writes the file.
func (o *takenOver) checkClientSettings() {
	o.t.Helper()
	for _, command := range []string{"set_default_url " + o.URL, "list bob"} {
		out, err := o.client("bob", strings.Fields(command)...)
		if err != nil {
			o.t.Errorf("ayb client %s: %v: %s", command, err, out)
		}
		if command == "list bob" && !strings.Contains(out, "my-shop.sqlite") {
			o.t.Errorf("ayb client %s printed %s", command, out)
		}
	}
}

// client runs a command of `ayb client` with a user's settings.
func (o *takenOver) client(user string, args ...string) (string, error) {
	cmd := exec.CommandContext(o.t.Context(), filepath.Join(o.Bin, "ayb"), append([]string{"client"}, args...)...)
	cmd.Env = []string{"AYB_CLIENT_CONFIG_FILE=" + o.settings(user), harness.FastRaceExit}
	out, err := cmd.CombinedOutput()
	return string(out), err
}
