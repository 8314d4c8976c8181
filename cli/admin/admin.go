// Package admin has the commands of `ayb admin`: what the operator of a server
// does on its machine. It works on the metadata store that the server's
// configuration names, whether the server runs or not, and asks for no token:
// whoever may read the configuration and write the store is the operator.
//
// It never makes or migrates a store, and opens no hosted database.
package admin

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client"
	"github.com/ayb-go/ayb/shared/process"
)

// app is what the commands share.
type app struct {
	process.IO
	file string // the option --config
}

// New makes the command `admin`.
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

// onlySubcommands refuses what is none of a command's own commands.
func onlySubcommands(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage(cmd, "unknown %s '%s'", what, args[0])
		}
		return nil
	}
}

func usage(cmd *cobra.Command, message string, args ...any) error {
	return &client.UsageError{Command: cmd.CommandPath(), Message: fmt.Sprintf(message, args...)}
}

// printLine prints a line of an answer.
func (a *app) printLine(line string, args ...any) error {
	_, err := fmt.Fprintf(a.Stdout, line+"\n", args...)
	return err
}
