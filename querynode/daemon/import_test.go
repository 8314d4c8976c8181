//go:build linux && cgo

package daemon

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func TestImportThroughTheDaemon(t *testing.T) {
	var temp string
	w := startDaemon(t, func(c *daemonargs.Config) { temp = c.Temp })
	data := []byte("id,name\n" + strings.Repeat("1,some name\n", 30_000) + "2\n")
	o := daemonapi.ImportOptions{Format: daemonapi.TransferCSV, Table: "t", OnError: daemonapi.OnErrorSkip}
	text, err := w.send(with(t, daemonapi.KindImport, o), data)
	var result daemonapi.ImportResult
	if err != nil || json.Unmarshal([]byte(text), &result) != nil || result.Rows != 30_000 || result.Skipped != 1 || result.Bytes != int64(len(data)) {
		t.Fatalf("%s, %v", text, err)
	}
	if got := w.must(by("alice", "SELECT count(*), sum(id) FROM t")); !strings.Contains(got, `["30000","30000"]`) {
		t.Errorf("rows: %s", got)
	}
	if _, err := w.send(with(t, daemonapi.KindImport, daemonapi.ImportOptions{Format: daemonapi.TransferSQL}), []byte("DELETE FROM t;\nATTACH 'x' AS y;")); !errs.Is(err, errs.SQL) {
		t.Errorf("script: %v", err)
	}
	reader := with(t, daemonapi.KindImport, o)
	reader.Mode = ayb.QueryReadOnly
	if _, err := w.send(reader, data); !errs.Is(err, errs.ReadOnly) {
		t.Errorf("who may only read: %v", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

// An import is listed and can be stopped while it changes the database, which
// then is as it was; and only a few are taken on at once.
func TestImportIsListedAndStopped(t *testing.T) {
	w := startDaemon(t)
	sql := with(t, daemonapi.KindImport, daemonapi.ImportOptions{Format: daemonapi.TransferSQL})
	waiting := w.client.Begin(daemonapi.AppendHead(nil, &sql)) // its data does not come
	w.wait(1, "waiting")
	stream := w.client.Begin(daemonapi.AppendHead(nil, &sql))
	if err := stream.Send(t.Context(), []byte("CREATE TABLE t(a);\n"+writeForever+";"), true); err != nil {
		t.Fatal(err)
	}
	var id string
	until(t, func() bool {
		for _, q := range w.everything() {
			if q.State == "running" {
				id = q.ID
			}
		}
		return id != ""
	})
	if _, err := w.send(sql, []byte("SELECT 1")); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a third: %v", err)
	}
	if got := w.list(by("alice", "")); len(got) != 2 || !strings.HasPrefix(got[0].SQL, "-- import of sql") {
		t.Errorf("listed: %+v", got)
	}
	if err := w.cancel(by("alice", ""), id); err != nil {
		t.Fatal(err)
	}
	if _, err := answer(stream); !errs.Is(err, errs.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if err := waiting.Send(t.Context(), []byte("CREATE TABLE u(a);"), true); err != nil {
		t.Fatal(err)
	}
	if text, err := answer(waiting); err != nil {
		t.Errorf("the other: %s, %v", text, err)
	}
	if got := w.must(by("alice", "SELECT name FROM sqlite_schema")); !strings.Contains(got, `[["u"]]`) {
		t.Errorf("tables: %s", got)
	}
}
