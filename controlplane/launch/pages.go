package launch

import (
	"log/slog"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/session"
	"github.com/ayb-go/ayb/web"
)

// pages puts the pages for people on top of the sessions of their browsers.
func pages(publicURL string, log *slog.Logger) func(*session.Sessions) (http.Handler, error) {
	return func(s *session.Sessions) (http.Handler, error) {
		return web.New(web.Config{PublicURL: publicURL}, web.Deps{Sessions: s, Applications: s, Log: log})
	}
}
