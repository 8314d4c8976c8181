//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"os"

	"github.com/ayb-go/ayb/querynode/space"
)

// Grow reserves space for a temporary file before the bytes are written. The
// error is DiskFull. Shrink must follow when the bytes are gone. Both are safe
// for concurrent use.
func (db *DB) Grow(bytes int64) error {
	return spaceError(C.ayb_space_grow(C.int64_t(bytes), C.AYB_GROW_TEMP))
}

// Shrink releases space that Grow has reserved.
func (db *DB) Shrink(bytes int64) { C.ayb_space_shrink(C.int64_t(bytes)) }

func spaceError(why C.int) error {
	switch why {
	case 0:
		return nil
	case C.AYB_ROOM_ACCOUNT:
		return space.OverAccount()
	case C.AYB_ROOM_NODE:
		return space.OverNode()
	}
	return space.Full()
}

// countedFile is a file without a name, whose bytes count until it is closed.
type countedFile struct {
	*os.File
	bytes int64
}

// countFile counts the bytes in the file.
func countFile(f *os.File) (*countedFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	C.ayb_space_count(C.int64_t(info.Size()))
	return &countedFile{f, info.Size()}, nil
}

// Close implements io.Closer. It is called once.
func (c *countedFile) Close() error {
	C.ayb_space_shrink(C.int64_t(c.bytes))
	return c.File.Close()
}
