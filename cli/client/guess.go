package client

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// guessBytes is how much of a file is looked at to tell its form.
const guessBytes = 64 << 10

// What files begin with.
const (
	sqliteMagic = "SQLite format 3\x00"
	gzipMagic   = "\x1f\x8b"
	zstdMagic   = "\x28\xb5\x2f\xfd"
)

// guess is what a file seems to be.
type guess struct {
	format daemonapi.TransferFormat // empty when nothing tells it
	by     string                   // what told the format
	coding string                   // gzip, zstd, or empty
}

// guessOf looks at the name of a file, which may be empty, and at its begin.
// What a database file begins with counts before all names.
func guessOf(name string, begin []byte) guess {
	g := guess{}
	switch {
	case bytes.HasPrefix(begin, []byte(gzipMagic)):
		g.coding, begin = "gzip", unzipped(begin)
	case bytes.HasPrefix(begin, []byte(zstdMagic)):
		g.coding, begin = "zstd", nil
	}
	for _, end := range []string{".gz", ".zst"} {
		if g.coding != "" && strings.EqualFold(filepath.Ext(name), end) {
			name = name[:len(name)-len(end)]
		}
	}
	if bytes.HasPrefix(begin, []byte(sqliteMagic)) {
		g.format, g.by = daemonapi.TransferSQLite, "what it begins with"
		return g
	}
	if g.format = byName(name); g.format != "" {
		g.by = "its name"
		return g
	}
	if g.format = byContent(plain(begin)); g.format != "" {
		g.by = "its content"
	}
	return g
}

// unzipped gives as much as can be had of the begin of a compressed file.
func unzipped(begin []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(begin))
	if err != nil {
		return nil
	}
	// The begin of a file breaks off; what comes before that is good enough.
	text, _ := io.ReadAll(io.LimitReader(z, guessBytes))
	return text
}

// byName tells a format by the end of a name; empty for all that it does not
// know.
func byName(name string) daemonapi.TransferFormat {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".sqlite", ".sqlite3", ".db", ".db3":
		return daemonapi.TransferSQLite
	case ".sql":
		return daemonapi.TransferSQL
	case ".csv", ".psv":
		return daemonapi.TransferCSV
	case ".tsv", ".tab":
		return daemonapi.TransferTSV
	case ".json":
		return daemonapi.TransferJSON
	case ".ndjson", ".jsonl":
		return daemonapi.TransferNDJSON
	}
	return ""
}

// plain leaves out what encodings other than UTF-8 add to ASCII, which is all
// that is looked for.
func plain(text []byte) string {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		text = bytes.TrimPrefix(text, []byte(mark))
	}
	return strings.TrimSpace(string(bytes.ReplaceAll(text, []byte{0}, nil)))
}

var sqlBegin = regexp.MustCompile(`(?i)^(--|/\*|(CREATE|INSERT|BEGIN|PRAGMA|DROP|ALTER|DELETE|UPDATE|REPLACE|WITH|SAVEPOINT)\s)`)

// byContent tells a format by how a text begins; empty when it can be anything.
func byContent(text string) daemonapi.TransferFormat {
	line, _, more := strings.Cut(text, "\n")
	switch {
	case text == "":
		return ""
	case text[0] == '{', text[0] == '[' && more && isRow(line):
		return daemonapi.TransferNDJSON
	case text[0] == '[':
		return daemonapi.TransferJSON
	case sqlBegin.MatchString(text):
		return daemonapi.TransferSQL
	case strings.Contains(line, "\t"):
		return daemonapi.TransferTSV
	case strings.ContainsAny(line, ",;|"):
		return daemonapi.TransferCSV
	}
	return ""
}

// isRow tells an array of values, which is a row, from an array of rows.
func isRow(line string) bool {
	var values []json.RawMessage
	if json.Unmarshal([]byte(line), &values) != nil || len(values) == 0 {
		return false
	}
	return values[0][0] != '{' && values[0][0] != '['
}
