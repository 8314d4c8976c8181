package querynode_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// transferRequest is a request to export, import, copy or check a complete database.
func (n *node) transferRequest(name string, kind daemonapi.Kind, options any) daemonapi.Request {
	n.t.Helper()
	r := daemonapi.Request{Path: path(name), Type: ayb.SQLite, Kind: kind, Mode: ayb.QueryReadWrite}
	var err error
	if r.Options, err = json.Marshal(options); err != nil {
		n.t.Fatal(err)
	}
	return r
}

// idle is the number of threads of a process with the lowest priority.
func idle(t *testing.T, pid int) (count int) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		if fields := strings.Fields(rest); len(fields) > 16 && fields[16] == "19" {
			count++
		}
	}
	return count
}

// A fork in real sandboxes: one daemon exports, another imports, and the new
// version is published. The exporting daemon has a thread of the lowest
// priority during the export only.
func TestForkThroughSandboxes(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x); INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 3000) SELECT randomblob(1000) FROM c")
	pid := n.daemonOf("a")

	slow, err := n.client.Query(t.Context(), n.id, n.transferRequest("a", daemonapi.KindExport, daemonapi.ExportOptions{Format: daemonapi.TransferCSV}))
	if err != nil {
		t.Fatal(err)
	}
	bustest.Until(t, "a thread gives way", func() bool { return idle(t, pid) == 1 })
	slow.Close()
	bustest.Until(t, "the thread is gone", func() bool { return idle(t, pid) == 0 })

	staged, err := n.client.StageVersion(t.Context(), n.id, nodeapi.StageRequest{Path: path("b")})
	if err != nil {
		t.Fatal(err)
	}
	from, err := n.client.Query(t.Context(), n.id, n.transferRequest("a", daemonapi.KindExport, daemonapi.ExportOptions{Format: daemonapi.TransferSQLite}))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	req := n.transferRequest("b", daemonapi.KindImport, daemonapi.ImportOptions{Format: daemonapi.TransferSQLite})
	req.Version = staged.Version
	to, err := n.client.Import(t.Context(), n.id, req)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	for last := false; !last; {
		var piece []byte
		if piece, last, err = from.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := to.Send(t.Context(), piece, last); err != nil {
			t.Fatal(err)
		}
	}
	var result daemonapi.ImportResult
	text, last, err := to.Next(t.Context())
	if err != nil || !last || json.Unmarshal(text, &result) != nil || result.Bytes < 3_000_000 {
		t.Fatalf("%s, %v, %v", text, last, err)
	}
	if _, err := n.client.CreateDatabase(t.Context(), n.id, nodeapi.CreateRequest{Path: path("b"), Type: ayb.SQLite, Version: staged.Version}); err != nil {
		t.Fatal(err)
	}
	if got := n.cell("b", "SELECT sum(length(x)) FROM t"); got != "3000000" {
		t.Errorf("got %s", got)
	}
}
