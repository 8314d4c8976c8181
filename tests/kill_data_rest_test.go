package tests

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/minio/minio-go/v7"
	"github.com/zeebo/blake3"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// newName returns a name that no database has had.
func (k *killTest) newName(of string) string {
	k.numbers++
	return fmt.Sprintf("%s-%d.sqlite", of, k.numbers)
}

// small creates a database of a few rows.
func (k *killTest) small(of string) string {
	k.t.Helper()
	db := k.newName(of)
	k.eventually("create "+db, func(ctx context.Context) error {
		_, err := k.user.CreateDatabase(ctx, k.user.Name, db, httpapi.CreateDatabaseRequest{DBType: "sqlite"})
		return err
	})
	k.live[db] = true
	k.write(db, fmt.Sprintf("CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES (%d)", k.numbers))
	return db
}

// nextContent changes a database so that its content is new.
func (k *killTest) nextContent(db string) {
	k.t.Helper()
	k.numbers++
	k.write(db, fmt.Sprintf("INSERT INTO mark VALUES (%d)", k.numbers))
}

// line adds a line to the ledger, which is compared at the end.
func (k *killTest) line() {
	k.t.Helper()
	k.ledger++
	k.write("ledger.sqlite", fmt.Sprintf("INSERT INTO line VALUES (%d)", k.ledger))
}

func (k *killTest) write(db, sql string) {
	k.t.Helper()
	k.eventually("write to "+db, func(ctx context.Context) error {
		_, err := k.user.Query(ctx, k.user.Name, db, sql)
		return err
	})
}

// exists reports whether a database has this name now.
func (k *killTest) exists(db string) (there bool) {
	k.t.Helper()
	k.eventually("look for "+db, func(ctx context.Context) error {
		e, err := k.user.Entity(ctx, k.user.Name)
		there = false
		for _, d := range e.Databases {
			there = there || d.Slug == db
		}
		return err
	})
	return there
}

// takeSnapshot takes a snapshot and returns its id.
func (k *killTest) takeSnapshot(db string) (id string) {
	k.t.Helper()
	k.eventually("take a snapshot of "+db, func(ctx context.Context) error {
		taken, err := k.user.TakeSnapshot(ctx, k.user.Name, db, "")
		id = taken.SnapshotID
		return err
	})
	return id
}

// ids returns the snapshots of a database, newest first.
func (k *killTest) ids(db string) (ids []string) {
	k.t.Helper()
	k.eventually("list the snapshots of "+db, func(ctx context.Context) error {
		list, err := k.user.Snapshots(ctx, k.user.Name, db)
		ids = nil
		for _, s := range list {
			ids = append(ids, s.SnapshotID)
		}
		return err
	})
	return ids
}

// snapshotHolds checks the content of a snapshot.
func (k *killTest) snapshotHolds(db, id, content string) {
	k.t.Helper()
	if got := k.contentOf(db, id); got != content {
		k.t.Errorf("snapshot %s of %s does not hold what was in it", id, db)
	}
}

// anySnapshotHolds checks that one of the snapshots has this content.
func (k *killTest) anySnapshotHolds(db, content string) {
	k.t.Helper()
	ids := k.ids(db)
	for _, id := range ids {
		if k.contentOf(db, id) == content {
			return
		}
	}
	k.t.Errorf("none of %d snapshots of %s holds what was there before the restore", len(ids), db)
}

// contentOf restores a snapshot into a new database and returns the content.
func (k *killTest) contentOf(db, id string) string {
	k.t.Helper()
	look := k.newName("look")
	gone := false
	k.eventually("restore to "+look, func(ctx context.Context) error {
		err := k.user.RestoreSnapshot(ctx, k.user.Name, db, httpapi.RestoreRequest{SnapshotID: id, To: k.user.Name + "/" + look})
		gone = errs.Is(err, errs.NoSnapshot) // it was pruned in the meantime
		if gone {
			return nil
		}
		return err
	})
	if gone {
		return ""
	}
	content := k.content(look)
	k.eventually("delete "+look, func(ctx context.Context) error { return k.user.DeleteDatabase(ctx, k.user.Name, look) })
	return content
}

// settled checks everything after all rounds.
func (k *killTest) settled() {
	k.t.Helper()
	if harness.Full() {
		k.repeatAll()
	}
	if n := k.cell("ledger.sqlite", "SELECT count(*) || ' ' || sum(n) FROM line"); n != fmt.Sprintf("%d %d", k.ledger, k.ledger*(k.ledger+1)/2) {
		k.t.Errorf("of %d acknowledged lines there are %s", k.ledger, n)
	}
	k.becomes("no orphan file", k.strayFiles)
	if k.copies { // they are removed after ten minutes, or when the node starts
		k.copies = false
		k.w.Restart("ayb-querynode")
		k.becomes("no orphan copy", k.strayFiles)
	}
	// After the next prune the number of objects is within the limit.
	for db := range k.live {
		if !k.unsure[db] && len(k.ids(db)) > killSnapshots {
			k.nextContent(db)
			k.takeSnapshot(db)
		}
	}
	k.becomes("no orphan object", k.strayObjects)
	k.objectsAreSound()
	k.t.Logf("%d kills, %d of them before the operation had ended", k.points, k.inside)
}

// becomes waits until there is no complaint.
func (k *killTest) becomes(what string, complaint func() string) {
	k.t.Helper()
	begin := time.Now()
	for ; complaint() != ""; harness.Pause() {
		if time.Since(begin) > patience {
			k.t.Errorf("still waiting for %s: %s", what, complaint())
			return
		}
	}
	k.t.Logf("%s after %s", what, time.Since(begin).Round(time.Millisecond))
}

// deleted returns the names of databases that can be undeleted.
func (k *killTest) deleted() map[string]bool {
	k.t.Helper()
	names := map[string]bool{}
	k.eventually("list deleted databases", func(ctx context.Context) error {
		e, err := k.user.Entity(ctx, k.user.Name)
		for _, d := range e.Deleted {
			names[d.Slug] = true
		}
		return err
	})
	return names
}

// strayFiles returns a complaint about a file in the node's directory that
// should not be there. Each database has one version, with its file, SQLite's
// side files and temporary files of its daemon.
func (k *killTest) strayFiles() string {
	for _, dir := range []string{"outgoing", "trash"} {
		if names := names(filepath.Join(k.w.DataPath, dir)); len(names) > 0 && (dir == "trash" || !k.copies) {
			return fmt.Sprintf("%s holds %v", dir, names)
		}
	}
	kept, deleted := names(filepath.Join(k.w.DataPath, "deleted")), k.deleted()
	if len(kept) != len(deleted) && len(k.unsure) == 0 {
		return fmt.Sprintf("%d databases are deleted, soft-deleted files are %v", len(deleted), kept)
	}
	owner := filepath.Join(k.w.DataPath, "databases", k.user.Name)
	there := map[string]bool{}
	for _, db := range names(owner) {
		there[db] = true
		if k.unsure[db] {
			continue
		}
		if stray := k.strayFilesOf(db, filepath.Join(owner, db)); stray != "" {
			return stray
		}
	}
	for db := range k.live {
		if !there[db] && !k.unsure[db] {
			return db + " has no files"
		}
	}
	return ""
}

func (k *killTest) strayFilesOf(db, home string) string {
	if !k.live[db] {
		return "there are files of " + db
	}
	if entries := names(home); len(entries) != 2 {
		return fmt.Sprintf("%s holds %v", db, entries)
	}
	for _, version := range names(home) {
		for _, file := range names(filepath.Join(home, version)) { // empty for the link
			if file != "~tmp" && file != db && file != db+"-wal" && file != db+"-shm" {
				return fmt.Sprintf("%s holds %s", db, file)
			}
		}
		if temp := names(filepath.Join(home, version, "~tmp")); len(temp) > 0 {
			return fmt.Sprintf("%s has the temporary files %v", db, temp)
		}
	}
	return ""
}

// names returns the names in a directory, without links.
func names(dir string) (out []string) {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// strayObjects returns a complaint about an object without a database, or above
// the limit of snapshots.
func (k *killTest) strayObjects() string {
	deleted := k.deleted()
	if parts := k.s3.Unfinished(killBucket); len(parts) > 0 {
		return fmt.Sprintf("%v were not finished", parts)
	}
	count := map[string]int{}
	for _, key := range k.s3.Keys(killBucket) {
		parts := strings.Split(strings.TrimPrefix(key, killBucket+"/sqlite/"+k.user.Name+"/"), "/")
		if len(parts) != 2 || !k.live[parts[0]] && !deleted[parts[0]] && !k.unsure[parts[0]] {
			return key + " belongs to no database"
		}
		if count[parts[0]]++; count[parts[0]] > killSnapshots {
			return fmt.Sprintf("%s has more than %d snapshots", parts[0], killSnapshots)
		}
	}
	return ""
}

// objectsAreSound reads every object and compares it with its name.
func (k *killTest) objectsAreSound() {
	k.t.Helper()
	for _, key := range k.s3.Keys(killBucket) {
		o, err := k.s3.Admin.GetObject(k.t.Context(), killBucket, key, minio.GetObjectOptions{})
		if err != nil {
			k.t.Fatal(err)
		}
		unpacked, err := zstd.NewReader(o)
		if err != nil {
			k.t.Fatal(err)
		}
		hash := blake3.New()
		_, err = io.Copy(hash, unpacked)
		unpacked.Close()
		_ = o.Close() // the read reported errors
		if err != nil && minio.ToErrorResponse(err).Code == minio.NoSuchKey {
			continue // pruned in the meantime
		}
		if id := hex.EncodeToString(hash.Sum(nil)); err != nil || !strings.HasSuffix(key, "/"+id) {
			k.t.Errorf("%s holds %s, %v", key, id, err)
		}
	}
}
