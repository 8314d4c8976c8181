package launch

import (
	"log/slog"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/identity/weblogin"
	"github.com/ayb-go/ayb/web"
)

// pages returns the constructor of the pages over the HTTP API and the web log-in.
func pages(cfg web.Config, log *slog.Logger) func(http.Handler, *weblogin.Service) (http.Handler, error) {
	return func(api http.Handler, s *weblogin.Service) (http.Handler, error) {
		return web.New(cfg, web.Deps{API: api, Viewers: s, LogIns: s, Applications: s, Log: log})
	}
}
