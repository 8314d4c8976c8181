package querynode_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ayb-go/ayb/querynode"
	"github.com/ayb-go/ayb/shared/errs"
)

// N11: a daemon that crashes while it checks a snapshot does not make the
// snapshot a damaged one. The version is emptied.
func TestCheckThatDies(t *testing.T) {
	b := newBucket(t)
	sound := start(t, nil)
	sound.create("a")
	sound.exec("a", "CREATE TABLE t(x)")
	id, _ := sound.snapshot(b, "a")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "daemon")
	text := "#!/bin/sh\ncase \"$*\" in *'\"staged\":true'*) exit 3;; esac\nexec '" + program + "' \"$@\"\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	n := start(t, func(cfg *querynode.Config) { cfg.DaemonCommand = script })
	v := n.stage("a")
	if err := n.fetch(b, v, id); !errs.Is(err, errs.Engine) {
		t.Errorf("the check died: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(n.data, "databases/alice/a", v.Version))
	if err != nil || len(left) > 1 || len(left) == 1 && left[0].Name() != "~tmp" {
		t.Errorf("left: %v, %v", left, err)
	}
}
