// Package launch composes the snapshotter role from a configuration.
package launch

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/bus/directoryapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/shared/process"
	"github.com/ayb-go/ayb/shared/supervisor"
	"github.com/ayb-go/ayb/snapshotter"
	"github.com/ayb-go/ayb/snapshotter/bucket"
)

// Role is the snapshotter.
func Role(env process.Env) supervisor.Role {
	return supervisor.Role{Name: "snapshotter", Run: func(ctx context.Context, ready func()) error {
		return run(ctx, env, ready)
	}}
}

func run(ctx context.Context, env process.Env, ready func()) error {
	conn, err := env.Connect(natsbus.Snapshotter)
	if err != nil {
		return supervisor.Fatal(err)
	}
	defer conn.Close()
	nodes := nodeapi.NewClient(conn, conn)
	defer nodes.Close()
	presence := nodeapi.NewPresence(time.Now)
	s, err := snapshotter.New(settings(env.Config), snapshotter.Deps{
		Bus: conn, Lease: conn.SnapshotLease(), Queue: conn.SnapshotQueue(), Records: conn.SnapshotRecords(),
		Directory: directoryapi.NewClient(conn), Nodes: nodes, LiveNodes: presence, Out: env.Stdout, Log: env.Log,
	})
	if err != nil {
		return supervisor.Fatal(err)
	}
	following, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := presence.Follow(following, conn.NodeRegistry()); err != nil {
			env.Log.Error("nodes are not followed", logging.Err, err)
		}
	}()
	defer func() { cancel(); <-done }()
	err = s.Run(ctx, ready)
	if errs.Is(err, errs.Invalid) { // no restart mends a configuration
		return supervisor.Fatal(err)
	}
	return err
}

func settings(c config.Server) snapshotter.Config {
	s := c.Snapshots
	if s == nil {
		return snapshotter.Config{}
	}
	out := snapshotter.Config{Store: &bucket.Config{
		Endpoint: s.EndpointURL, Region: s.Region, AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey,
		Bucket: s.Bucket, Prefix: s.PathPrefix, PathStyle: s.ForcePathStyle,
	}}
	if a := s.Automation; a != nil {
		out.Interval, out.Max = a.Interval, a.MaxSnapshots
	}
	return out
}
