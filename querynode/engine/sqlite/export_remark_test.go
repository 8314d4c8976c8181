//go:build cgo && (linux || darwin)

package sqlite

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// The remark about rows that cannot be exported stands before their table.
func TestRemarkOfAnExportStandsBeforeItsTable(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE VIRTUAL TABLE a USING fts5(x); CREATE VIRTUAL TABLE b USING fts5(y, content=''); CREATE VIRTUAL TABLE c USING fts5(z)")
	var out enginetest.Memory
	if err := db.Export(enginetest.ExportJob(), daemonapi.ExportOptions{Format: daemonapi.TransferSQL}, "", &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "-- The rows of the next table cannot be exported") {
			if !strings.HasPrefix(lines[i+1], "CREATE VIRTUAL TABLE b ") {
				t.Errorf("the remark is followed by %s", lines[i+1])
			}
			return
		}
	}
	t.Errorf("no remark in %s", out.String())
}
