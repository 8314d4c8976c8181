package dbfile

import (
	"encoding/binary"
	"io/fs"
	"syscall"
)

// identity is which file it is, and when it was changed in any way.
func identity(info fs.FileInfo) []byte {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	b := binary.BigEndian.AppendUint64(nil, s.Ino)
	return binary.BigEndian.AppendUint64(b, uint64(s.Ctim.Nano()))
}
