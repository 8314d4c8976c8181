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

// ChangeToken is the change token of a database; see nodeapi.ChangeToken.
type ChangeToken struct {
	Path  ayb.DatabasePath
	Token string
}

// ChangeTokens returns the tokens of up to limit databases after a path, sorted
// by owner and then by name, and whether there are more. It opens no database.
// A database that cannot be read gets a new token each time.
func (d *Dir) ChangeTokens(after string, limit int) (tokens []ChangeToken, more bool, err error) {
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
			if len(tokens) == limit {
				return tokens, true, nil
			}
			p := ayb.DatabasePath{Entity: ayb.EntitySlug(o.Name()), Database: ayb.DatabaseSlug(e.Name())}
			tokens = append(tokens, ChangeToken{p, changeToken(p, dir)})
		}
	}
	return tokens, false, nil
}

// ChangeToken returns the token of one database; empty when it was never
// written. The error is Engine when this node does not have it.
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

// clockGranularity is how long after a change a file system may give the next
// change the same time.
const clockGranularity = 50 * time.Millisecond

// changeToken is a hash of everything that a commit changes: the file, and the
// log while it has content that the file lacks. The log is read first, so that
// content which moves to the file in between is seen there. dir is empty when
// the live version cannot be found.
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
	// A log that is younger than the file has content that the file lacks, even
	// if its index says otherwise: a power cut may have reset the index.
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

// uniqueToken is the token of a database whose next change may not be visible.
func uniqueToken() string { return fmt.Sprintf("at-%d", time.Now().UnixNano()) }

// fileStamp is the size and the time of a file.
func fileStamp(info fs.FileInfo) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(info.Size()))
	return binary.BigEndian.AppendUint64(b, uint64(info.ModTime().UnixNano()))
}
