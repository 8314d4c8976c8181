package client

import (
	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (a *app) register() *cobra.Command {
	types := []string{string(ayb.User), string(ayb.Organization)}
	return &cobra.Command{
		Use:   "register ENTITY EMAIL [TYPE]",
		Short: "Register an account by mail",
		Long: `Register an account by mail. ENTITY is the name you want: it becomes the first
half of the names of your databases. The server sends a mail with a token to
EMAIL; finish with: ayb client confirm TOKEN. TYPE is user (the default) or
organization.`,
		Example: `  ayb client register alice alice@example.org
  ayb client register acme office@example.org organization`,
		Args:              positional("ENTITY", "EMAIL", "[TYPE]"),
		ValidArgsFunction: completing(nil, nil, types),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, err := choice(cmd, args, 2, "TYPE", types)
			if err != nil {
				return err
			}
			c, err := a.connect()
			if err != nil {
				return err
			}
			sent, err := c.Register(cmd.Context(), httpapi.RegisterRequest{Entity: args[0], EmailAddress: args[1], EntityType: kind})
			if err != nil {
				return err
			}
			return a.mailSent("Check your email to finish registering %s", args[0], sent)
		},
	}
}

func (a *app) logIn() *cobra.Command {
	return &cobra.Command{
		Use:   "log_in ENTITY",
		Short: "Log in to an account by mail",
		Long: `Log in to an account, for example from another machine. The server sends a mail
with a token to the address of the account; finish with: ayb client confirm TOKEN.`,
		Example:           "  ayb client log_in alice",
		Args:              positional("ENTITY"),
		ValidArgsFunction: completing(),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			sent, err := c.LogIn(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.mailSent("Check your email to finish logging in %s", args[0], sent)
		},
	}
}

// mailSent says that the mail was sent, or is queued.
func (a *app) mailSent(line, entity string, sent httpapi.MailSent) error {
	if err := a.printLine(line, entity); err != nil || sent.Delivery != httpapi.DeliveryQueued {
		return err
	}
	return a.printLine("The mail is on its way and may take a few minutes")
}

func (a *app) confirm() *cobra.Command {
	return &cobra.Command{
		Use:   "confirm TOKEN",
		Short: "Finish registering or logging in with the token from a mail",
		Long: `Finish registering or logging in with the token from a mail. The answer is an
API token. It is stored for this server, and all later commands use it.`,
		Example:           "  ayb client confirm gAAAAABl…",
		Args:              positional("TOKEN"),
		ValidArgsFunction: completing(),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			got, err := c.Confirm(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := a.rememberToken(c.URL(), got.Token); err != nil {
				e := errs.Public(err) // the server does not show the token again
				return errs.Wrap(e.Code, err, "%s\nYour API token is %s; give it with --token or %s", e.Message, got.Token, envToken)
			}
			return a.printLine("Successfully authenticated %s and saved token %s", printable(got.Entity), printable(got.Token))
		},
	}
}

// rememberToken stores the token of a server in the settings file. Tokens of
// other servers stay.
func (a *app) rememberToken(url, token string) error {
	path, err := a.settingsPath()
	if err != nil {
		return err
	}
	s, err := loadSettings(path)
	if err != nil {
		return err
	}
	s.Authentication[url] = token
	return s.save(path)
}

// orDefault returns the text, or another one for nil.
func orDefault(text *string, none string) string {
	if text == nil {
		return none
	}
	return *text
}
