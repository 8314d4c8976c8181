//go:build cgo && (linux || darwin)

package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Files as programs write them, and small files that each show a kind that
// sniffers get wrong. Dialect, names, types, NULL and values of all of them are
// in testdata/files.golden. With AYB_TEST_UPDATE=1 the golden file is written
// again.
func TestFiles(t *testing.T) {
	paths, err := filepath.Glob("testdata/files/*")
	if err != nil || len(paths) == 0 {
		t.Fatal(err)
	}
	const golden = "testdata/files.golden"
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for part := range strings.SplitSeq(string(want), "\n== ") {
		name, rest, _ := strings.Cut(strings.TrimPrefix(part, "== "), "\n")
		sections[name] = strings.TrimSuffix(rest, "\n")
	}
	var all strings.Builder
	for _, path := range paths {
		name := filepath.Base(path)
		got := found(t, path)
		fmt.Fprintf(&all, "== %s\n%s\n\n", name, got)
		if os.Getenv("AYB_TEST_UPDATE") == "" && strings.TrimSpace(sections[name]) != got {
			t.Errorf("%s is\n%s\nand has to be\n%s", name, got, sections[name])
		}
	}
	if os.Getenv("AYB_TEST_UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil { //nolint:gosec // it is part of the source
			t.Fatal(err)
		}
	}
}

// found imports a file, without rejected rows if necessary, and describes the
// result.
func found(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	o := options{}
	if strings.HasSuffix(path, ".tsv") {
		o.Format = daemonapi.TransferTSV
	}
	w := start(t)
	defer func() { _ = w.db.Close() }() // before the end of the test: there are many
	var out []string
	r, err := w.try(string(data), o)
	if err != nil {
		out = append(out, "refused: "+errs.Public(err).Message)
		o.OnError = daemonapi.OnErrorSkip
		if r, err = w.try(string(data), o); err != nil {
			return strings.Join(append(out, "with skip: "+errs.Public(err).Message), "\n")
		}
	}
	head := fmt.Sprintf("delimiter %q quote %s escape %s", r.Delimiter, r.Quote, r.Escape)
	if r.Header {
		head += " header"
	}
	if r.Encoding != utf8Name {
		head += " " + r.Encoding
	}
	out = append(out, head, columnsOf(r))
	for _, n := range r.Notes {
		out = append(out, "note: "+n)
	}
	for _, b := range r.Bad {
		out = append(out, fmt.Sprintf("bad: lines %d to %d: %s", b.Line, max(b.Line, b.LastLine), b.Message))
	}
	var cells []string
	for _, c := range r.Columns {
		cells = append(cells, "quote("+quoteName(c.Name)+")")
	}
	rows := w.rows("SELECT " + strings.Join(cells, "||', '||") + "||char(10) FROM t")
	if n := w.rows("SELECT count(*) FROM t"); n != fmt.Sprint(r.Rows) {
		t.Errorf("%s: %d rows are said to be in, and %s are", path, r.Rows, n)
	}
	for row := range strings.SplitSeq(strings.TrimSuffix(rows, "\n"), "\n ") {
		out = append(out, strings.ReplaceAll(strings.ReplaceAll(row, "\n", "⏎"), "\x00", "␀"))
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}
