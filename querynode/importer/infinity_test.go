//go:build cgo && (linux || darwin)

package importer

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// The shell of SQLite 3.53 dumps infinite numbers as bare words.
func TestDumpOfInfinity(t *testing.T) {
	w := start(t)
	w.must("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(a REAL, b);\nINSERT INTO t VALUES(Inf,'Inf, it''s (Inf)');\nINSERT INTO \"t\" VALUES( -Inf , 1.5);\nINSERT INTO t VALUES(1,Inf),(-Inf,2);\nCOMMIT;\n", options{Format: daemonapi.TransferSQL})
	if got := w.rows("SELECT a, b FROM t"); got != "inf|Inf, it's (Inf) -inf|1.5 1|inf -inf|2" {
		t.Error(got)
	}
	// A column named Inf stays a column.
	w.must("CREATE TABLE u(Inf); INSERT INTO u VALUES (1); INSERT INTO u SELECT Inf FROM u;", options{Format: daemonapi.TransferSQL})
	if got := w.rows("SELECT * FROM u"); got != "1 1" {
		t.Error(got)
	}
	for _, sql := range []string{"INSERT INTO t VALUES (1, Inf + 1);", "INSERT INTO t SELECT Inf;", "SELECT Inf;"} {
		if _, err := w.try(sql, options{Format: daemonapi.TransferSQL}); !errs.Is(err, errs.SQL) || !strings.Contains(err.Error(), "no such column: Inf") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
