package client

import (
	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (a *app) listTokens() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list_tokens",
		Short: "List your API tokens",
		Long: `List your API tokens, newest first, by the short part of each: it follows the
first underscore of a token and is not a secret. App is the application that got
the token, or the name you gave it. The last use may be up to a minute old.`,
		Example:           "  ayb client list_tokens\n  ayb client list_tokens --format json",
		Args:              positional(),
		ValidArgsFunction: completing(),
	}
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		tokens, err := c.Tokens(cmd.Context())
		if err != nil {
			return err
		}
		rows := make([][]string, len(tokens))
		for i, t := range tokens {
			rows[i] = []string{t.ShortToken, orDefault(t.ScopedDatabase, "(all databases)"), orDefault(t.PermissionLevel, "(full access)"),
				orDefault(t.AppName, orDefault(t.Name, "")),
				orDefault(t.CreatedAt, ""), orDefault(t.ExpiresAt, "(never)"), orDefault(t.LastUsedAt, "(never)")}
		}
		return a.printListing(format.Kind(as.value), httpapi.List[httpapi.Token](tokens), rows,
			[]string{"Short token", "Scope", "Permission", "App", "Created", "Expires", "Last used"}, "No active API tokens")
	}
	return cmd
}

func (a *app) revokeToken() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke_token SHORT",
		Short: "End one of your API tokens",
		Long: `End one of your API tokens, named by its short part (see list_tokens). You may
also end the token that you are using.`,
		Example:           "  ayb client revoke_token WnGGPVCXjC5",
		Args:              positional("SHORT"),
		ValidArgsFunction: completing(),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			if err := c.RevokeToken(cmd.Context(), args[0]); err != nil {
				return err
			}
			return a.printLine("Successfully revoked token %s", args[0])
		},
	}
}

func (a *app) createToken() *cobra.Command {
	levels := []string{string(ayb.QueryReadOnly), string(ayb.QueryReadWrite)}
	cmd := &cobra.Command{
		Use:   "create_token",
		Short: "Create an API token for a program",
		Long: `Create an API token for a program, without a mail. It is shown only once: keep it.
Without options it has all your rights. With --database it can only query that
database, at most at the level given. It never has more rights than you have.`,
		Example: `  ayb client create_token --database alice/shop.sqlite --expires 30d --name "shop page"
  ayb client create_token --database alice/shop.sqlite --level read-write`,
		Args:              positional(),
		ValidArgsFunction: completing(),
	}
	level := enumFlag(cmd, "level", "with --database, the highest level of access", levels)
	var req httpapi.NewTokenRequest
	flags := cmd.Flags()
	flags.StringVar(&req.Database, "database", "", "limit it to `ENTITY/DATABASE`")
	flags.StringVar(&req.ExpiresIn, "expires", "", "end it after a `TIME` such as 12h, 30d or 8w (default: never)")
	flags.StringVar(&req.Name, "name", "", "a `NAME` for list_tokens")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case req.Database != "":
			if _, err := parseDatabase(cmd, req.Database); err != nil {
				return err
			}
			req.Level = level.value
		case cmd.Flags().Changed("level"):
			return usage(cmd, "--level needs --database")
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		made, err := c.CreateToken(cmd.Context(), req)
		if err != nil {
			return err
		}
		return a.printLine("Successfully created token %s", printable(made.Token))
	}
	return cmd
}

func (a *app) logOut() *cobra.Command {
	return &cobra.Command{
		Use:   "log_out",
		Short: "End the API token in use and forget it",
		Long: `End the API token in use and forget it. Other tokens of yours, on this machine or
elsewhere, go on working; see list_tokens.`,
		Example:           "  ayb client log_out",
		Args:              positional(),
		ValidArgsFunction: completing(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			// A token that is no longer valid is removed from the file as well.
			short, err := c.LogOut(cmd.Context())
			if err != nil && !errs.Is(err, errs.InvalidToken) {
				return err
			}
			if err := a.forgetToken(short); err != nil {
				return err
			}
			return a.printLine("Successfully logged out of %s", c.URL())
		},
	}
}

// forgetToken removes a token, named by its short part, from the settings file.
func (a *app) forgetToken(short string) error {
	path, err := a.settingsPath()
	if err != nil {
		return err
	}
	s, err := loadSettings(path)
	if err != nil {
		return err
	}
	found := false
	for url, token := range s.Authentication {
		if httpapi.ShortToken(token) == short {
			delete(s.Authentication, url)
			found = true
		}
	}
	if !found {
		return nil
	}
	return s.save(path)
}
