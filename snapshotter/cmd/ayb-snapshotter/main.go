// Command ayb-snapshotter runs the snapshotter role of ayb in a process of its
// own. It reads the same configuration file as the other roles.
package main

import (
	"os"

	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/process"
	"github.com/ayb-go/ayb/snapshotter/launch"
)

func main() {
	os.Exit(process.Main("ayb-snapshotter", os.Args[1:], process.Spec{
		Roles:  []config.Role{config.RoleSnapshotter},
		Launch: []process.Launcher{launch.Role},
	}))
}
