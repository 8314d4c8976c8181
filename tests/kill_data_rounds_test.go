package tests

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// killTest kills processes of a server during operations of one user, and
// records what must be stored.
type killTest struct {
	t        *testing.T
	topology harness.Topology
	w        *harness.Server
	s3       *harness.S3
	user     *harness.User
	random   *rand.Rand
	files    [2]killFile
	took     map[string]time.Duration // of the last run without a kill
	live     map[string]bool          // databases that must exist
	numbers  int
	ledger   int // acknowledged lines
	waiting  []func()
	unsure   map[string]bool // databases with postponed operations
	copies   bool            // a node may keep compressed copies that were not released
	points   int
	inside   int // kills before the operation had ended
}

// killFile is a database file for an import.
type killFile struct {
	bytes   []byte
	content string
}

// killBucket is the bucket of the snapshots, and killSnapshots how many are kept.
const (
	killBucket    = "bucket"
	killSnapshots = 6
)

func newKillTest(t *testing.T, topology harness.Topology) *killTest {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("AYB_TEST_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Logf("AYB_TEST_SEED=%d", seed)
	s3 := harness.StartS3(t)
	srv := harness.Start(t, topology, harness.WithSnapshots(s3.Bucket(killBucket), "2s", killSnapshots),
		harness.WithConfig("[limits]\ndatabases_per_account = 0"))
	k := &killTest{t: t, topology: topology, w: srv, s3: s3, user: srv.Register("ann"), random: rand.New(rand.NewPCG(seed, 5)),
		took: map[string]time.Duration{}, live: map[string]bool{}, unsure: map[string]bool{}}
	for i, db := range []string{"base.sqlite", "restored.sqlite"} {
		k.user.Create(db)
		k.live[db] = true
		k.user.Exec(db, fmt.Sprintf(`CREATE TABLE mark(n); CREATE TABLE t(id INTEGER PRIMARY KEY, state, body);
			INSERT INTO t WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n LIMIT 3000) SELECT x, %d, hex(randomblob(500)) FROM n;
			CREATE INDEX states ON t(state, body)`, i))
		var file bytes.Buffer
		if err := k.user.Export(t.Context(), k.user.Name, db, httpapi.ExportRequest{}, &file); err != nil {
			t.Fatal(err)
		}
		k.files[i] = killFile{file.Bytes(), k.content(db)}
	}
	for _, db := range []string{"snapped.sqlite", "replaced.sqlite"} {
		if err := k.importFile(t.Context(), db, k.files[0].bytes, daemonapi.ImportCreate); err != nil {
			t.Fatal(err)
		}
		k.live[db] = true
	}
	k.user.Create("ledger.sqlite")
	k.live["ledger.sqlite"] = true
	k.user.Exec("ledger.sqlite", "CREATE TABLE line(n)")
	return k
}

// within reports failures to t while do runs.
func (k *killTest) within(t *testing.T, do func()) {
	outer := k.t
	k.t = t
	defer func() { k.t = outer }()
	do()
}

// undisturbed runs an operation without a kill and measures it.
func (k *killTest) undisturbed(op operation) {
	k.t.Helper()
	a := op.begin(k)
	begin := time.Now()
	if err := a.do(k.t.Context()); err != nil {
		k.t.Fatalf("%s: %v", op.name, err)
	}
	k.took[op.name] = time.Since(begin)
	a.check(true)
	a.again()
	k.t.Logf("%s takes %s", op.name, k.took[op.name].Round(time.Millisecond))
}

// round kills a process at a random moment of an operation, starts it again, and
// checks all databases.
func (k *killTest) round(op operation, role string) {
	k.t.Helper()
	a := op.begin(k)
	k.line()
	point := time.Duration(k.random.Int64N(int64(k.took[op.name]) + int64(k.took[op.name])/10))
	done := make(chan error, 1)
	begin, needed := time.Now(), time.Duration(0)
	go func() {
		err := a.do(k.t.Context())
		needed = time.Since(begin)
		done <- err
	}()
	<-time.After(point)
	early := len(done) == 0
	k.kill(role, append(a.claimed, a.db))
	var err error
	select {
	case err = <-done:
	case <-time.After(2 * time.Minute):
		k.t.Fatalf("%s does not end after %s was killed", op.name, role)
	}
	k.points++
	// The snapshotter releases the copies of a node over the bus, which is in the
	// control plane.
	k.copies = k.copies || role == "ayb-snapshotter" || role == "ayb-controlplane"
	if early {
		k.inside++
	} else { // the speed of the machine has changed
		k.took[op.name] = (k.took[op.name] + needed) / 2
	}
	k.t.Logf("point %d: %s, %s killed after %s of %s, ended after %s: %v", k.points, op.name, role, point.Round(time.Millisecond),
		k.took[op.name].Round(time.Millisecond), time.Since(begin).Round(time.Millisecond), err)
	if err != nil && !passing(err) {
		k.t.Errorf("%s failed with %v, which says nothing of a failure that passes", op.name, err)
	}
	a.check(err == nil)
	if role == theDaemon {
		a.again()
	} else {
		k.postpone(a)
	}
	if k.t.Failed() {
		k.t.FailNow()
	}
}

// postpone repeats an operation when the claims have ended: those of a killed
// control plane, and of one that got no answer from a killed node.
func (k *killTest) postpone(a attempt) {
	if len(a.claimed) == 0 {
		a.again()
		return
	}
	k.waiting = append(k.waiting, a.again)
	for _, db := range a.claimed {
		k.unsure[db] = true
	}
}

// passing reports whether an error is temporary.
func passing(err error) bool {
	switch errs.CodeOf(err) {
	case errs.Unavailable, errs.Timeout, errs.Engine, errs.ObjectStore, errs.Conflict:
		return true
	}
	return false
}

// repeatAll repeats the postponed operations.
func (k *killTest) repeatAll() {
	for _, again := range k.waiting {
		again()
	}
	k.waiting = nil
	clear(k.unsure)
}

// kill kills a process and starts it again, or kills the daemons of some
// databases, which start on demand.
func (k *killTest) kill(role string, dbs []string) {
	k.t.Helper()
	daemons := k.w.Daemons()
	if role != theDaemon {
		k.w.Kill(role)
		if role != "ayb-controlplane" && role != "ayb-snapshotter" {
			waitEnded(k.t, "the daemons to end with their server", daemons)
		}
		k.w.StartRole(role)
		k.w.WaitHealthy()
		return
	}
	var own []int
	for _, pid := range daemons {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && slices.ContainsFunc(dbs, func(db string) bool { return strings.Contains(string(b), "/"+db+"/") }) {
			own = append(own, pid)
		}
	}
	if len(own) == 0 { // before the first own daemon: any daemon of the operation
		own = daemons
	}
	for _, pid := range own {
		kill(k.t, pid)
	}
}

// patience is the longest time for which a claim or a reservation of a killed
// control plane can block an operation.
const patience = 4 * time.Minute

// eventually repeats a function until it works. An error that is not temporary
// fails the test.
func (k *killTest) eventually(what string, do func(ctx context.Context) error) {
	k.t.Helper()
	for begin := time.Now(); ; harness.Pause() {
		err := do(k.t.Context())
		if err == nil {
			return
		}
		if !passing(err) || time.Since(begin) > patience {
			k.t.Fatalf("%s, after %s: %v", what, time.Since(begin).Round(time.Second), err)
		}
	}
}

// untilThere repeats a function until a database has this name. The database may
// also be the result of an earlier attempt.
func (k *killTest) untilThere(db string, do func(ctx context.Context) error) {
	k.t.Helper()
	for begin := time.Now(); !k.exists(db); harness.Pause() {
		if err := do(k.t.Context()); err != nil && (!passing(err) || time.Since(begin) > patience) && !k.exists(db) {
			k.t.Fatalf("there is no %s after %s: %v", db, time.Since(begin).Round(time.Second), err)
		}
	}
}

// content returns a hash of all data in a database.
func (k *killTest) content(db string) string {
	k.t.Helper()
	var sum string
	k.eventually("read "+db, func(ctx context.Context) error {
		hash := sha256.New()
		err := k.user.Export(ctx, k.user.Name, db, httpapi.ExportRequest{ExportOptions: daemonapi.ExportOptions{Format: daemonapi.TransferSQL}}, hash)
		sum = hex.EncodeToString(hash.Sum(nil))
		return err
	})
	return sum
}

// holds checks that a database is intact and has this content.
func (k *killTest) holds(db, content string) {
	k.t.Helper()
	k.holdsOneOf(db, false, content)
}

// holdsOneOf checks that a database has one of some contents, or the last one if
// last is set, and returns it.
func (k *killTest) holdsOneOf(db string, last bool, contents ...string) string {
	k.t.Helper()
	if last {
		contents = contents[len(contents)-1:]
	}
	got := k.content(db)
	found := false
	for _, c := range contents {
		found = found || c == got
	}
	if !found {
		k.t.Errorf("%s holds neither of %d states that it may have", db, len(contents))
	}
	if sound := k.cell(db, "PRAGMA integrity_check"); sound != "ok" {
		k.t.Errorf("integrity_check of %s: %s", db, sound)
	}
	return got
}

func (k *killTest) cell(db, sql string) (text string) {
	k.t.Helper()
	k.eventually(sql, func(ctx context.Context) error {
		r, err := k.user.Query(ctx, k.user.Name, db, sql)
		if err == nil {
			text = *r.Rows[0][0]
		}
		return err
	})
	return text
}
