// Package launch starts the control plane role from a configuration: it opens the
// bus connection and the listener, and connects the role to the other roles.
package launch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/ayb-go/ayb/controlplane"
	"github.com/ayb-go/ayb/controlplane/metadata/cache"
	"github.com/ayb-go/ayb/shared/bus/directoryapi"
	"github.com/ayb-go/ayb/shared/bus/invalidateapi"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/process"
	"github.com/ayb-go/ayb/shared/supervisor"
	"github.com/ayb-go/ayb/web"
)

// firstNodeTimeout limits how long a server in one process waits for its query
// node before it prints that it has started.
const firstNodeTimeout = 3 * time.Second

// Role is the control plane.
func Role(env process.Env) supervisor.Role {
	return supervisor.Role{Name: "controlplane", Run: func(ctx context.Context, ready func()) error {
		return runRole(ctx, env, ready)
	}}
}

func runRole(ctx context.Context, env process.Env, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := env.Connect(natsbus.ControlPlane)
	if err != nil {
		return supervisor.Fatal(err)
	}
	defer conn.Close()
	nodes := nodeapi.NewClient(conn, conn)
	defer nodes.Close()
	presence := nodeapi.NewPresence(time.Now)
	following := make(chan struct{})
	go func() {
		defer close(following)
		followNodes(ctx, env, conn, presence)
	}()
	defer func() { cancel(); <-following }()

	listener, err := listen(ctx, env.Config)
	if err != nil {
		return supervisor.Fatal(err)
	}
	var cp *controlplane.ControlPlane
	group := invalidateapi.Join(conn, func(n invalidateapi.Notice) { cp.Invalidate(n) }, env.Log)
	cp, err = controlplane.New(planeConfig(env, port(listener)), controlplane.Deps{
		Queries: nodes, Imports: nodes, Databases: nodes, Versions: nodes, Deleted: nodes, Nodes: presence, Snapshots: snapshotapi.NewClient(conn),
		Mail:  mailapi.NewClient(conn.MailQueue(mailapi.Subject), conn),
		Peers: peers(env, group), Pages: pages(web.Config{PublicURL: env.Config.PublicBase(port(listener)), MailFile: mailFile(env)}, env.Log), BusHealthy: conn.Healthy, BusFull: conn.StoreFull, Log: env.Log, Now: time.Now,
	})
	if err != nil {
		_ = listener.Close() // nothing has been accepted
		return supervisor.Fatal(err)
	}
	stopDirectory, err := directoryapi.Serve(conn, cp)
	if err != nil {
		return errors.Join(err, listener.Close(), cp.Close())
	}
	defer stopDirectory()
	if alone(env) {
		waitForNode(ctx, presence)
	} else {
		// Peers get notices until the last request has been answered.
		joined, leave := context.WithCancel(context.WithoutCancel(ctx))
		members := make(chan struct{})
		go func() {
			defer close(members)
			join(joined, group, env)
		}()
		defer func() { leave(); <-members }()
	}
	fmt.Fprintf(env.Stdout, "Starting server %s...\n", net.JoinHostPort(env.Config.Host, strconv.Itoa(port(listener))))
	if alone(env) {
		greet(env, port(listener))
	}
	ready()
	return cp.Run(ctx, listener)
}

// greet prints the address of the server and the first command of a new user.
func greet(env process.Env, port int) {
	url := env.Config.PublicBase(port)
	fmt.Fprintf(env.Stdout, "The server is at %s. To begin, in another terminal:\n  ayb client --url %s register YOU you@example.org\n", url, url)
	if f := mailFile(env); f != "" {
		fmt.Fprintf(env.Stdout, "Mail is written to %s instead of being sent; the token to confirm with is there.\n", f)
	}
}

// mailFile returns the file that mails are written to; empty for a server that sends
// them.
func mailFile(env process.Env) string {
	if f := env.Config.Email.File; f != nil && env.Config.Email.SMTP == nil {
		return f.Path
	}
	return ""
}

// alone reports whether the server has one control plane: its bus is embedded and
// has no port.
func alone(env process.Env) bool { return env.Server != nil && env.Config.Bus.Listen == "" }

// peers returns the other control planes; nil for a server with one control plane.
func peers(env process.Env, g *invalidateapi.Group) cache.Peers {
	if alone(env) {
		return nil
	}
	return g
}

// join exchanges notices of changes with other control planes until ctx ends.
func join(ctx context.Context, g *invalidateapi.Group, env process.Env) {
	for ctx.Err() == nil {
		if err := g.Run(ctx); err != nil {
			env.Log.Warn("could not receive notices of other control planes", "err", err)
			wait(ctx, time.Second)
		}
	}
}

// followNodes keeps the list of live nodes until ctx ends. On an external bus it
// first prepares the streams that the roles need.
func followNodes(ctx context.Context, env process.Env, conn *natsbus.Conn, p *nodeapi.Presence) {
	for env.Server == nil && ctx.Err() == nil {
		if err := process.PrepareBus(ctx, conn); err == nil {
			break
		} else if ctx.Err() == nil {
			env.Log.Warn("could not prepare the bus", "err", err)
			wait(ctx, time.Second)
		}
	}
	if err := p.Follow(ctx, conn.NodeRegistry()); err != nil {
		env.Log.Error("could not follow the query nodes", "err", err)
	}
}

func waitForNode(ctx context.Context, p *nodeapi.Presence) {
	ctx, cancel := context.WithTimeout(ctx, firstNodeTimeout)
	defer cancel()
	for len(p.LiveNodes()) == 0 && ctx.Err() == nil {
		wait(ctx, 5*time.Millisecond)
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func listen(ctx context.Context, c config.Server) (net.Listener, error) {
	address := net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the server cannot listen on %s; is another one running there? (%w)", address, err)
	}
	return l, nil
}

func port(l net.Listener) int {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// connectionsPerAddress returns the limit of one address: at most half of all
// connections.
func connectionsPerAddress(configured, all int) int {
	if all == 0 || configured == 0 {
		return configured
	}
	return min(configured, all/2)
}

func planeConfig(env process.Env, port int) controlplane.Config {
	c := env.Config
	connections := cmp.Or(c.Limits.Connections, env.Descriptors.Connections)
	proxies, _ := c.Limits.Proxies() // the configuration has been checked
	return controlplane.Config{
		PublicURL: c.PublicBase(port), DatabaseURL: c.DatabaseURL,
		FernetKey: c.Authentication.FernetKey, TokenTTL: c.Authentication.TokenTTL(),
		CORSOrigin: c.CORS.Origin, RequestBytes: int64(c.Limits.RequestBytes),
		StatementTimeout: c.Limits.StatementTimeout, DatabasesPerAccount: c.Limits.DatabasesPerAccount,
		TokensPerAccount:  c.Limits.TokensPerAccount,
		QueriesPerAccount: c.Limits.QueriesPerAccount, QueriesPerDatabase: c.Limits.QueriesPerDatabase,
		ResultBytes: int64(c.Limits.ResultBytes), DatabaseBytes: int64(c.Limits.DatabaseBytes), HeapBytes: int64(c.Limits.HeapBytes),
		BodyBytes: int64(c.Limits.BodyBytes), BodyBytesPerAccount: int64(c.Limits.BodyBytesPerAccount), UploadRate: int64(c.Limits.UploadRate),
		ImportTimeout: c.Limits.ImportTimeout, Connections: connections, ConnectionsPerAddress: connectionsPerAddress(c.Limits.ConnectionsPerAddress, connections),
		RatePerMinute: c.Limits.RatePerMinute, TrustedProxies: proxies, DeletionGrace: c.Retention.DeletionGrace,
	}
}
