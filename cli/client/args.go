package client

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/ayb"
)

// positional checks the number of arguments. names are for the error; a name in
// brackets is optional.
func positional(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return usage(cmd, "unexpected argument '%s'", args[len(names)])
		}
		var missing []string
		for _, name := range names[len(args):] {
			if !strings.HasPrefix(name, "[") {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			return usage(cmd, "the following required arguments were not provided: %s", strings.Join(missing, " "))
		}
		return nil
	}
}

// choice returns the argument at index i, which must be one of the values.
// Without that argument it is the first value.
func choice(cmd *cobra.Command, args []string, i int, name string, values []string) (string, error) {
	if i >= len(args) {
		return values[0], nil
	}
	if !slices.Contains(values, args[i]) {
		return "", usage(cmd, "invalid value '%s' for %s; possible values: %s", args[i], name, strings.Join(values, ", "))
	}
	return args[i], nil
}

// enum is an option with a closed list of values.
type enum struct {
	value  string
	values []string
}

// String returns the current value.
func (e *enum) String() string { return e.value }

// Type returns the values as the help shows them.
func (e *enum) Type() string { return strings.Join(e.values, "|") }

// Set accepts one of the values.
func (e *enum) Set(s string) error {
	if !slices.Contains(e.values, s) {
		return errors.New("possible values: " + strings.Join(e.values, ", "))
	}
	e.value = s
	return nil
}

var _ pflag.Value = (*enum)(nil)

// enumFlag adds an option with a closed list of values, and its completion. The
// first value is the default.
func enumFlag(cmd *cobra.Command, name, help string, values []string) *enum {
	e := &enum{value: values[0], values: values}
	cmd.Flags().Var(e, name, help)
	// The option exists and has no completion yet, so this cannot fail.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	return e
}

// formatFlag adds --format.
func formatFlag(cmd *cobra.Command) *enum {
	return enumFlag(cmd, "format", "how to print the answer", format.Kinds())
}

// completing offers the values of positional arguments. nil stands for an
// argument with any value.
func completing(values ...[]string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= len(values) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return values[len(args)], cobra.ShellCompDirectiveNoFileComp
	}
}

// database is the name of a database, as the user typed it.
type database struct{ entity, name string }

// String returns entity/database, as typed.
func (d database) String() string { return d.entity + "/" + d.name }

// parseDatabase splits entity/database at the last slash.
func parseDatabase(cmd *cobra.Command, arg string) (database, error) {
	i := strings.LastIndexByte(arg, '/')
	if i < 0 || strings.TrimSpace(arg[:i]) == "" || strings.TrimSpace(arg[i+1:]) == "" {
		return database{}, usage(cmd, "Argument must be formatted as 'entity/database'")
	}
	return database{arg[:i], arg[i+1:]}, nil
}

// newDatabase is parseDatabase for a database that does not exist yet: it
// refuses a name that no server accepts.
func newDatabase(cmd *cobra.Command, arg string) (database, error) {
	db, err := parseDatabase(cmd, arg)
	if err == nil {
		err = db.check()
	}
	return db, err
}

// check refuses a name that a database cannot be given. For existing databases
// the server decides.
func (d database) check() error {
	_, err := ayb.ParseEntitySlug(d.entity)
	if err == nil {
		_, err = ayb.ParseDatabaseSlug(d.name)
	}
	return err
}
