// Package launch makes the mailer role from a configuration.
package launch

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/ayb-go/ayb/mailer"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/process"
	"github.com/ayb-go/ayb/shared/supervisor"
)

// Role returns the mailer as a role of a process.
func Role(env process.Env) supervisor.Role {
	return supervisor.Role{Name: "mailer", Run: func(ctx context.Context, ready func()) error {
		return runMailer(ctx, env, ready)
	}}
}

func runMailer(ctx context.Context, env process.Env, ready func()) error {
	conn, err := env.Connect(natsbus.Mailer)
	if err != nil {
		return supervisor.Fatal(err)
	}
	defer conn.Close()
	m, err := mailer.New(mailerConfig(env.Config), mailer.Deps{
		Queue: conn.MailQueue(mailapi.Subject), Notices: conn, Log: env.Log, Now: time.Now,
	})
	if err != nil {
		return supervisor.Fatal(err)
	}
	ready()
	err = m.Run(ctx)
	return errors.Join(err, m.Close())
}

// mailerConfig returns the configuration of the mailer. The sender in the section
// of the relay is used for the mail file too.
func mailerConfig(c config.Server) mailer.Config {
	var m mailer.Config
	if f := c.Email.File; f != nil {
		m.File = f.Path
	}
	if s := c.Email.SMTP; s != nil {
		m.From, m.ReplyTo = s.From, s.ReplyTo
		m.SMTP = &mailer.SMTP{Host: s.Host, Port: s.Port, Username: s.Username, Password: s.Password}
		m.StateDir = filepath.Join(c.DataPath, "mailer")
	}
	return m
}
