package querynode_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/disktest"
	"github.com/ayb-go/ayb/shared/errs"
)

// sorted needs a temporary file of about so many MiB.
func sorted(mib int) string {
	return fmt.Sprintf("SELECT count(*) FROM (SELECT DISTINCT hex(randomblob(2048)) FROM (WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c LIMIT %d) SELECT x FROM c))", mib<<8)
}

// refused checks for a refusal with a reason that names a limit.
func refused(t *testing.T, what string, err error, code errs.Code, reason, limit string) {
	t.Helper()
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Code != code || e.Attrs[errs.AttrReason] != reason || !strings.Contains(e.Message, limit) {
		t.Errorf("%s: %v", what, err)
	}
}

// importing begins an import of so many bytes of CSV and keeps it open.
func (n *node) importing(name string, bytes int) nodeapi.Upload {
	n.t.Helper()
	up, err := n.client.Import(n.t.Context(), n.id, nodeapi.QueryRequest{Path: path(name), Type: ayb.SQLite, Mode: ayb.QueryReadWrite,
		Kind: daemonapi.KindImport, Options: []byte(`{"format":"csv","table":"x","mode":"create"}`)})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(up.Close)
	piece := []byte(strings.Repeat("aaaaaaaaaaaaaaa\n", 4<<10))
	for sent := 0; sent < bytes; sent += len(piece) {
		if up.Send(n.t.Context(), piece, false) != nil {
			break // it was refused
		}
	}
	return up
}

// Temporary files of all kinds count for the account, over all of its
// databases, and stop counting when they are removed, even for a killed daemon.
// Other accounts have a share of their own.
func TestTemporaryFilesOfAnAccount(t *testing.T) {
	n := start(t, func(c *querynode.Config) {
		c.Space = space.Limits{Account: 12 << 20, Node: 100 << 20, Reserve: 1 << 20}
	})
	for _, name := range []string{"a", "b"} {
		n.create(name)
		n.exec(name, "CREATE TABLE t(x)")
	}
	none := func() {
		t.Helper()
		bustest.Until(t, "everything to be given back", func() bool { return n.role.TempBytes() == 0 })
	}
	run := func(name, sql string) error {
		_, err := n.query(t.Context(), name, ayb.QueryReadWrite, sql)
		return err
	}
	if err := run("a", sorted(4)); err != nil {
		t.Errorf("a sort within the limit: %v", err)
	}
	none()
	refused(t, "a sort", run("a", sorted(40)), errs.DiskFull, errs.ReasonTemp, "limits.temp_bytes_per_account")
	none()
	// A result that waits for its commit.
	refused(t, "a result", run("a", "INSERT INTO t VALUES (1); SELECT hex(randomblob(1000000)) FROM (WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c LIMIT 20) SELECT x FROM c)"),
		errs.DiskFull, errs.ReasonTemp, "limits.temp_bytes_per_account")
	none()
	if got := n.cell("a", "SELECT count(*) FROM t"); got != "0" {
		t.Errorf("what was refused wrote %s rows", got)
	}
	// An import that does not end takes room from another database of the account.
	n.importing("a", 9<<20)
	bustest.Until(t, "the import to count", func() bool { return n.role.TempBytes() >= 8<<20 })
	refused(t, "a sort beside an import", run("b", sorted(8)), errs.DiskFull, errs.ReasonTemp, "limits.temp_bytes_per_account")
	if err := run("b", "INSERT INTO t VALUES (1)"); err != nil {
		t.Errorf("a write beside an import: %v", err)
	}
	n.killDaemon("a")
	none()
	_, _, err := n.importing("b", 20<<20).Next(t.Context())
	refused(t, "an import", err, errs.DiskFull, errs.ReasonTemp, "limits.temp_bytes_per_account")
	none()
}

// The node's own limit counts all accounts.
func TestTemporaryFilesOfANode(t *testing.T) {
	n := start(t, func(c *querynode.Config) { c.Space = space.Limits{Account: 50 << 20, Node: 12 << 20, Reserve: 1 << 20} })
	n.create("a")
	_, err := n.query(t.Context(), "a", ayb.QueryReadWrite, sorted(40))
	refused(t, "a sort", err, errs.DiskFull, errs.ReasonTemp, "limits.temp_bytes)")
}

// The disk keeps its reserve. Growing is refused and leaves nothing, committed
// data stays, and reads and deletes work. The database's own limit has another
// error. Writing works again when there is space.
func TestReserveOfTheDisk(t *testing.T) {
	disk := disktest.Mount(t, 160<<20)
	n := start(t, func(c *querynode.Config) {
		c.DataPath, c.DatabaseBytes = disk, 20<<20
		c.Space = space.Limits{Account: 30 << 20, Node: 60 << 20, Reserve: 24 << 20}
	})
	for _, name := range []string{"a", "small", "gone"} {
		n.create(name)
		n.exec(name, "CREATE TABLE t(x)")
	}
	_, err := n.query(t.Context(), "small", ayb.QueryReadWrite, fill(30<<20))
	refused(t, "a database beyond its limit", err, errs.Full, errs.ReasonDatabase, "limits.database_bytes")

	takeBack := disktest.Fill(t, disk, 30<<20)
	acked := 0
	for err = error(nil); err == nil && acked < 1000; acked++ {
		_, err = n.query(t.Context(), "a", ayb.QueryReadWrite, fill(500_000))
	}
	acked--
	refused(t, "a write", err, errs.DiskFull, errs.ReasonDisk, "limits.disk_reserve_bytes")
	if free := disktest.Free(t, disk); free < 12<<20 {
		t.Errorf("%d bytes are free", free)
	}
	if got := n.cell("a", "SELECT count(*) FROM t"); got != fmt.Sprint(acked) {
		t.Errorf("%s rows of %d that were acknowledged", got, acked)
	}
	_, err = n.query(t.Context(), "a", ayb.QueryReadWrite, sorted(20))
	refused(t, "a sort", err, errs.DiskFull, errs.ReasonDisk, "limits.disk_reserve_bytes")
	_, err = n.client.CreateDatabase(t.Context(), n.id, nodeapi.CreateRequest{Path: path("new"), Type: ayb.SQLite})
	refused(t, "a new database", err, errs.DiskFull, errs.ReasonDisk, "limits.disk_reserve_bytes")
	_, err = n.client.StageVersion(t.Context(), n.id, nodeapi.StageRequest{Path: path("new")})
	refused(t, "a fork or restore", err, errs.DiskFull, errs.ReasonDisk, "limits.disk_reserve_bytes")
	if _, err := n.client.DeleteDatabase(t.Context(), n.id, nodeapi.DeleteRequest{Path: path("gone")}); err != nil {
		t.Errorf("delete: %v", err)
	}
	n.killDaemon("a") // what is in the log is there after a crash
	if got := n.cell("a", "SELECT count(*) FROM t"); got != fmt.Sprint(acked) {
		t.Errorf("after a crash %s rows of %d that were acknowledged", got, acked)
	}
	takeBack()
	n.exec("a", fill(500_000))
	n.create("new")
}
