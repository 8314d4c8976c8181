package process

import (
	"context"

	"github.com/ayb-go/ayb/shared/debugsrv"
	"github.com/ayb-go/ayb/shared/supervisor"
)

// debugRole serves profiles and counters of this process.
func debugRole(env Env) supervisor.Role {
	return supervisor.Role{Name: "debug", Run: func(ctx context.Context, ready func()) error {
		s, err := debugsrv.New(ctx, debugsrv.Config{Listen: env.Config.Debug.Listen}, debugsrv.Deps{Log: env.Log})
		if err != nil {
			return supervisor.Fatal(err)
		}
		ready()
		return s.Run(ctx)
	}}
}
