package client

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// optionOrVariable returns the option, or the environment variable if the option
// is empty.
func (a *app) optionOrVariable(option, variable string) string {
	if option != "" {
		return option
	}
	return a.Getenv(variable)
}

// settingsPath returns the path of the settings file.
func (a *app) settingsPath() (string, error) {
	if path := a.optionOrVariable(a.config, envConfig); path != "" {
		return path, nil
	}
	return configPath(runtime.GOOS, a.Getenv)
}

// connect returns a client for the server that options, environment and settings
// file name, in this order. If the settings have no default URL yet, a URL from
// option or environment becomes it.
func (a *app) connect() (*httpapi.Client, error) {
	path, err := a.settingsPath()
	if err != nil {
		return nil, err
	}
	s, err := loadSettings(path)
	if err != nil {
		return nil, err
	}
	given := a.optionOrVariable(a.url, envURL)
	url := given
	if url == "" && s.DefaultURL != nil {
		url = *s.DefaultURL
	}
	if url == "" {
		return nil, &UsageError{Message: fmt.Sprintf("Server URL is required through --url parameter, %s environment variable, or default_url in %s", envURL, path)}
	}
	if url, err = httpapi.NormalizeURL(url); err != nil {
		return nil, err
	}
	token := a.optionOrVariable(a.token, envToken)
	if token == "" {
		token = s.tokenFor(url)
	}
	c, err := httpapi.NewClient(httpapi.ClientConfig{URL: url, Token: token, UserAgent: a.UserAgent}, httpapi.ClientDeps{})
	if err != nil {
		return nil, err
	}
	if given != "" && s.DefaultURL == nil {
		s.DefaultURL = &url
		if err := s.save(path); err != nil { // the request works without it
			fmt.Fprintf(a.Stderr, "Warning: %s\n", messageOf(err))
		}
	}
	return c, nil
}

// connectTo reads the name of a database from the first argument, and connects.
func (a *app) connectTo(cmd *cobra.Command, args []string) (*httpapi.Client, database, error) {
	db, err := parseDatabase(cmd, args[0])
	if err != nil {
		return nil, db, err
	}
	c, err := a.connect()
	return c, db, err
}
