package enginetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// SQLJob is a job of plain SQL text with the compatible answer.
func SQLJob(sql string, mode ayb.QueryLevel, timeout time.Duration) *engine.Job {
	return engine.NewJob(Script(sql), engine.JobOptions{Mode: mode, Format: daemonapi.FormatCompat, Timeout: timeout})
}

// Script is a batch of SQL text.
func Script(sql string) daemonapi.Batch {
	return daemonapi.Batch{Statements: []daemonapi.Statement{{SQL: sql}}, Script: true, Atomic: true}
}

// Request is a job of the JSON form.
func Request(t testing.TB, mode ayb.QueryLevel, f daemonapi.Format, body string) *engine.Job {
	t.Helper()
	b, err := daemonapi.DecodeBatch([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return engine.NewJob(b, engine.JobOptions{Mode: mode, Format: f, Timeout: time.Minute})
}

// MaintenanceJob is a job for a copy, a check or a file that is received.
func MaintenanceJob() *engine.Job { return engine.NewJob(daemonapi.Batch{}, engine.JobOptions{}) }

// ExportJob is a job for an export.
func ExportJob() *engine.Job {
	return engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Timeout: 20 * time.Second})
}

// Count is a subquery whose column x counts from 1 to n.
func Count(n int) string {
	return fmt.Sprintf(`(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n LIMIT %d) SELECT x FROM n)`, n)
}
