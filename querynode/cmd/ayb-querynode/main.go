// Command ayb-querynode runs the query node role of ayb in a process of its
// own. It reads the same configuration file as the other roles.
package main

import (
	"os"

	"github.com/ayb-go/ayb/querynode/daemon"
	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/querynode/engine/sqlite"
	"github.com/ayb-go/ayb/querynode/launch"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/process"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == daemonargs.Command {
		os.Exit(daemon.Main(os.Args[2:], sqlite.Open))
	}
	os.Exit(process.Main("ayb-querynode", os.Args[1:], process.Spec{
		Roles:  []config.Role{config.RoleQueryNode},
		Launch: []process.Launcher{launch.Role},
	}))
}
