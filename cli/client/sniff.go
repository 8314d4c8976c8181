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

// sniffBytes is how much of a file is looked at to tell its form.
const sniffBytes = 64 << 10

// What files begin with.
const (
	sqliteMagic = "SQLite format 3\x00"
	gzipMagic   = "\x1f\x8b"
	zstdMagic   = "\x28\xb5\x2f\xfd"
)

// sniffed is what a file seems to be.
type sniffed struct {
	format daemonapi.TransferFormat // empty when nothing tells it
	source string                   // what told the format
	coding string                   // gzip, zstd, or empty
}

// sniff looks at the name of a file, which may be empty, and at its begin.
// What a database file begins with counts before all names.
func sniff(name string, begin []byte) sniffed {
	g := sniffed{}
	switch {
	case bytes.HasPrefix(begin, []byte(gzipMagic)):
		g.coding, begin = "gzip", gunzipPrefix(begin)
	case bytes.HasPrefix(begin, []byte(zstdMagic)):
		g.coding, begin = "zstd", nil
	}
	for _, end := range []string{".gz", ".zst"} {
		if g.coding != "" && strings.EqualFold(filepath.Ext(name), end) {
			name = name[:len(name)-len(end)]
		}
	}
	if bytes.HasPrefix(begin, []byte(sqliteMagic)) {
		g.format, g.source = daemonapi.TransferSQLite, "what it begins with"
		return g
	}
	if g.format = formatByName(name); g.format != "" {
		g.source = "its name"
		return g
	}
	if g.format = formatByContent(withoutEncoding(begin)); g.format != "" {
		g.source = "its content"
	}
	return g
}

// gunzipPrefix returns as much as can be had of the begin of a compressed file.
func gunzipPrefix(begin []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(begin))
	if err != nil {
		return nil
	}
	// The begin of a file breaks off; what comes before that is good enough.
	text, _ := io.ReadAll(io.LimitReader(z, sniffBytes))
	return text
}

// formatByName tells a format by the end of a name; empty for all that it does not
// know.
func formatByName(name string) daemonapi.TransferFormat {
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

// withoutEncoding leaves out what encodings other than UTF-8 add to ASCII, which is all
// that is looked for.
func withoutEncoding(text []byte) string {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		text = bytes.TrimPrefix(text, []byte(mark))
	}
	return strings.TrimSpace(string(bytes.ReplaceAll(text, []byte{0}, nil)))
}

var sqlStart = regexp.MustCompile(`(?i)^(--|/\*|(CREATE|INSERT|BEGIN|PRAGMA|DROP|ALTER|DELETE|UPDATE|REPLACE|WITH|SAVEPOINT)\s)`)

// formatByContent tells a format by how a text begins; empty when it can be anything.
func formatByContent(text string) daemonapi.TransferFormat {
	line, _, more := strings.Cut(text, "\n")
	switch {
	case text == "":
		return ""
	case text[0] == '{', text[0] == '[' && more && isArrayOfValues(line):
		return daemonapi.TransferNDJSON
	case text[0] == '[':
		return daemonapi.TransferJSON
	case sqlStart.MatchString(text):
		return daemonapi.TransferSQL
	case strings.Contains(line, "\t"):
		return daemonapi.TransferTSV
	case strings.ContainsAny(line, ",;|"):
		return daemonapi.TransferCSV
	}
	return ""
}

// isArrayOfValues tells an array of values, which is a row, from an array of rows.
func isArrayOfValues(line string) bool {
	var values []json.RawMessage
	if json.Unmarshal([]byte(line), &values) != nil || len(values) == 0 {
		return false
	}
	return values[0][0] != '{' && values[0][0] != '['
}
