// Command ayb-controlplane runs the control plane role of ayb in a process of
// its own, with the bus embedded unless the configuration names one. It reads
// the same configuration file as the other roles.
package main

import (
	"os"

	"github.com/ayb-go/ayb/controlplane/launch"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/process"
)

func main() {
	os.Exit(process.Main("ayb-controlplane", os.Args[1:], process.Spec{
		Roles:    []config.Role{config.RoleControlPlane},
		EmbedBus: true,
		Launch:   []process.Launcher{launch.Role},
	}))
}
