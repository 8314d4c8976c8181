package kind

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ayb-go/ayb/shared/ayb"
)

const (
	sqliteLog     = "-wal" // the write-ahead log
	sqliteIndex   = "-shm" // the index of the log, in memory that connections share
	sqliteJournal = "-journal"
)

// SQLite describes the files of SQLite's databases.
func SQLite() Kind {
	return Kind{
		Type:         ayb.SQLite,
		ContentFiles: []string{sqliteLog, sqliteJournal},
		SideFiles:    []string{sqliteLog, sqliteIndex, sqliteJournal},
		Log:          sqliteLog,
		ReadLog:      readSQLiteLog,
	}
}

// The index of a write-ahead log begins with two copies of a header, which every
// commit changes. Then it says how many frames of the log are in the database
// already. Its numbers are in the machine's byte order.
const (
	indexHeader   = 48
	indexFrames   = 16 // offset of the number of frames in the log
	indexBackfill = 2 * indexHeader
	logHeader     = 32
)

func readSQLiteLog(dir, file string, open func(name string) (*os.File, error)) (Log, error) {
	info, err := os.Lstat(filepath.Join(dir, file+sqliteLog))
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return Log{Copied: true}, nil
	}
	if err != nil {
		return Log{}, err
	}
	index, err := readPrefix(open, file+sqliteIndex, indexBackfill+4)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(index) < indexBackfill+4 {
		// No daemon has it open: nothing is written.
		begin, err := readPrefix(open, file+sqliteLog, logHeader)
		return Log{Info: info, Commit: begin}, err
	}
	if err != nil {
		return Log{}, err
	}
	if !bytes.Equal(index[:indexHeader], index[indexHeader:2*indexHeader]) {
		return Log{}, errors.New("the log is being written")
	}
	// With the index the identity of the log file must not count: every connection
	// sets the owner of the log when it opens it, also to copy it.
	return Log{
		Info: info, Commit: index[:indexHeader], Indexed: true,
		Copied: binary.NativeEndian.Uint32(index[indexFrames:]) == binary.NativeEndian.Uint32(index[indexBackfill:]),
	}, nil
}

// readPrefix reads the first n bytes of a file, or fewer.
func readPrefix(open func(name string) (*os.File, error), name string, n int) ([]byte, error) {
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	buf := make([]byte, n)
	n, err = io.ReadFull(f, buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return buf[:n], err
}
