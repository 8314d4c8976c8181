package client

import (
	"fmt"
	"strconv"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// printResult prints what an import has done, or would do. It returns
// errReported for a dry run of an import that would fail.
func (i *importJob) printResult(r daemonapi.ImportResult) error {
	if i.json {
		text, err := httpapi.Marshal(r)
		if err != nil {
			return err
		}
		if err := i.printLine("%s", text); err != nil {
			return err
		}
		return i.dryRunFailure(r)
	}
	if r.DryRun {
		if err := i.printPreview(r); err != nil {
			return err
		}
	}
	if err := i.printLine("%s", i.summary(r)); err != nil {
		return err
	}
	if err := i.printNotes(r); err != nil {
		return err
	}
	if err := i.printRejected(r); err != nil {
		return err
	}
	return i.dryRunFailure(r)
}

// dryRunFailure returns errReported for a dry run with rows that would stop the
// import.
func (i *importJob) dryRunFailure(r daemonapi.ImportResult) error {
	if r.DryRun && i.req.OnError != daemonapi.OnErrorSkip && (r.Skipped > 0 || len(r.Bad) > 0) {
		return errReported
	}
	return nil
}

// printNotes prints the server's remarks about changes to the data.
func (i *importJob) printNotes(r daemonapi.ImportResult) error {
	for _, n := range r.Notes {
		if _, err := fmt.Fprintln(i.Stderr, printable(n)); err != nil {
			return localFailure(err, "write the answer")
		}
	}
	return nil
}

// summary returns one sentence about an import.
func (i *importJob) summary(r daemonapi.ImportResult) string {
	did := "Imported"
	if r.DryRun {
		did = "Would import"
	}
	switch i.req.Format {
	case daemonapi.TransferSQLite:
		as := "as"
		if i.req.Mode == daemonapi.ImportReplace {
			as = "in place of the contents of"
		}
		return fmt.Sprintf("%s %s %s %s", did, format.Bytes(r.Bytes), as, i.db)
	case daemonapi.TransferSQL:
		return fmt.Sprintf("%s a script of %s into %s", did, format.Bytes(r.Bytes), i.db)
	}
	table := "table"
	if r.Created {
		table = "new table"
	}
	return fmt.Sprintf("%s %s into the %s %s of %s", did, countOf(r.Rows, "row"), table, printable(r.Table), i.db)
}

// countOf returns a number with its noun in singular or plural.
func countOf(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatInt(n, 10) + " " + noun + "s"
}

// printPreview prints the columns with their types, and the first rows.
func (i *importJob) printPreview(r daemonapi.ImportResult) error {
	if len(r.Columns) == 0 {
		return nil
	}
	columns, names := make([][]string, len(r.Columns)), make([]string, len(r.Columns))
	for n, c := range r.Columns {
		columns[n], names[n] = []string{c.Name, c.Type}, c.Name
	}
	if err := format.WriteTable(i.Stdout, []string{"Column", "Type"}, columns); err != nil {
		return localFailure(err, "write the answer")
	}
	if len(r.Preview) > 0 {
		if err := i.printLine(""); err != nil {
			return err
		}
		rows := make([][]string, len(r.Preview))
		for n, row := range r.Preview {
			for _, cell := range row[:min(len(row), len(names))] {
				rows[n] = append(rows[n], orDefault(cell, "NULL"))
			}
		}
		if err := format.WriteTable(i.Stdout, names, rows); err != nil {
			return localFailure(err, "write the answer")
		}
	}
	return i.printLine("")
}

// printRejected prints the rows that are left out. They go to stderr, except in
// a dry run, whose answer they are.
func (i *importJob) printRejected(r daemonapi.ImportResult) error {
	if r.Skipped == 0 && len(r.Bad) == 0 {
		return nil
	}
	out := i.Stderr
	if r.DryRun {
		out = i.Stdout
	}
	left := max(r.Skipped, int64(len(r.Bad)))
	lines := ""
	if r.SkippedLines > left {
		lines = fmt.Sprintf(" (%s)", countOf(r.SkippedLines, "line"))
	}
	_, err := fmt.Fprintf(out, "%s%s not imported:\n", countOf(left, "row"), lines)
	for _, b := range r.Bad {
		where := fmt.Sprintf("line %d", b.Line)
		if b.LastLine > b.Line {
			where = fmt.Sprintf("lines %d to %d", b.Line, b.LastLine)
		}
		if err == nil {
			_, err = fmt.Fprintf(out, "  %s: %s\n", where, printable(b.Message))
		}
	}
	if more := left - int64(len(r.Bad)); err == nil && more > 0 {
		_, err = fmt.Fprintf(out, "  and %d more\n", more)
	}
	return localFailure(err, "write the answer")
}
