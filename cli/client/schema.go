package client

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

func (a *app) schema() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema ENTITY/DATABASE [TABLE]",
		Short: "Show the tables and views of a database",
		Long: `Show the tables and views of a database with their columns, or one of them in
detail. The number of rows is an estimate, or empty if unknown. --format json
prints all details.`,
		Example: `  ayb client schema alice/shop.sqlite
  ayb client schema alice/shop.sqlite fruit
  ayb client schema alice/shop.sqlite --format json`,
		Args:              positional("ENTITY/DATABASE", "[TABLE]"),
		ValidArgsFunction: completing(),
	}
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, db, err := a.connectTo(cmd, args)
		if err != nil {
			return err
		}
		s, err := c.Schema(cmd.Context(), db.entity, db.name)
		if err != nil {
			return err
		}
		all := append(s.Tables, s.Views...)
		if len(args) == 2 {
			return a.printTable(format.Kind(as.value), db, all, args[1])
		}
		rows := make([][]string, len(all))
		for i, t := range all {
			rows[i] = tableRow(t)
		}
		return a.printListing(format.Kind(as.value), s, rows, tableHeader(), "No tables in "+db.String())
	}
	return cmd
}

func tableHeader() []string { return []string{"Name", "Type", "Rows", "Columns"} }

func tableRow(t daemonapi.Table) []string {
	rows := ""
	if t.Rows != nil {
		rows = strconv.FormatInt(*t.Rows, 10)
	}
	var columns []string
	for _, c := range t.Columns {
		if !c.Hidden {
			columns = append(columns, c.Name)
		}
	}
	if t.Error != "" {
		columns = []string{t.Error}
	}
	return []string{t.Name, t.Type, rows, strings.Join(columns, ", ")}
}

// printTable prints one table: its columns and, in the format table, its indexes
// and foreign keys.
func (a *app) printTable(as format.Kind, db database, all []daemonapi.Table, name string) error {
	i := slices.IndexFunc(all, func(t daemonapi.Table) bool { return t.Name == name })
	if i < 0 {
		i = slices.IndexFunc(all, func(t daemonapi.Table) bool { return strings.EqualFold(t.Name, name) })
	}
	if i < 0 {
		return noSuchTable(name, db)
	}
	t := all[i]
	rows := make([][]string, len(t.Columns))
	for i, c := range t.Columns {
		rows[i] = []string{c.Name, c.Type, constraints(t, c), orDefault(c.Default, "")}
	}
	err := a.printListing(as, t, rows, []string{"Column", "Type", "Constraints", "Default"}, "No columns in "+printable(t.Name))
	if err != nil || as != format.Table {
		return err
	}
	if err := a.printParagraph("Indexes", indexLines(t)); err != nil {
		return err
	}
	if err := a.printParagraph("Foreign keys", foreignKeyLines(t)); err != nil {
		return err
	}
	if t.Error != "" {
		return a.printLine("\nError: %s", printable(t.Error))
	}
	return nil
}

func (a *app) printParagraph(title string, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	return a.printLine("\n%s:\n  %s", title, strings.Join(lines, "\n  "))
}

func constraints(t daemonapi.Table, c daemonapi.Column) string {
	var all []string
	if i := slices.Index(t.PrimaryKey, c.Name); i >= 0 {
		key := "primary key"
		if len(t.PrimaryKey) > 1 {
			key += fmt.Sprintf(" %d of %d", i+1, len(t.PrimaryKey))
		}
		all = append(all, key)
	}
	if c.NotNull {
		all = append(all, "not null")
	}
	if c.Generated != "" {
		all = append(all, "generated, "+c.Generated)
	}
	if c.Hidden {
		all = append(all, "hidden")
	}
	return strings.Join(all, ", ")
}

func indexLines(t daemonapi.Table) []string {
	lines := make([]string, len(t.Indexes))
	for i, index := range t.Indexes {
		columns := make([]string, len(index.Columns))
		for j, c := range index.Columns {
			columns[j] = orDefault(c, "an expression")
		}
		line := index.Name + " (" + strings.Join(columns, ", ") + ")"
		if index.Unique {
			line += ", unique"
		}
		if index.Partial {
			line += ", partial"
		}
		lines[i] = format.Printable(line)
	}
	return lines
}

func foreignKeyLines(t daemonapi.Table) []string {
	lines := make([]string, len(t.ForeignKeys))
	for i, k := range t.ForeignKeys {
		line := "(" + strings.Join(k.Columns, ", ") + ") references " + k.Table
		if len(k.References) > 0 {
			line += " (" + strings.Join(k.References, ", ") + ")"
		}
		for _, action := range [][2]string{{"update", k.OnUpdate}, {"delete", k.OnDelete}} {
			if action[1] != "" && action[1] != "NO ACTION" {
				line += ", on " + action[0] + " " + strings.ToLower(action[1])
			}
		}
		lines[i] = format.Printable(line)
	}
	return lines
}
