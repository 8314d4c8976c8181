// Package cli is the program `ayb`. It starts the hidden daemon command or one
// of the public commands, and turns an error into a line on stderr and an exit
// status. The commands themselves are in cli/client, cli/serve and cli/admin.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ayb-go/ayb/cli/admin"
	"github.com/ayb-go/ayb/cli/client"
	"github.com/ayb-go/ayb/cli/serve"
	"github.com/ayb-go/ayb/querynode/daemon"
	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/querynode/engine/sqlite"
	"github.com/ayb-go/ayb/shared/process"
	"github.com/ayb-go/ayb/shared/version"
)

// Main runs the program and returns its exit status. args come without the
// program's name.
func Main(args []string) int {
	if len(args) > 0 && args[0] == daemonargs.Command {
		return daemon.Main(args[1:], sqlite.Open)
	}
	std := client.IO{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, UserAgent: "ayb/" + version.Read().Version}
	root := New(std)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	client.Report(os.Stderr, err)
	return client.ExitCode(err)
}

// New returns the root command with all commands below it.
func New(std client.IO) *cobra.Command {
	root := &cobra.Command{
		Use:   "ayb",
		Short: "Create a database, share it, and query it from anywhere",
		Long: `Create a database, share it, and query it from anywhere.

ayb hosts SQLite databases for many people. "ayb all-in-one" runs a server;
"ayb client" registers you there, creates databases and queries them, and
"ayb admin" is for the operator of the server.`,
		Example: `  ayb default_server_config > ayb.toml
  ayb all-in-one
  ayb client --url http://localhost:5433 register alice alice@example.org`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noCommand,
	}
	root.SetIn(std.Stdin)
	root.SetOut(std.Stdout)
	root.SetErr(std.Stderr)
	root.SetGlobalNormalizationFunc(underscores)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &client.UsageError{Command: cmd.CommandPath(), Message: err.Error()}
	})
	var show bool
	root.Flags().BoolVarP(&show, "version", "V", false, "print the version and exit")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if show {
			_, err := fmt.Fprintln(std.Stdout, "ayb", version.Read().Version)
			return err
		}
		return cmd.Help()
	}
	environ := process.IO{Stdout: std.Stdout, Stderr: std.Stderr, Environ: os.Environ()}
	for _, cmd := range serve.Commands(environ) {
		root.AddCommand(noArgs(cmd))
	}
	root.AddCommand(noArgs(versionCommand(std)), admin.New(environ), client.New(std))
	return root
}

// underscores makes hyphens and underscores in the name of an option the same:
// --public-sharing-level and --public_sharing_level.
func underscores(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	return pflag.NormalizedName(strings.ReplaceAll(name, "-", "_"))
}

// noCommand refuses an unknown command, and suggests one with a similar name.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("unrecognized subcommand '%s'", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		message += fmt.Sprintf("; did you mean '%s'?", near[0])
	}
	return &client.UsageError{Command: cmd.CommandPath(), Message: message}
}

// noArgs makes any argument of a command a usage error.
func noArgs(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return &client.UsageError{Command: cmd.CommandPath(), Message: fmt.Sprintf("unexpected argument '%s'", args[0])}
	}
	return cmd
}

func versionCommand(std client.IO) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and what it was built with",
		Long: `Print the version and what it was built with: the toolchain, and the optional
parts of SQLite.`,
		RunE: func(*cobra.Command, []string) error {
			info := version.Read()
			_, err := fmt.Fprintf(std.Stdout, "ayb %s\nSQLite with: %s\n", info, strings.Join(info.Features(), ", "))
			if warning := info.Warning(); warning != "" {
				_, werr := fmt.Fprintln(std.Stderr, "Warning:", warning)
				err = errors.Join(err, werr)
			}
			return err
		},
	}
}
