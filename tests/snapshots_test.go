package tests

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// countWithin is the longest wait for a number of snapshots.
const countWithin = time.Minute

// snapshotCount is a database whose snapshots are counted.
type snapshotCount struct {
	t    *testing.T
	user *harness.User
	// inserted makes every state a new one.
	inserted *int
}

func (c snapshotCount) list() []httpapi.Snapshot {
	c.t.Helper()
	l, err := c.user.Snapshots(c.t.Context(), "ann", "shop.sqlite")
	if err != nil {
		c.t.Fatal(err)
	}
	return l
}

// becomes waits until exactly so many snapshots are listed.
func (c snapshotCount) becomes(n int) []httpapi.Snapshot {
	c.t.Helper()
	return c.until(fmt.Sprintf("%d snapshots", n), func(l []httpapi.Snapshot) bool {
		if len(l) > n {
			c.t.Fatalf("%d snapshots instead of %d", len(l), n)
		}
		return len(l) == n
	})
}

func (c snapshotCount) until(what string, ok func([]httpapi.Snapshot) bool) []httpapi.Snapshot {
	c.t.Helper()
	start := time.Now()
	for {
		l := c.list()
		if ok(l) {
			return l
		}
		if time.Since(start) > countWithin {
			c.t.Fatalf("still waiting for %s: %v", what, l)
		}
		harness.Pause()
	}
}

// stays checks that the list does not change during two rounds.
func (c snapshotCount) stays(want []httpapi.Snapshot) {
	c.t.Helper()
	<-time.After(4 * time.Second)
	same := func(a, b httpapi.Snapshot) bool {
		return a.SnapshotID == b.SnapshotID && a.LastModifiedAt == b.LastModifiedAt
	}
	if got := c.list(); !slices.EqualFunc(got, want, same) {
		c.t.Errorf("%v became %v", want, got)
	}
}

func (c snapshotCount) insert() {
	c.t.Helper()
	*c.inserted++
	c.user.Exec("shop.sqlite", fmt.Sprintf("INSERT INTO tea VALUES ('tea %d')", *c.inserted))
}

func (c snapshotCount) rows(n int) {
	c.t.Helper()
	if got := c.user.Cell("shop.sqlite", "SELECT count(*) FROM tea"); got != fmt.Sprint(n) {
		c.t.Errorf("%s rows instead of %d", got, n)
	}
}

func (c snapshotCount) restore(id string) error {
	return c.user.RestoreSnapshot(c.t.Context(), "ann", "shop.sqlite", httpapi.RestoreRequest{SnapshotID: id})
}

func (c snapshotCount) restored(id string) {
	c.t.Helper()
	if err := c.restore(id); err != nil {
		c.t.Fatal(err)
	}
}

// The table of the contract (N13), step by step.
func TestSnapshotCounts(t *testing.T) {
	for _, topology := range harness.Topologies() {
		for _, pathStyle := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s path style %v", topology, pathStyle), func(t *testing.T) {
				t.Parallel()
				s3 := harness.StartS3(t)
				bucket := s3.Bucket("bucket")
				bucket.PathStyle = pathStyle
				srv := harness.Start(t, topology, harness.WithSnapshots(bucket, "2s", 6))
				c := snapshotCount{t, srv.Register("ann"), new(int)}
				c.user.Create("shop.sqlite")
				c.table(func() {
					for _, key := range s3.Keys("bucket") {
						s3.Remove("bucket", key)
					}
				})
			})
		}
	}
}

// The table of the contract (N13), step by step.
func (c snapshotCount) table(empty func()) {
	t := c.t
	c.user.Exec("shop.sqlite", "CREATE TABLE tea (name TEXT); INSERT INTO tea VALUES ('a'), ('b')")
	l := c.becomes(1)
	first := l[0].SnapshotID
	c.stays(l)
	c.insert()
	l = c.becomes(2)
	second := l[0].SnapshotID
	c.insert()
	c.becomes(3)
	c.restored(second)
	c.rows(3)
	c.becomes(4)
	c.restored(first)
	c.rows(2)
	c.stays(c.becomes(5))
	c.insert()
	l = c.becomes(6)
	newest := l[0].SnapshotID
	c.insert()
	c.until("another newest snapshot among six", func(l []httpapi.Snapshot) bool {
		return len(l) == 6 && l[0].SnapshotID != newest && !slices.ContainsFunc(l, func(s httpapi.Snapshot) bool { return s.SnapshotID == first })
	})
	c.rows(4)
	if err := c.restore(first); !errs.Is(err, errs.NoSnapshot) {
		t.Errorf("a pruned snapshot: %v", err)
	}
	c.restored(second)
	c.rows(3)
	// A deleted object is stored again if it is the present state.
	c.until("the state after the restore", func(l []httpapi.Snapshot) bool { return l[0].SnapshotID != newest })
	empty()
	c.stays(c.becomes(1))
}
