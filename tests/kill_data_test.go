package tests

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// attempt is an operation that is ready to run on a database.
type attempt struct {
	db string
	do func(ctx context.Context) error
	// check compares the state after a kill: it must be the old one or the new
	// one, and the new one if the operation was acknowledged.
	check func(acknowledged bool)
	// again must work in the end, after any kill.
	again func()
	// claimed are databases that a control plane reserves for a while when it
	// begins an operation. again may have to wait for the end of that.
	claimed []string
}

// operation is the kind of operation during which processes are killed.
type operation struct {
	name    string
	begin   func(k *killTest) attempt
	storing bool // a snapshotter takes part
}

var killedOperations = []operation{
	{"snapshot", killedSnapshot, true},
	{"restore", killedRestore, true},
	{"restore to", killedRestoreTo, true},
	{"import", killedImport, false},
	{"replace", killedReplace, false},
	{"fork", killedFork, false},
	{"delete", killedDelete, false},
	{"undelete", killedUndelete, false},
	{"rename", killedRename, false},
}

// theDaemon stands for the query daemon of the database in the list of roles.
const theDaemon = "daemon"

// killPoints is the number of kills of each operation in a full test, in both
// topologies together. killTime is the time of a short test for each topology.
const (
	killPoints = 40
	killTime   = 10 * time.Second
)

// Any process may be killed at any moment of an operation on a complete
// database. The database is then in its old state or in its new one,
// acknowledged changes stay, no files are left over, and the operation can be
// repeated.
func TestKilledOperations(t *testing.T) {
	for _, topology := range harness.Topologies() {
		t.Run(string(topology), func(t *testing.T) {
			if !harness.Full() {
				t.Parallel()
			}
			k := newKillTest(t, topology)
			for _, op := range killedOperations { // to measure their durations
				k.undisturbed(op)
			}
			if harness.Full() {
				k.all()
			} else {
				k.some()
			}
			k.settled()
		})
	}
}

// victims returns the roles that an operation depends on.
func (k *killTest) victims(op operation) []string {
	if k.topology == harness.AllInOne {
		return []string{"ayb", theDaemon}
	}
	roles := []string{"ayb-controlplane", "ayb-querynode", theDaemon}
	if op.storing {
		roles = append(roles, "ayb-snapshotter")
	}
	return roles
}

// all kills at every point: of the 40 of an operation, a third if only one
// process is killed, and two thirds if several are.
func (k *killTest) all() {
	points := killPoints / 3
	if k.topology == harness.Split {
		points = killPoints - points
	}
	for _, op := range killedOperations {
		k.t.Run(op.name, func(t *testing.T) {
			k.within(t, func() {
				roles := k.victims(op)
				for i := range points {
					k.round(op, roles[i%len(roles)])
				}
			})
		})
	}
}

// some kills during operations in random order until the time is over.
func (k *killTest) some() {
	type pair struct {
		op   operation
		role string
	}
	var pairs []pair
	for _, op := range killedOperations {
		for _, role := range k.victims(op) {
			pairs = append(pairs, pair{op, role})
		}
	}
	k.random.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	begin := time.Now()
	for i := 0; i < 3 || time.Since(begin) < killTime; i++ {
		p := pairs[i%len(pairs)]
		k.round(p.op, p.role)
	}
}

func killedSnapshot(k *killTest) attempt {
	const db = "snapped.sqlite"
	k.nextContent(db)
	now := k.content(db)
	id := ""
	do := func(ctx context.Context) error {
		taken, err := k.user.TakeSnapshot(ctx, k.user.Name, db, "by hand")
		if err == nil {
			id = taken.SnapshotID
		}
		return err
	}
	return attempt{db: db, do: do,
		check: func(acknowledged bool) {
			k.holds(db, now)
			if acknowledged && !slices.Contains(k.ids(db), id) {
				k.t.Errorf("snapshot %s was acknowledged and is not listed", id)
			}
		},
		again: func() {
			k.eventually("take the snapshot again", do)
			k.snapshotHolds(db, id, now)
		},
	}
}

func killedRestore(k *killTest) attempt {
	const db = "restored.sqlite"
	k.nextContent(db)
	past, id := k.content(db), k.takeSnapshot(db)
	k.nextContent(db)
	now := k.content(db)
	do := func(ctx context.Context) error {
		return k.user.RestoreSnapshot(ctx, k.user.Name, db, httpapi.RestoreRequest{SnapshotID: id})
	}
	return attempt{db: db, do: do,
		check: func(acknowledged bool) {
			if k.holdsOneOf(db, acknowledged, now, past) == past {
				k.anySnapshotHolds(db, now) // a restore first takes a snapshot
			}
		},
		again: func() {
			k.eventually("restore again", do)
			k.holds(db, past)
		},
	}
}

func killedRestoreTo(k *killTest) attempt {
	const db = "base.sqlite"
	id := k.takeSnapshot(db)
	return k.making(db, k.content(db), func(ctx context.Context, to string) error {
		return k.user.RestoreSnapshot(ctx, k.user.Name, db, httpapi.RestoreRequest{SnapshotID: id, To: k.user.Name + "/" + to})
	})
}

func killedFork(k *killTest) attempt {
	const db = "base.sqlite"
	return k.making(db, k.content(db), func(ctx context.Context, to string) error {
		_, err := k.user.ForkDatabase(ctx, k.user.Name, db, k.user.Name+"/"+to)
		return err
	})
}

func killedImport(k *killTest) attempt {
	return k.making("base.sqlite", k.files[0].content, func(ctx context.Context, to string) error {
		return k.importFile(ctx, to, k.files[0].bytes, daemonapi.ImportCreate)
	})
}

// making is an operation that creates a database.
func (k *killTest) making(daemonOf, content string, made func(ctx context.Context, to string) error) attempt {
	to := k.newName("made")
	do := func(ctx context.Context) error { return made(ctx, to) }
	return attempt{db: daemonOf, do: do, claimed: []string{to},
		check: func(acknowledged bool) {
			if acknowledged || k.exists(to) {
				k.holds(to, content)
			}
		},
		again: func() {
			k.untilThere(to, do)
			k.live[to] = true
			k.holds(to, content)
		},
	}
}

func killedReplace(k *killTest) attempt {
	const db = "replaced.sqlite"
	now := k.content(db)
	next := k.files[0]
	if next.content == now {
		next = k.files[1]
	}
	do := func(ctx context.Context) error { return k.importFile(ctx, db, next.bytes, daemonapi.ImportReplace) }
	return attempt{db: db, do: do,
		check: func(acknowledged bool) { k.holdsOneOf(db, acknowledged, now, next.content) },
		again: func() {
			k.eventually("replace it again", do)
			k.holds(db, next.content)
		},
	}
}

func (k *killTest) importFile(ctx context.Context, db string, file []byte, mode string) error {
	_, err := k.user.Import(ctx, k.user.Name, db, httpapi.ImportRequest{
		ImportOptions: daemonapi.ImportOptions{Format: daemonapi.TransferSQLite, Mode: mode}, Body: bytes.NewReader(file), Size: int64(len(file))})
	return err
}

func killedDelete(k *killTest) attempt {
	db := k.small("deleted")
	content := k.content(db)
	do := func(ctx context.Context) error { return k.user.DeleteDatabase(ctx, k.user.Name, db) }
	return attempt{db: db, do: do, claimed: []string{db},
		check: func(acknowledged bool) {
			if k.exists(db) {
				if k.holds(db, content); acknowledged {
					k.t.Errorf("%s was deleted and is there", db)
				}
			}
		},
		again: func() {
			if k.exists(db) {
				k.eventually("delete "+db+" again", do)
			}
			k.untilThere(db, func(ctx context.Context) error { return k.user.UndeleteDatabase(ctx, k.user.Name, db) })
			k.holds(db, content)
		},
	}
}

func killedUndelete(k *killTest) attempt {
	db := k.small("undeleted")
	content := k.content(db)
	k.eventually("delete "+db, func(ctx context.Context) error { return k.user.DeleteDatabase(ctx, k.user.Name, db) })
	do := func(ctx context.Context) error { return k.user.UndeleteDatabase(ctx, k.user.Name, db) }
	return attempt{db: db, do: do, claimed: []string{db},
		check: func(acknowledged bool) {
			if acknowledged || k.exists(db) {
				k.holds(db, content)
			}
		},
		again: func() {
			k.untilThere(db, do)
			k.holds(db, content)
		},
	}
}

func killedRename(k *killTest) attempt {
	from := k.small("named")
	content, to := k.content(from), k.newName("renamed")
	do := func(ctx context.Context) error {
		return k.user.RenameDatabase(ctx, k.user.Name, from, k.user.Name+"/"+to)
	}
	return attempt{db: from, do: do, claimed: []string{from, to},
		check: func(acknowledged bool) {
			if acknowledged {
				k.holds(to, content)
			}
		},
		again: func() {
			k.untilThere(to, do)
			delete(k.live, from)
			k.live[to] = true
			k.holds(to, content)
			k.holds(from, content) // the old name leads to the new one
		},
	}
}
