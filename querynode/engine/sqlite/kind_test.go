//go:build cgo && (linux || darwin)

package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/querynode/engine/kind"
)

// The files beside an open database are those that kind lists, and its log changes
// with every commit.
func TestKindKnowsTheFiles(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	dir, name := filepath.Dir(db.Path), filepath.Base(db.Path)
	k := kind.SQLite()
	for _, f := range enginetest.Files(t, dir) {
		if end := strings.TrimPrefix(f, name); end != "" && !slices.Contains(k.SideFiles, end) {
			t.Errorf("%s is not in the list", f)
		}
	}
	readLog := func() kind.Log {
		t.Helper()
		l, err := k.ReadLog(dir, name, func(name string) (*os.File, error) { return os.Open(filepath.Join(dir, name)) })
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	before := readLog()
	db.Must(ro, `SELECT * FROM t`)
	if l := readLog(); l.Info == nil || !l.Indexed || !bytes.Equal(l.Commit, before.Commit) {
		t.Errorf("after a read: %+v, before %+v", l, before)
	}
	db.Must(rw, `INSERT INTO t VALUES (1)`)
	if l := readLog(); l.Copied || bytes.Equal(l.Commit, before.Commit) {
		t.Errorf("after a commit: %+v", l)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if l := readLog(); l.Info != nil || !l.Copied {
		t.Errorf("after the close: %+v", l)
	}
}
