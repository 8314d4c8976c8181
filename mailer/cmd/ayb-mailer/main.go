// Command ayb-mailer runs the mailer role of ayb in a process of its own. It
// reads the same configuration file as the other roles.
package main

import (
	"os"

	"github.com/ayb-go/ayb/mailer/launch"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/process"
)

func main() {
	os.Exit(process.Main("ayb-mailer", os.Args[1:], process.Spec{
		Roles:  []config.Role{config.RoleMailer},
		Launch: []process.Launcher{launch.Role},
	}))
}
