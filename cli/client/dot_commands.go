package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/cli/client/lineedit"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// maxReadDepth limits how deep files can read other files.
const maxReadDepth = 10

// onOff reads the argument of a switch.
func onOff(command string, args []string) (bool, error) {
	if len(args) != 1 || args[0] != "on" && args[0] != "off" {
		return false, errs.E(errs.Invalid, "%s needs on or off, such as: %s on", command, command)
	}
	return args[0] == "on", nil
}

// readFile runs the statements and commands of a file.
func (s *session) readFile(ctx context.Context, args []string) error {
	switch {
	case len(args) != 1:
		return errs.E(errs.Invalid, "The file is missing: .read FILE")
	case s.readDepth >= maxReadDepth:
		return errs.E(errs.Invalid, "Files can read other files at most %d levels deep", maxReadDepth)
	}
	f, err := os.Open(args[0])
	if err != nil {
		return localFailure(err, "read %s", printable(args[0]))
	}
	defer f.Close()
	s.readDepth++
	defer func() { s.readDepth-- }()
	return s.runInput(ctx, lineedit.NewReader(f, func() {}))
}

// redirect sends answers to a file. Without a name they go to the standard
// output again.
func (s *session) redirect(once bool, args []string) error {
	err := s.closeOutput()
	if err != nil || len(args) == 0 && !once || len(args) == 1 && args[0] == "stdout" {
		return err
	}
	if len(args) != 1 {
		return errs.E(errs.Invalid, "The file is missing: .output FILE, or .once FILE for the next statement")
	}
	f, err := os.Create(args[0])
	if err != nil {
		return localFailure(err, "write %s", printable(args[0]))
	}
	s.file, s.once = f, once
	s.out, s.app.Stdout = f, f
	return nil
}

// closeOutput closes the file that answers go to; they go to the standard output
// again.
func (s *session) closeOutput() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file, s.once = nil, false
	s.out, s.app.Stdout = s.screen, s.screen
	return localFailure(f.Close(), "write %s", printable(f.Name()))
}

// printDump writes the database, or one table, as a SQL script.
func (s *session) printDump(ctx context.Context, args []string) error {
	if len(args) > 1 {
		return errs.E(errs.Invalid, ".dump takes at most one table: .dump TABLE")
	}
	return s.client.Export(ctx, s.db.entity, s.db.name, httpapi.ExportRequest{
		ExportOptions: daemonapi.ExportOptions{Format: daemonapi.TransferSQL, Table: strings.Join(args, "")}}, &localWriter{w: s.out})
}

// printIndexes lists the indexes of a table, or all indexes.
func (s *session) printIndexes(ctx context.Context, table string) error {
	of := ""
	if table != "" {
		of = " AND lower(tbl_name) = lower('" + strings.ReplaceAll(table, "'", "''") + "')"
	}
	rows, err := s.client.QueryRows(ctx, s.db.entity, s.db.name, "SELECT name FROM sqlite_schema WHERE type = 'index'"+of+" ORDER BY name;")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if _, err := io.WriteString(&localWriter{w: s.out}, printable(orDefault(rows.Row()[0], ""))+"\n"); err != nil {
			return err
		}
	}
	return rows.Err()
}

// importFile imports a file into a table. A missing table is created; an
// existing one gets more rows.
func (s *session) importFile(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errs.E(errs.Invalid, "The file or the table is missing: .import FILE TABLE")
	}
	schema, err := s.client.Schema(ctx, s.db.entity, s.db.name)
	if err != nil {
		return err
	}
	mode := daemonapi.ImportCreate
	if slices.ContainsFunc(schema.Tables, func(t daemonapi.Table) bool { return strings.EqualFold(t.Name, args[1]) }) {
		mode = daemonapi.ImportAppend
	}
	app := *s.app
	if !s.interactive { // stdout is for data only
		app.Stdout = app.Stderr
	}
	cmd := &cobra.Command{Use: ".import FILE TABLE"}
	cmd.SetContext(ctx)
	i := &importJob{app: &app, db: s.db, file: args[0], req: httpapi.ImportRequest{
		ImportOptions: daemonapi.ImportOptions{Table: args[1], Mode: mode, OnError: daemonapi.OnErrorStop}}}
	err = i.importFile(cmd)
	if u, ok := errors.AsType[*UsageError](err); ok {
		return errs.E(errs.Invalid, "%s", u.Message)
	}
	return err
}

// changeParams changes the values of the parameters of statements.
func (s *session) changeParams(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "list":
		for _, name := range slices.Sorted(func(yield func(string) bool) {
			for name := range s.params {
				if !yield(name) {
					return
				}
			}
		}) {
			if err := s.app.printLine(":%s %s", printable(name), printable(string(s.params[name]))); err != nil {
				return err
			}
		}
		return nil
	case len(args) == 1 && args[0] == "clear":
		clear(s.params)
		return nil
	case len(args) == 2 && args[0] == "unset":
		delete(s.params, strings.TrimLeft(args[1], ":@$"))
		return nil
	case len(args) < 3 || args[0] != "set" || !paramName().MatchString(args[1]):
		return errs.E(errs.Invalid, "The forms are .param set :NAME VALUE, .param unset :NAME, .param list and .param clear")
	}
	text := strings.Join(args[2:], " ")
	value := json.RawMessage(text)
	if strings.EqualFold(text, "null") {
		value = json.RawMessage("null")
	} else if !json.Valid(value) || text[0] == '"' {
		var err error
		if value, err = httpapi.Marshal(text); err != nil {
			return errs.Wrap(errs.Invalid, err, "The value cannot be written as JSON")
		}
	}
	if s.params == nil {
		s.params = map[string]json.RawMessage{}
	}
	s.params[strings.TrimLeft(args[1], ":@$")] = value
	return nil
}

func paramName() *regexp.Regexp { return regexp.MustCompile(`^[:@$][A-Za-z_][A-Za-z0-9_]*$`) }

// boundParams returns the values of the parameters that occur in SQL, as a JSON
// object; nil without any.
func (s *session) boundParams(sql string) (json.RawMessage, error) {
	if len(s.params) == 0 {
		return nil, nil
	}
	code := regexp.MustCompile(`(?s)'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/`).ReplaceAllString(sql, " ")
	values := map[string]json.RawMessage{}
	for _, name := range regexp.MustCompile(`[:@$][A-Za-z_][A-Za-z0-9_]*`).FindAllString(code, -1) {
		if value, ok := s.params[name[1:]]; ok {
			values[name[1:]] = value
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	return httpapi.Marshal(values)
}

// setWidths sets the widths of the columns of tables.
func (s *session) setWidths(args []string) error {
	var widths []int
	for _, arg := range args {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 0 || n > format.MaxWidth {
			return errs.E(errs.Invalid, "A width is a number of characters from 1 to %d, or 0 for any width", format.MaxWidth)
		}
		widths = append(widths, n)
	}
	s.widths = widths
	return nil
}

// splitWords splits a command into words. Blanks in quotes belong to a word.
func splitWords(line string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`'((?:[^']|'')*)'|"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, strings.ReplaceAll(m[1], "''", "'")+m[2]+m[3])
	}
	return words
}
