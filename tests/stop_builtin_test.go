package tests

import (
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/tests/harness"
)

// Q3: SQLite cannot be interrupted within a call of a built-in function, and
// some calls take hours on values of a few megabytes. The node kills such a
// daemon. The database is available again at once, and other databases are not
// affected.
func TestStopBuiltinQ3(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne, harness.WithConfig("[limits]\nstatement_timeout = \"1s\""))
	alice := srv.Register("alice")
	for _, db := range []string{"a.sqlite", "other.sqlite"} {
		alice.Create(db)
		alice.Exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
	}
	began := time.Now()
	ended := make(chan error, 1)
	go func() {
		_, err := alice.Query(t.Context(), alice.Name, "a.sqlite", "SELECT instr(hex(zeroblob(8000000)), hex(zeroblob(4000000)) || 'b')")
		ended <- err
	}()
	for answers := 0; ; answers++ {
		select {
		case err := <-ended:
			if !errs.Is(err, errs.Engine) {
				t.Errorf("it ended with %v", err)
			}
			took := time.Since(began)
			t.Logf("the daemon was ended after %s; the other database answered %d times", took.Round(time.Millisecond), answers)
			if took > hangs {
				t.Errorf("it took %s", took)
			}
			alice.Exec("a.sqlite", "INSERT INTO t VALUES (2)")
			if got := alice.Cell("a.sqlite", "SELECT count(*) FROM t"); got != "2" {
				t.Errorf("%s rows", got)
			}
			return
		default:
		}
		if got := alice.Cell("other.sqlite", "SELECT x FROM t"); got != "1" {
			t.Fatalf("the other database says %s", got)
		}
		harness.Pause()
	}
}
