// Package serve has the commands that run a server or help to configure one. It
// is the composition root of `ayb all-in-one`: it lists the roles and their
// order, and has no business rules.
package serve

import (
	"fmt"

	"github.com/spf13/cobra"

	controlplane "github.com/ayb-go/ayb/controlplane/launch"
	mailer "github.com/ayb-go/ayb/mailer/launch"
	querynode "github.com/ayb-go/ayb/querynode/launch"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/process"
	snapshotter "github.com/ayb-go/ayb/snapshotter/launch"
)

// Commands returns the server's commands, which stand directly below `ayb`.
func Commands(std process.IO) []*cobra.Command {
	return []*cobra.Command{allInOne(std), sampleConfig(std)}
}

// allInOne returns the command that runs every role in this process.
func allInOne(std process.IO) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "all-in-one",
		Aliases: []string{"server"},
		Short:   "Run a complete server in one process",
		Long: `Run a complete server in one process: the HTTP API, the query node, the
snapshotter and the mailer, with the bus between them in memory.

The configuration comes from a file, then from the environment, where
AYB__SECTION__KEY=VALUE overrides a key of the file. The command
"ayb default_server_config" prints a file that works.`,
		Example: `  ayb default_server_config > ayb.toml
  ayb all-in-one --config ayb.toml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, required := process.ConfigFile(file)
			spec := process.Spec{
				EmbedBus: true,
				// A role stops before the roles that send it requests do.
				Launch: []process.Launcher{mailer.Role, querynode.Role, snapshotter.Role, controlplane.Role},
			}
			return spec.Run(cmd.Context(), path, required, nil, std)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "configuration `FILE` (default $"+process.FileVariable+", else "+process.DefaultFile+")")
	return cmd
}

func sampleConfig(std process.IO) *cobra.Command {
	return &cobra.Command{
		Use:   "default_server_config",
		Short: "Print a configuration that works, with a fresh key",
		Long: `Print a configuration that works as it is, with a freshly made key, and with
all other options as comments.`,
		Example: "  ayb default_server_config > ayb.toml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := config.DefaultServerConfig()
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(std.Stdout, text)
			return err
		},
	}
}
