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

What is set for a database counts before what is set for the account that owns
it, and that before the section [limits] of the server's configuration:

` + limitsHelp() + `
The last two are limits of an account as a whole. Sizes are written like 64MiB,
times like 30s. A 0 means unlimited for result_bytes and the last two.`,
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

// limitsHelp says what each limit is.
func limitsHelp() string {
	meaning := map[limits.Limit]string{
		limits.DatabaseBytes:       "how large a database may grow",
		limits.HeapBytes:           "the memory of the engine for a database",
		limits.StatementTimeout:    "how long a request may compute",
		limits.ResultBytes:         "how large an answer in one document may be",
		limits.RequestBytes:        "how large a request may be; the server's is the most",
		limits.QueriesPerDatabase:  "how many queries of a database run at once",
		limits.QueriesPerAccount:   "how many queries run on an account's databases",
		limits.DatabasesPerAccount: "how many databases an account may have",
		limits.TokensPerAccount:    "how many API tokens an account may have",
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
		Long:              "Set limits of an account or a database; all of them or, when one makes no\nsense, none. \"ayb admin limits --help\" lists them.",
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
		Short:             "Take back what was set for an account or a database",
		Long:              "Take back limits that were set for an account or a database, or all of them;\nwhat is set for its account, or for the server, then counts again.",
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

// completeLimits offers the names of limits after the target.
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

// parseLimitName gives the limit with a name.
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

// parseAssignments reads LIMIT=VALUE.
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

// target is an account or a database, as typed.
type target struct{ entity, database string }

// String is the form people write.
func (t target) String() string {
	if t.database == "" {
		return t.entity
	}
	return t.entity + "/" + t.database
}

// parseTarget reads the first argument.
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
