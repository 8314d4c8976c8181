package client

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// optionOrVariable returns the option, or the variable when the option was not given.
func (a *app) optionOrVariable(option, variable string) string {
	if option != "" {
		return option
	}
	return a.Getenv(variable)
}

// settingsPath is the configuration file in use.
func (a *app) settingsPath() (string, error) {
	if path := a.optionOrVariable(a.config, envConfig); path != "" {
		return path, nil
	}
	return configPath(runtime.GOOS, a.Getenv)
}

// connect makes the client for a request from options, environment and
// configuration file, in this order. The first URL ever given becomes the
// default.
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
	if url == "" { // C5
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
		if err := s.save(path); err != nil { // the request does not depend on it
			fmt.Fprintf(a.Stderr, "Warning: %s\n", messageOf(err))
		}
	}
	return c, nil
}

// connectTo reads the name of the database that comes first, and connects.
func (a *app) connectTo(cmd *cobra.Command, args []string) (*httpapi.Client, database, error) {
	db, err := parseDatabase(cmd, args[0])
	if err != nil {
		return nil, db, err
	}
	c, err := a.connect()
	return c, db, err
}
