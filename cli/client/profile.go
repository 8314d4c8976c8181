package client

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (a *app) profile() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profile ENTITY",
		Short: "Show the profile of an account",
		Long: `Show the profile of an account, which is public. A link is marked (verified) when
its page links back to the account.`,
		Example:           "  ayb client profile alice\n  ayb client profile alice --format json",
		Args:              positional("ENTITY"),
		ValidArgsFunction: completing(),
	}
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		e, err := c.Entity(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		p := e.Profile
		links := make([]string, len(p.Links))
		for i, l := range p.Links {
			if links[i] = l.URL; l.Verified {
				links[i] += " (verified)"
			}
		}
		row := []string{orDefault(p.DisplayName, ""), orDefault(p.Description, ""), orDefault(p.Organization, ""), orDefault(p.Location, ""), strings.Join(links, ",")}
		return a.printListing(format.Kind(as.value), p, [][]string{row},
			[]string{"Display name", "Description", "Organization", "Location", "Links"}, "")
	}
	return cmd
}

// profileFields are the options of update_profile that are texts: their keys in
// the API and their help.
var profileFields = [][2]string{
	{httpapi.ProfileDisplayName, "the `NAME` to show in place of the account's"},
	{httpapi.ProfileDescription, "a `TEXT` about the account"},
	{httpapi.ProfileOrganization, "the `NAME` of the organization you belong to"},
	{httpapi.ProfileLocation, "the `PLACE` where you are"},
}

func (a *app) updateProfile() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "update_profile ENTITY [--display_name NAME] [--description TEXT] [--organization NAME] [--location PLACE] [--links URL…] [--clear FIELD]",
		Short: "Change the profile of your account",
		Long: `Change the profile of your account. Fields without an option stay as they are; an
empty value, or --clear with the name of the field, removes a field.

--links takes any number of addresses, up to the next option, and replaces the
complete list. To show that a page is yours, let it link back to your profile:
<a rel="me" href="SERVER/ENTITY">. The server checks https pages soon after the
update; the command profile shows the result.`,
		Example: `  ayb client update_profile alice --display_name "Alice A." --location ""
  ayb client update_profile alice --links https://alice.example/ https://social.example/@alice
  ayb client update_profile alice --clear description --clear links`,
		ValidArgsFunction: completing(),
	}
	texts := map[string]*string{}
	fields := []string{httpapi.ProfileLinks}
	for _, f := range profileFields {
		texts[f[0]] = cmd.Flags().String(f[0], "", f[1])
		fields = append(fields, f[0])
	}
	clearing := &several{values: fields}
	cmd.Flags().Var(clearing, "clear", "remove this field; may be given more than once")
	// The option and its completion are both made here, so this cannot fail.
	_ = cmd.RegisterFlagCompletionFunc("clear", cobra.FixedCompletions(fields, cobra.ShellCompDirectiveNoFileComp))
	links := &linkList{flags: cmd.Flags()}
	cmd.Flags().Var(links, "links", "the `URL`s of pages of yours, up to the next option")
	cmd.Flags().Lookup("links").NoOptDefVal = noLink

	cmd.Args = func(cmd *cobra.Command, args []string) error {
		others, _ := links.split(args)
		return positional("ENTITY")(cmd, others)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		others, urls := links.split(args)
		update := httpapi.ProfileUpdate{}
		for key, value := range texts {
			if cmd.Flags().Changed(key) {
				update[key] = value
				if *value == "" {
					update[key] = nil
				}
			}
		}
		if links.given {
			if err := update.SetLinks(urls...); err != nil {
				return err
			}
		}
		for _, key := range clearing.chosen {
			if _, ok := update[key]; ok {
				return usage(cmd, "%s is both set and cleared", key)
			}
			update[key] = nil
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		if err := c.UpdateProfile(cmd.Context(), others[0], update); err != nil {
			return err
		}
		return a.printLine("Successfully updated profile")
	}
	return cmd
}

// several is an option with a closed list of values that may be given more than
// once.
type several struct{ chosen, values []string }

// String returns the chosen values.
func (s *several) String() string { return strings.Join(s.chosen, ",") }

// Type returns the placeholder that the help shows.
func (s *several) Type() string { return "FIELD" }

// Set accepts one of the values, spelled with hyphens or underscores.
func (s *several) Set(text string) error {
	one := &enum{values: s.values}
	if err := one.Set(strings.ReplaceAll(text, "-", "_")); err != nil {
		return err
	}
	s.chosen = append(s.chosen, one.value)
	return nil
}

// linkList is the option --links, which takes all arguments up to the next
// option. The flag library has no such options, so --links is an option without
// a value. The links then arrive among the positional arguments. The number of
// arguments before --links separates them: ENTITY stands before --links, or else
// it is the last argument.
type linkList struct {
	flags  *pflag.FlagSet
	given  bool
	before int      // arguments before the first --links
	inline []string // --links=URL
}

// noLink is the value of --links without "=".
const noLink = "\x00"

// String is empty, because the option has no default.
func (l *linkList) String() string { return "" }

// Type returns the placeholder that the help shows.
func (l *linkList) Type() string { return "URL" }

// Set records the position of the option, and a value given with "=".
func (l *linkList) Set(text string) error {
	if !l.given {
		l.given, l.before = true, len(l.flags.Args())
	}
	if text != noLink && text != "" {
		l.inline = append(l.inline, text)
	}
	return nil
}

// split separates the links from the other arguments.
func (l *linkList) split(args []string) (others, urls []string) {
	switch {
	case !l.given || len(args) == 0:
		others = args
	case l.before > 0:
		others, urls = args[:l.before], args[l.before:]
	default:
		others, urls = args[len(args)-1:], args[:len(args)-1]
	}
	return others, slices.Concat(l.inline, urls)
}

func (a *app) deleteAccount() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete_account ENTITY",
		Short: "Delete your account with all its databases",
		Long: `Delete your account with its databases, its grants and its API tokens. This cannot
be undone. You are asked to type the name of the account; --yes is for scripts.`,
		Example:           "  ayb client delete_account alice",
		Args:              positional("ENTITY"),
		ValidArgsFunction: completing(),
	}
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		if !*yes {
			if err := a.confirmByName("the account "+args[0]+" with all its databases, for good", args[0]); err != nil {
				return err
			}
		}
		if err := c.DeleteAccount(cmd.Context(), args[0]); err != nil {
			return err
		}
		if err := a.forgetServer(c.URL()); err != nil { // the account is deleted nevertheless
			fmt.Fprintf(a.Stderr, "Warning: %s\n", messageOf(err))
		}
		return a.printLine("Deleted the account %s", args[0])
	}
	return cmd
}

// forgetServer removes the stored token of a server, unless the token came from
// an option or the environment.
func (a *app) forgetServer(url string) error {
	if a.optionOrVariable(a.token, envToken) != "" {
		return nil
	}
	path, err := a.settingsPath()
	if err != nil {
		return err
	}
	s, err := loadSettings(path)
	if err != nil {
		return err
	}
	delete(s.Authentication, url)
	return s.save(path)
}

// confirmByName asks for the name of the object to delete.
func (a *app) confirmByName(what, name string) error {
	fmt.Fprintf(a.Stderr, "This deletes %s.\nType its name to confirm: ", printable(what))
	line, err := bufio.NewReader(io.LimitReader(a.Stdin, 1<<10)).ReadString('\n')
	if err != nil && err != io.EOF {
		return localFailure(err, "read the answer")
	}
	if strings.TrimSpace(line) != name {
		return errs.E(errs.Invalid, "The name is different: nothing was deleted")
	}
	return nil
}
