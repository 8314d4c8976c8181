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

// sniffBytes is how much of a file is read to recognize its format.
const sniffBytes = 64 << 10

// The first bytes of files.
const (
	sqliteMagic = "SQLite format 3\x00"
	gzipMagic   = "\x1f\x8b"
	zstdMagic   = "\x28\xb5\x2f\xfd"
)

// sniffed is what a file seems to be.
type sniffed struct {
	format daemonapi.TransferFormat // empty if not recognized
	source string                   // what decided the format, for the user
	coding string                   // gzip, zstd, or empty
}

// sniff recognizes a file by its name, which may be empty, and by its first
// bytes. The first bytes of a database file come before any name.
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
		g.format, g.source = daemonapi.TransferSQLite, "its first bytes"
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

// gunzipPrefix decompresses the beginning of a file, as far as possible.
func gunzipPrefix(begin []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(begin))
	if err != nil {
		return nil
	}
	// The beginning breaks off somewhere; the text before that is enough.
	text, _ := io.ReadAll(io.LimitReader(z, sniffBytes))
	return text
}

// formatByName returns the format for the extension of a name; empty for an
// unknown one.
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

// withoutEncoding removes byte order marks and the zero bytes of UTF-16. Only
// ASCII matters here.
func withoutEncoding(text []byte) string {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		text = bytes.TrimPrefix(text, []byte(mark))
	}
	return strings.TrimSpace(string(bytes.ReplaceAll(text, []byte{0}, nil)))
}

var sqlStart = regexp.MustCompile(`(?i)^(--|/\*|(CREATE|INSERT|BEGIN|PRAGMA|DROP|ALTER|DELETE|UPDATE|REPLACE|WITH|SAVEPOINT)\s)`)

// formatByContent recognizes a format by the beginning of a text; empty if it
// could be any.
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

// isArrayOfValues reports whether a line is an array of values, which is a row,
// and not an array of rows.
func isArrayOfValues(line string) bool {
	var values []json.RawMessage
	if json.Unmarshal([]byte(line), &values) != nil || len(values) == 0 {
		return false
	}
	return values[0][0] != '{' && values[0][0] != '['
}
