package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// csvImport imports a table from CSV. The types are derived from the complete
// file, so it is read twice, and all rows are one transaction.
func (b *bench) csvImport(ctx context.Context) error {
	dir := filepath.Join(b.dir, "csv")
	defer func() { _ = os.RemoveAll(dir) }() // as in prepareLarge
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file := filepath.Join(dir, "made.csv")
	size := int64(b.csv) * megabyte
	rows, err := makeCSV(file, size)
	if err != nil {
		return err
	}
	store, err := startStore(ctx, filepath.Join(dir, "buckets"))
	if err != nil {
		return err
	}
	defer store.stop()
	u, err := b.roomyServer(ctx, filepath.Join(dir, "ayb"), size, store)
	if err != nil {
		return err
	}
	defer u.stop()
	done, err := u.runCommand(ctx, "import of CSV", size, "import", file, mainEntity+"/bench.sqlite:made")
	if err != nil {
		return err
	}
	b.found.add(nil, line{Measure: fmt.Sprintf("import of %d MB of CSV: rows", size/megabyte), Unit: "/s", Ayb: float64(rows) / done.took.Seconds()}, flatLine("csv", u.steps))
	b.found.notes = append(b.found.notes, func(out io.Writer) { reportSteps(out, u.steps, nil) })
	got, err := u.ask(ctx, u.paths[0], "SELECT max(id) FROM made")
	if err == nil && !bytes.Contains(got, fmt.Appendf(nil, `[["%d"]]`, rows)) {
		err = fmt.Errorf("the table holds %s instead of %d rows", got, rows)
	}
	return err
}

// makeCSV writes at least so many bytes, and returns the number of rows.
func makeCSV(name string, size int64) (rows int64, err error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	_, err = out.WriteString("id,name,price,since,note\n")
	var row []byte
	for day := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); err == nil && size > 0; size -= int64(len(row)) {
		rows++
		row = fmt.Appendf(row[:0], "%d,item %d,%d.5,%s,\"this is, in short, the note of item %d\"\n",
			rows, rows, rows%1000, day.AddDate(0, 0, int(rows%9000)).Format(time.DateOnly), rows)
		_, err = out.Write(row)
	}
	return rows, errors.Join(err, out.Flush(), f.Close())
}
