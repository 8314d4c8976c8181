// Package admin has the commands of `ayb admin`: the work of an operator on the
// machine of a server. The commands open the metadata store that the server's
// configuration names, whether the server runs or not. They ask for no token: a
// user who may read the configuration and write the store is the operator.
//
// It never creates or migrates a store, and opens no hosted database.
package admin

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client"
	"github.com/ayb-go/ayb/shared/process"
)

// app holds what all commands use.
type app struct {
	process.IO
	file string // the option --config
}

// New returns the command `admin`.
func New(std process.IO) *cobra.Command {
	a := &app{IO: std}
	cmd := &cobra.Command{
		Use:   "admin [--config FILE] COMMAND",
		Short: "Operate a server, on its machine",
		Long: `Operate a server, on its machine: with the server's configuration, and directly
on its metadata store. The server may be running.`,
		Example: "  ayb admin limits show alice\n  ayb admin limits set alice database_bytes=10GiB",
		Args:    onlySubcommands("COMMAND"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&a.file, "config", "", "configuration `FILE` of the server (default $"+process.FileVariable+", else "+process.DefaultFile+")")
	cmd.AddCommand(a.limits())
	return cmd
}

// onlySubcommands refuses an argument that is not the name of a subcommand.
func onlySubcommands(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage(cmd, "unknown %s '%s'", name, args[0])
		}
		return nil
	}
}

func usage(cmd *cobra.Command, message string, args ...any) error {
	return &client.UsageError{Command: cmd.CommandPath(), Message: fmt.Sprintf(message, args...)}
}

// printLine prints one line on stdout.
func (a *app) printLine(line string, args ...any) error {
	_, err := fmt.Fprintf(a.Stdout, line+"\n", args...)
	return err
}
