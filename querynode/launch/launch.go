// Package launch composes the query node role from a configuration: its bus
// connection, its limits, and what it prints about the sandbox.
package launch

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/ayb-go/ayb/querynode"
	"github.com/ayb-go/ayb/querynode/sandbox"
	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/process"
	"github.com/ayb-go/ayb/shared/supervisor"
)

// busPatience is how long a starting node waits for the bus. After that the
// start fails, and the supervisor repeats it.
const busPatience = time.Minute

// Role is the query node.
func Role(env process.Env) supervisor.Role {
	return supervisor.Role{Name: "querynode", Run: func(ctx context.Context, ready func()) error {
		return run(ctx, env, ready)
	}}
}

func run(ctx context.Context, env process.Env, ready func()) error {
	conn, err := env.Connect(natsbus.QueryNode)
	if err != nil {
		return supervisor.Fatal(err)
	}
	defer conn.Close()
	cfg := nodeConfig(env.Config)
	if room := env.Descriptors.Daemons; room > 0 && room < cfg.MaxDaemons {
		env.Log.Warn("the limit on open files leaves room for fewer daemons than querynode.max_daemons; raise the limit on open files (ulimit -n), or lower querynode.max_daemons", "configured", cfg.MaxDaemons, "used", room)
		cfg.MaxDaemons = room
	}
	node, err := querynode.New(ctx, cfg, querynode.Deps{
		Bus: conn, Registry: conn.NodeRegistry(), Log: env.Log,
		Isolation: func(r sandbox.Report) { printIsolation(env.Stdout, env.Stderr, r) },
	})
	if err != nil {
		return supervisor.Fatal(err)
	}
	defer func() { _ = node.Close() }() // it only releases a lock
	waiting, cancel := context.WithTimeout(ctx, busPatience)
	defer cancel()
	if err := conn.Connected(waiting); err != nil {
		return err
	}
	return node.Run(ctx, ready)
}

func nodeConfig(c config.Server) querynode.Config {
	return querynode.Config{
		ID: nodeapi.NodeID(c.QueryNode.ID), DataPath: c.DataPath,
		MaxDaemons: c.QueryNode.MaxDaemons, IdleTimeout: c.QueryNode.IdleTimeout,
		Readers:   min(c.QueryNode.Readers, c.Limits.QueriesPerDatabase),
		HeapBytes: int64(c.Limits.HeapBytes), DatabaseBytes: int64(c.Limits.DatabaseBytes),
		RequestBytes: int(c.Limits.RequestBytes), StatementTimeout: c.Limits.StatementTimeout,
		Space:            space.Limits{Account: int64(c.Limits.TempBytesPerAccount), Node: int64(c.Limits.TempBytes), Reserve: int64(c.Limits.DiskReserveBytes)},
		RequireIsolation: c.Isolation.Require, Cgroup: c.Isolation.Cgroup,
	}
}

func printIsolation(stdout, stderr io.Writer, r sandbox.Report) {
	text, warn := r.StartupText()
	if warn {
		fmt.Fprint(stderr, text)
		return
	}
	fmt.Fprint(stdout, text)
}
