// Package launch composes the mailer role from a configuration.
package launch

import (
	"context"
	"errors"
	"time"

	"github.com/ayb-go/ayb/mailer"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/lifecycle"
	"github.com/ayb-go/ayb/shared/process"
)

// Role is the mailer.
func Role(env process.Env) lifecycle.Role {
	return lifecycle.Role{Name: "mailer", Run: func(ctx context.Context, ready func()) error {
		return run(ctx, env, ready)
	}}
}

func run(ctx context.Context, env process.Env, ready func()) error {
	email := env.Config.Email
	if email.SMTP != nil {
		return lifecycle.Fatal(errors.New("email.smtp: this version writes mail to a file only; remove the section and set email.file.path"))
	}
	conn, err := env.Connect(natsbus.Mailer)
	if err != nil {
		return lifecycle.Fatal(err)
	}
	defer conn.Close()
	m, err := mailer.New(mailer.Config{File: email.File.Path}, mailer.Deps{
		Queue: conn.MailQueue(mailapi.Subject), Notices: conn, Log: env.Log, Now: time.Now,
	})
	if err != nil {
		return lifecycle.Fatal(err)
	}
	ready()
	return m.Run(ctx)
}
