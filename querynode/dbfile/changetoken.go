package dbfile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
)

// Token tells whether a database has changed; see nodeapi.ChangeToken.
type ChangeToken struct {
	Path  ayb.DatabasePath
	Token string
}

// ChangeTokens gives the marks of up to limit databases that come after a path, in
// the order of owners and then names, and whether there are more. It opens no
// database. One that cannot be looked at has a mark of its own each time.
func (d *Dir) ChangeTokens(after string, limit int) (marks []ChangeToken, more bool, err error) {
	owner, db, _ := strings.Cut(after, "/")
	root := filepath.Join(d.root, "databases")
	owners, err := os.ReadDir(root)
	if err != nil {
		return nil, false, fmt.Errorf("list databases: %w", err)
	}
	for _, o := range owners {
		if !o.IsDir() || o.Name() < owner {
			continue
		}
		dbs, err := os.ReadDir(filepath.Join(root, o.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, false, fmt.Errorf("list databases: %w", err)
		}
		for _, e := range dbs {
			home := filepath.Join(root, o.Name(), e.Name())
			if !e.IsDir() || o.Name() == owner && e.Name() <= db {
				continue
			}
			dir, err := liveDir(home)
			if err != nil && !hasLink(home) {
				continue
			}
			if len(marks) == limit {
				return marks, true, nil
			}
			p := ayb.DatabasePath{Entity: ayb.EntitySlug(o.Name()), Database: ayb.DatabaseSlug(e.Name())}
			marks = append(marks, ChangeToken{p, changeToken(p, dir)})
		}
	}
	return marks, false, nil
}

// Token is the mark of one database, empty when nothing was ever written to it.
// The error is Engine when this node does not have it.
func (d *Dir) ChangeToken(p ayb.DatabasePath) (string, error) {
	if err := p.Check(); err != nil {
		return "", err
	}
	dir, err := d.versionDir(p)
	if err != nil {
		return "", missingFiles(p, err)
	}
	return changeToken(p, dir), nil
}

// clockGranularity is how long after a change the clock of a file system may say the same
// time for the next one.
const clockGranularity = 50 * time.Millisecond

// changeToken is made of what a commit changes: the log of the database, as long as
// something in it is not in the file, and the file. The log is looked at first:
// what is in the file by then is seen there. dir is empty when the live version
// cannot be found.
func changeToken(p ayb.DatabasePath, dir string) string {
	if dir == "" {
		return uniqueToken()
	}
	log, err := readLog(dir, string(p.Database))
	if err != nil {
		return uniqueToken()
	}
	info, err := os.Lstat(filepath.Join(dir, string(p.Database)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ""
	case err != nil || !info.Mode().IsRegular():
		return uniqueToken()
	case info.Size() == 0 && log.Info == nil:
		return ""
	}
	h := sha256.New()
	h.Write([]byte(filepath.Base(dir)))
	h.Write(fileStamp(info))
	h.Write(identity(info))
	// A log that is younger than the file has something that the file lacks,
	// whatever its index says: a power cut may have set that back.
	if log.Info != nil && (!log.Copied || log.Info.ModTime().After(info.ModTime())) {
		h.Write(fileStamp(log.Info))
		if !log.Indexed {
			h.Write(identity(log.Info))
		}
		h.Write(log.Commit)
	}
	if time.Since(info.ModTime()).Abs() < clockGranularity {
		h.Write([]byte(uniqueToken()))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// uniqueToken is the mark of what may change again without being seen.
func uniqueToken() string { return fmt.Sprintf("at-%d", time.Now().UnixNano()) }

// fileStamp is what writing to a file changes.
func fileStamp(info fs.FileInfo) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(info.Size()))
	return binary.BigEndian.AppendUint64(b, uint64(info.ModTime().UnixNano()))
}
