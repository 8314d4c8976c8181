package admin

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
)

func (a *app) limits() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "limits COMMAND",
		Short: "Show and set the limits of accounts and databases",
		Long: `Show and set the limits of accounts and databases.

A limit of a database comes before the limit of the account that owns it, and
both come before the section [limits] of the server's configuration:

` + limitsHelp() + `
The last two are limits of an account. Sizes are written like 64MiB, times like
30s. For result_bytes and the last two, 0 means unlimited.`,
		Example: `  ayb admin limits show
  ayb admin limits set alice database_bytes=10GiB heap_bytes=128MiB
  ayb admin limits set alice/shop.sqlite statement_timeout=2m
  ayb admin limits unset alice/shop.sqlite`,
		Args: onlySubcommands("COMMAND"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.showLimits(), a.setLimits(), a.unsetLimits())
	return cmd
}

// limitsHelp returns a line for each limit with its meaning.
func limitsHelp() string {
	meaning := map[limits.Limit]string{
		limits.DatabaseBytes:       "largest size of a database",
		limits.HeapBytes:           "memory of the engine for a database",
		limits.StatementTimeout:    "longest time that a request may compute",
		limits.ResultBytes:         "largest size of an answer in one document",
		limits.RequestBytes:        "largest size of a request, at most the server's",
		limits.QueriesPerDatabase:  "queries of a database that run at the same time",
		limits.QueriesPerAccount:   "queries that run on an account's databases",
		limits.DatabasesPerAccount: "databases that an account may have",
		limits.TokensPerAccount:    "API tokens that an account may have",
	}
	var b strings.Builder
	for _, l := range limits.All() {
		b.WriteString("  " + l.String() + strings.Repeat(" ", 24-len(l.String())) + meaning[l] + "\n")
	}
	return b.String()
}

func (a *app) setLimits() *cobra.Command {
	return &cobra.Command{
		Use:               "set ENTITY[/DATABASE] LIMIT=VALUE…",
		Short:             "Set limits of an account or a database",
		Long:              "Set limits of an account or a database. If one value is invalid, no limit is\nchanged. \"ayb admin limits --help\" lists the limits.",
		Example:           "  ayb admin limits set alice database_bytes=10GiB heap_bytes=128MiB\n  ayb admin limits set alice/shop.sqlite statement_timeout=2m",
		ValidArgsFunction: completeLimits("="),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := parseTarget(cmd, args)
			if err != nil {
				return err
			}
			texts, err := parseAssignments(cmd, t, args[1:])
			if err != nil {
				return err
			}
			return a.changeLimits(cmd, t, texts)
		},
	}
}

func (a *app) unsetLimits() *cobra.Command {
	return &cobra.Command{
		Use:               "unset ENTITY[/DATABASE] [LIMIT…]",
		Short:             "Remove limits of an account or a database",
		Long:              "Remove the named limits of an account or a database, or all of its limits. The\nlimits of its account, or of the server, then hold again.",
		Example:           "  ayb admin limits unset alice heap_bytes\n  ayb admin limits unset alice/shop.sqlite",
		ValidArgsFunction: completeLimits(""),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := parseTarget(cmd, args)
			if err != nil {
				return err
			}
			texts := map[limits.Limit]*string{}
			for _, name := range args[1:] {
				l, err := parseLimitName(cmd, t, name)
				if err != nil {
					return err
				}
				texts[l] = nil
			}
			for _, l := range limits.All() {
				if len(args) == 1 && !(t.database != "" && l.AccountOnly()) {
					texts[l] = nil
				}
			}
			return a.changeLimits(cmd, t, texts)
		},
	}
}

// completeLimits offers the names of limits after the target, each with a
// suffix.
func completeLimits(suffix string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []cobra.Completion
		for _, l := range limits.All() {
			names = append(names, l.String()+suffix)
		}
		return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// parseLimitName returns the limit with a name. A limit of accounts is refused
// for a database.
func parseLimitName(cmd *cobra.Command, t target, name string) (limits.Limit, error) {
	l, ok := limits.ByName(name)
	switch {
	case !ok:
		var known []string
		for _, l := range limits.All() {
			known = append(known, l.String())
		}
		return l, usage(cmd, "unknown limit '%s'; known are %s", name, strings.Join(known, ", "))
	case t.database != "" && l.AccountOnly():
		return l, usage(cmd, "%s is a limit of accounts; set it for %s", l, t.entity)
	}
	return l, nil
}

// parseAssignments reads arguments of the form LIMIT=VALUE.
func parseAssignments(cmd *cobra.Command, t target, args []string) (map[limits.Limit]*string, error) {
	if len(args) == 0 {
		return nil, usage(cmd, "the following required arguments were not provided: LIMIT=VALUE")
	}
	out := map[limits.Limit]*string{}
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, usage(cmd, "'%s' must be formatted as LIMIT=VALUE, such as database_bytes=10GiB", arg)
		}
		l, err := parseLimitName(cmd, t, name)
		if err != nil {
			return nil, err
		}
		if _, twice := out[l]; twice {
			return nil, usage(cmd, "%s is given twice", l)
		}
		out[l] = &text
	}
	return out, nil
}

// target is an account or a database, as the operator typed it.
type target struct{ entity, database string }

// String returns ENTITY or ENTITY/DATABASE.
func (t target) String() string {
	if t.database == "" {
		return t.entity
	}
	return t.entity + "/" + t.database
}

// parseTarget reads the first argument: ENTITY or ENTITY/DATABASE.
func parseTarget(cmd *cobra.Command, args []string) (target, error) {
	if len(args) == 0 {
		return target{}, usage(cmd, "the following required arguments were not provided: ENTITY[/DATABASE]")
	}
	parts := strings.Split(args[0], "/")
	if len(parts) > 2 || slices.Contains(parts, "") {
		return target{}, usage(cmd, "Argument must be formatted as 'entity' or 'entity/database'")
	}
	return target{parts[0], strings.Join(parts[1:], "")}, nil
}
