package sqlite

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// headerBytes is the length of the header of a database file.
	headerBytes = 100
	magic       = "SQLite format 3\x00"
)

// inspectHead rejects a file by its first bytes if it is no database file, and
// says what it is instead, so that the sender of a large file learns it early.
// size is the file size by the header, 0 if unknown.
func inspectHead(head []byte) (size int64, err error) {
	if !bytes.HasPrefix(head, []byte(magic)) {
		return 0, notDatabase(head)
	}
	if len(head) < headerBytes {
		return 0, errs.E(errs.Invalid, "The file is cut off: it ends within the header of the SQLite database")
	}
	page := pageSize(head)
	switch {
	case page == 0, head[21] != 64, head[22] != 32, head[23] != 32, page-int64(head[20]) < 480:
		return 0, errs.E(errs.Invalid, "The file is not a sound SQLite database: its header is damaged or encrypted")
	case head[18] > 2, head[19] > 2, head[18] < 1, head[19] < 1:
		return 0, errs.E(errs.Invalid, "The file is an SQLite database of a version that is not known here")
	}
	// The page count is valid only if the last writer of the file has set it.
	if changes, counted := head[24:28], head[92:96]; bytes.Equal(changes, counted) {
		size = int64(binary.BigEndian.Uint32(head[28:32])) * page
	}
	return size, nil
}

// pageSize returns 0 for an invalid size.
func pageSize(head []byte) int64 {
	size := int64(binary.BigEndian.Uint16(head[16:18]))
	if size == 1 {
		size = 65536
	}
	if size < 512 || size&(size-1) != 0 {
		return 0
	}
	return size
}

// notDatabase says what kind of file it is.
func notDatabase(head []byte) error {
	if len(head) == 0 {
		return errs.E(errs.Invalid, "The file is empty; an SQLite database is expected")
	}
	for _, known := range []struct {
		at    int
		begin string
		what  string
	}{
		{0, "\x1f\x8b", "It is compressed with gzip: uncompress it, or send it with the header Content-Encoding: gzip"},
		{0, "\x28\xb5\x2f\xfd", "It is compressed with zstd: uncompress it, or send it with the header Content-Encoding: zstd"},
		{0, "BZh", "It is compressed with bzip2: uncompress it first"},
		{0, "\xfd7zXZ\x00", "It is compressed with xz: uncompress it first"},
		{0, "7z\xbc\xaf", "It is a 7-Zip archive: unpack it first"},
		{0, "PK\x03\x04", "It is a ZIP archive: unpack it first"},
		{257, "ustar", "It is a tar archive: unpack it first"},
		{0, "** This file contains an SQLite 2", "It is of SQLite 2: convert it with its own program first"},
		{8, "DUCK", "It is a DuckDB database"},
		{0, "PAR1", "It is a Parquet file"},
		{0, "\x37\x7f\x06\x82", "It is the write-ahead log of a database: send the database itself"},
		{0, "\x37\x7f\x06\x83", "It is the write-ahead log of a database: send the database itself"},
		{0, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", "It is the journal of a database: send the database itself"},
	} {
		if len(head) > known.at && bytes.HasPrefix(head[known.at:], []byte(known.begin)) {
			return errs.E(errs.Invalid, "The file is not an SQLite database. %s", known.what)
		}
	}
	if isText(head) {
		return errs.E(errs.Invalid, "The file is not an SQLite database. It is text: import it with format sql, csv, tsv, json or ndjson")
	}
	if len(head) < headerBytes {
		return errs.E(errs.Invalid, "The file is not an SQLite database")
	}
	return errs.E(errs.Invalid, "The file is not an SQLite database, or it is encrypted: decrypt it first")
}

// isText reports whether bytes look like text. The last character may be cut
// off.
func isText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(b)
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' {
			return false
		}
		b = b[n:]
	}
	return true
}
