package controlplane

import (
	"github.com/ayb-go/ayb/controlplane/front"
	"github.com/ayb-go/ayb/controlplane/front/api"
	"github.com/ayb-go/ayb/controlplane/front/body"
	"github.com/ayb-go/ayb/controlplane/front/ratelimit"
	"github.com/ayb-go/ayb/controlplane/identity/weblogin"
)

// mountFronts makes the handler of the listener: the HTTP API at its paths, and the
// pages at all others. A further HTTP front gets a package beside api and a mount here.
func (c *ControlPlane) mountFronts(cfg Config, services api.Deps, sessions *weblogin.Service, limits *ratelimit.Limiter) (err error) {
	services.Health, services.DiskFull, services.Log = c.health, c.diskFull, c.deps.Log
	services.Bodies, err = body.New(body.Config{
		RequestBytes: cfg.RequestBytes, TotalBytes: cfg.BodyBytes, BytesPerAccount: cfg.BodyBytesPerAccount,
		UploadRate: cfg.UploadRate, ImportTimeout: cfg.ImportTimeout,
	})
	if err != nil {
		return err
	}
	handler, err := api.New(api.Config{PublicURL: cfg.publicURL()}, services)
	if err != nil {
		return err
	}
	mounts := []front.Mount{{Paths: api.Paths(), Handler: handler}}
	if c.deps.Pages != nil {
		pages, err := c.deps.Pages(handler, sessions)
		if err != nil {
			return err
		}
		mounts = append(mounts, front.Mount{Paths: []string{"/"}, Handler: pages})
	}
	c.front, err = front.New(
		front.Config{CORSOrigin: cfg.CORSOrigin, TrustedProxies: cfg.TrustedProxies, Connections: cfg.Connections, ConnectionsPerAddress: cfg.ConnectionsPerAddress},
		front.Deps{Mounts: mounts, Limits: limits, Log: c.deps.Log})
	return err
}
