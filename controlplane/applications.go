package controlplane

import (
	"net/http"

	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/identity/oauth"
	"github.com/ayb-go/ayb/controlplane/identity/token"
	"github.com/ayb-go/ayb/controlplane/identity/weblogin"
)

// applications makes the service through which applications get access.
func (c *ControlPlane) applications(cfg Config, dbs *databases.Databases, limits oauth.Limiter) (*oauth.Service, error) {
	key, err := token.DeriveKey(cfg.login(), "consent page")
	if err != nil {
		return nil, err
	}
	return oauth.New(oauth.Config{Key: key}, oauth.Deps{Store: c.cache, Databases: dbs, Limits: limits, Now: c.deps.Now})
}

// pages makes the pages for people; nil when there are none.
func (c *ControlPlane) pages(people *accounts.Accounts, apps *oauth.Service, dbs *databases.Databases) (http.Handler, error) {
	if c.deps.Pages == nil {
		return nil, nil
	}
	sessions, err := weblogin.New(weblogin.Deps{Accounts: people, Applications: apps, Databases: dbs})
	if err != nil {
		return nil, err
	}
	return c.deps.Pages(sessions)
}
