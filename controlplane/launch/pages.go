package launch

import (
	"log/slog"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/identity/weblogin"
	"github.com/ayb-go/ayb/web"
)

// pages returns the constructor of the pages over the web log-in.
func pages(publicURL string, log *slog.Logger) func(*weblogin.Service) (http.Handler, error) {
	return func(s *weblogin.Service) (http.Handler, error) {
		return web.New(web.Config{PublicURL: publicURL}, web.Deps{LogIns: s, Applications: s, Log: log})
	}
}
