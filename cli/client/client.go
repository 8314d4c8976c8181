// Package client has the commands of `ayb client`: the user's side of ayb, over
// HTTP. It owns their output, the client's settings file and the interactive
// session. Accounts, rights and SQL are the server's business, and the package
// knows no role of a server.
//
// Output follows three rules. Answers go to stdout in the exact words of the
// contract. A failure is one line "Error: …" on stderr, and hints have a line of
// their own. Text from a server is never written raw to a terminal.
//
// It is one package with a file for each group of commands, because they share
// the options, the connection, the settings and the printing of answers. Reading
// lines, printing tables and reading SQLite files are packages below it.
package client

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Environment variables, each standing for an option.
const (
	envConfig = "AYB_CLIENT_CONFIG_FILE"
	envURL    = "AYB_SERVER_URL"
	envToken  = "AYB_API_TOKEN"
)

// IO has the streams and the environment of the commands.
type IO struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Getenv reads an environment variable; nil means the process's own.
	Getenv func(string) string
	// UserAgent names the program to the server; it may be empty.
	UserAgent string
}

// app holds what all commands use.
type app struct {
	IO
	config, url, token string // options
}

// New returns the command `client`. Its errors are for Report and ExitCode:
// cobra prints none of them.
func New(std IO) *cobra.Command {
	if std.Getenv == nil {
		std.Getenv = os.Getenv
	}
	a := &app{IO: std}
	cmd := &cobra.Command{
		Use:   "client [--url URL] [--token TOKEN] [--config FILE] COMMAND",
		Short: "Register, create databases and query them on a server",
		Long: `Register, create databases and query them on a server.

To begin, say where the server is, register, and confirm with the token that
arrives by mail:

  ayb client set_default_url http://127.0.0.1:5433
  ayb client register alice alice@example.org
  ayb client confirm TOKEN

The server's address and your token are stored in a settings file, so later
commands need neither. An option comes before an environment variable, and both
come before the file:

  --url     AYB_SERVER_URL           the server's address
  --token   AYB_API_TOKEN            the API token
  --config  AYB_CLIENT_CONFIG_FILE   the file itself

A command that fails prints "Error: …" on stderr and exits with 1; a command
line with a mistake exits with 2.`,
		Example: `  ayb client create_database alice/shop.sqlite
  ayb client query alice/shop.sqlite "CREATE TABLE fruit (name TEXT, price REAL)"
  ayb client query alice/shop.sqlite`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          a.refuseUnknown,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetIn(std.Stdin)
	cmd.SetOut(std.Stdout)
	cmd.SetErr(std.Stderr)
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, "%s", err) })
	flags := cmd.PersistentFlags()
	flags.StringVar(&a.url, "url", "", "address of the server, a `URL` such as http://127.0.0.1:5433")
	flags.StringVar(&a.token, "token", "", "API `TOKEN` to use instead of the remembered one")
	flags.StringVar(&a.config, "config", "", "configuration `FILE` that remembers address and tokens")
	cmd.AddCommand(
		a.register(), a.logIn(), a.confirm(), a.listTokens(), a.revokeToken(),
		a.createToken(), a.logOut(),
		a.createDatabase(), a.list(), a.databaseDetails(), a.query(), a.setDefaultURL(),
		a.schema(), a.queries(), a.cancelQuery(), a.usage(),
		a.profile(), a.updateProfile(), a.deleteAccount(),
		a.updateDatabase(), a.share(), a.listDatabasePermissions(),
		a.listSnapshots(), a.takeSnapshot(), a.restoreSnapshot(),
		a.exportData(), a.importData(),
		a.fork(), a.rename(), a.deleteDatabase(), a.undelete(),
	)
	// Underscores and hyphens are interchangeable in every option.
	cmd.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "-", "_"))
	})
	return cmd
}

// refuseUnknown refuses an unknown command after `client`, and suggests one with
// a similar name.
func (a *app) refuseUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("; did you mean '%s'?", strings.Join(near, "' or '"))
	}
	return usage(cmd, "unknown subcommand '%s'%s", args[0], hint)
}

// printLine prints one line on stdout.
func (a *app) printLine(line string, args ...any) error {
	_, err := fmt.Fprintf(a.Stdout, line+"\n", args...)
	return localFailure(err, "write the answer")
}
