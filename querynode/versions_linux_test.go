package querynode_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// A database keeps the content of its log when it is renamed, deleted and
// undeleted. Running statements fail with an error.
func TestRenameAndUndeleteKeepTheLog(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
	if err := syscall.Kill(n.daemonOf("a"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	bustest.Until(t, "the daemon to be gone", func() bool { return len(daemons(t)) == 0 })
	logs, err := filepath.Glob(filepath.Join(n.data, "databases/alice/a/*-*-*-*/a-wal"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("logs %v, %v: nothing is tested", logs, err)
	}
	if info, err := os.Stat(logs[0]); err != nil || info.Size() == 0 {
		t.Fatalf("%v, %v: nothing is tested", info, err)
	}
	for range 2 {
		if _, err := n.client.RenameDatabase(t.Context(), n.id, nodeapi.RenameRequest{From: path("a"), To: path("b")}); err != nil {
			t.Fatal(err)
		}
	}
	if got := n.cell("b", "SELECT x FROM t"); got != "1" {
		t.Errorf("got %s", got)
	}
	n.exec("b", "INSERT INTO t VALUES (2)")
	told := make(chan error, 1)
	go func() {
		_, err := n.query(t.Context(), "b", ayb.QueryReadOnly, endless)
		told <- err
	}()
	n.untilRequests("b", 1)
	target := nodeapi.SoftDeleteRequest{Path: path("b"), Key: "42"}
	if _, err := n.client.SoftDeleteDatabase(t.Context(), n.id, target); err != nil {
		t.Fatal(err)
	}
	if err := <-told; err == nil {
		t.Error("a statement on a deleted database succeeded")
	}
	if _, err := n.query(t.Context(), "b", ayb.QueryReadOnly, "SELECT 1"); !errs.Is(err, errs.Engine) {
		t.Errorf("a deleted database answers %v", err)
	}
	if _, err := n.client.UndeleteDatabase(t.Context(), n.id, target); err != nil {
		t.Fatal(err)
	}
	if got := n.cell("b", "SELECT sum(x) FROM t"); got != "3" {
		t.Errorf("got %s", got)
	}
	for _, call := range []func(context.Context, nodeapi.NodeID, nodeapi.SoftDeleteRequest) (nodeapi.Done, error){n.client.SoftDeleteDatabase, n.client.PurgeDatabase} {
		if _, err := call(t.Context(), n.id, target); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.client.UndeleteDatabase(t.Context(), n.id, target); !errs.Is(err, errs.NotFound) {
		t.Errorf("purged and brought back: %v", err)
	}
	if _, err := os.Stat(filepath.Join(n.data, "databases", "alice")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
}

// A version that is neither published nor renewed is removed after a while,
// with its idle daemon. A published version stays.
func TestExpiredVersionsAreRemoved(t *testing.T) {
	n, b := start(t, nil), newBucket(t)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x)")
	id, _ := n.snapshot(b, "a")
	v := n.stage("b")
	if err := n.fetch(b, v, id); err != nil {
		t.Fatal(err)
	}
	n.restore(b, "a", id)
	before := time.Now()
	if _, err := n.client.StageVersion(t.Context(), n.id, nodeapi.StageRequest(v)); err != nil { // it is asked for
		t.Fatal(err)
	}
	n.role.RemoveExpired(before)
	if _, err := os.Stat(filepath.Join(n.data, "databases/alice/b", v.Version)); err != nil {
		t.Fatalf("it went too early: %v", err)
	}
	n.role.RemoveExpired(time.Now().Add(time.Hour))
	if _, err := os.Stat(filepath.Join(n.data, "databases/alice/b")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := n.client.StageVersion(t.Context(), n.id, nodeapi.StageRequest(v)); !errs.Is(err, errs.NotFound) {
		t.Errorf("what is gone is kept: %v", err)
	}
	if got := n.cell("a", "SELECT count(*) FROM t"); got != "0" {
		t.Errorf("got %s", got)
	}
	for _, pid := range daemons(t) {
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.Contains(string(b), v.Version) {
			t.Error("a daemon idles on what is gone")
		}
	}
}
