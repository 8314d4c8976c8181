// Package process is what every server process of ayb has in common, whether
// it runs one role or all: it reads the configuration, finds the bus, runs
// roles under the supervisor and turns what went wrong into one line and an
// exit status. Roles' launch packages build on it; no role's logic is here.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/shared/supervisor"
)

// Env is what a role is launched with.
type Env struct {
	Config config.Server
	Log    *slog.Logger
	Stdout io.Writer
	Stderr io.Writer
	// Descriptors is how many connections and databases there is room for.
	Descriptors Descriptors
	// Server is the embedded bus when this process has it, else nil.
	Server *natsbus.Server
}

// Launcher makes a role of an environment.
type Launcher func(Env) supervisor.Role

// Spec says what a process is.
type Spec struct {
	// Roles are what the configuration is read for; none means all.
	Roles []config.Role
	// EmbedBus starts the bus in this process when none is configured.
	EmbedBus bool
	// Launch are the roles in the order they start; they stop in reverse.
	Launch []Launcher
}

// IO is where a process reads its surroundings and writes.
type IO struct {
	Stdout  io.Writer
	Stderr  io.Writer
	Environ []string
}

// levelVariable sets what is logged: debug, info, warn or error.
const levelVariable = "AYB_LOG_LEVEL"

// environValue reads an environment in the form of os.Environ.
func environValue(environ []string, name string) string {
	for _, v := range environ {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// prepareTimeout bounds what is done on an embedded bus before roles start.
const prepareTimeout = 10 * time.Second

// Run runs the process until ctx or a signal ends it. The configuration file
// may be missing unless required. The error is one or more sentences for
// stderr; the process then ends with status 1.
func (s Spec) Run(ctx context.Context, file string, required bool, flags map[string]any, std IO) error {
	cfg, err := config.Load(file, required, std.Environ, flags, s.Roles...)
	if err != nil {
		return err
	}
	level, err := logging.ParseLevel(environValue(std.Environ, levelVariable))
	if err != nil {
		return err
	}
	env := Env{Config: cfg, Log: logging.New(std.Stderr, level), Stdout: std.Stdout, Stderr: std.Stderr}
	if env.Descriptors, err = shareDescriptors(descriptorLimit(), cfg, s.Roles); err != nil {
		return err
	}
	if err := setTimerSlack(); err != nil {
		env.Log.Debug("small requests cost more than they need to", "err", err)
	}
	ctx, force, stop := supervisor.Signals(ctx)
	defer stop()
	if s.EmbedBus && cfg.Bus.URL == "" {
		if env.Server, err = startBus(ctx, env); err != nil {
			return err
		}
		defer env.Server.Stop()
	}
	supervisor, err := supervisor.New(supervisor.Config{}, supervisor.Deps{Log: env.Log, Force: force})
	if err != nil {
		return err
	}
	return supervisor.Run(ctx, s.roles(env)...)
}

func (s Spec) roles(env Env) []supervisor.Role {
	var roles []supervisor.Role
	if env.Config.Debug.Listen != "" {
		roles = append(roles, debugRole(env))
	}
	for _, launch := range s.Launch {
		roles = append(roles, launch(env))
	}
	return roles
}

func startBus(ctx context.Context, env Env) (*natsbus.Server, error) {
	b := env.Config.Bus
	scfg := natsbus.ServerConfig{Listen: b.Listen, StoreDir: b.StoreDir, StoreBytes: int64(b.StoreBytes)}
	if b.Listen != "" {
		cred, err := natsbus.LoadOrMakeCredentials(env.credentialsFile())
		if err != nil {
			return nil, err
		}
		scfg.Credentials = cred
	}
	if b.TLSCert != "" {
		scfg.Certificate = &natsbus.Certificate{CertFile: b.TLSCert, KeyFile: b.TLSKey}
	}
	server, err := natsbus.StartServer(scfg, env.Log)
	if err != nil {
		return nil, err
	}
	env.Server = server
	if err := connectAndPrepareBus(ctx, env); err != nil {
		server.Stop()
		return nil, err
	}
	server.OnReopened(func() {
		if err := connectAndPrepareBus(ctx, env); err != nil {
			env.Log.Warn("queues and boards of the bus not made again", "err", err)
		}
	})
	return server, nil
}

// connectAndPrepareBus makes the queues and boards before the roles that use them start.
func connectAndPrepareBus(ctx context.Context, env Env) error {
	conn, err := env.Connect(natsbus.ControlPlane)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	return PrepareBus(ctx, conn)
}

// PrepareBus makes the queues and boards on the bus where they are missing. The
// control plane does it for an external bus.
func PrepareBus(ctx context.Context, conn *natsbus.Conn) error {
	if err := conn.Connected(ctx); err != nil {
		return err
	}
	return errors.Join(conn.MailQueue(mailapi.Subject).Ensure(ctx), conn.NodeRegistry().Ensure(ctx),
		conn.SnapshotQueue().Ensure(ctx), conn.SnapshotLease().Ensure(ctx), conn.SnapshotRecords().Ensure(ctx))
}

// credentialsFile is where the roles' passwords are when the embedded bus has
// a port.
func (e Env) credentialsFile() string {
	if e.Config.Bus.Credentials != "" {
		return e.Config.Bus.Credentials
	}
	return filepath.Join(e.Config.DataPath, "bus_credentials.json")
}

// Connect connects a role to the bus: in memory when this process has it.
func (e Env) Connect(role natsbus.Role) (*natsbus.Conn, error) {
	b := e.Config.Bus
	cfg := natsbus.ConnConfig{Role: role, Server: e.Server, URL: b.Address(), Trust: natsbus.Trust{CAFile: b.TLSCA, CertFile: b.TLSCert}}
	var err error
	switch {
	case b.Listen != "": // on the bus's machine; roles start in any order
		cfg.Credentials, err = natsbus.LoadOrMakeCredentials(e.credentialsFile())
	case b.Credentials != "":
		cfg.Credentials, err = natsbus.LoadCredentials(b.Credentials)
	}
	if err != nil {
		return nil, err
	}
	if cfg.Server == nil && cfg.URL == "" {
		return nil, errors.New("this process has no bus: set bus.url, or bus.listen as in the configuration of the control plane")
	}
	conn, err := natsbus.Connect(cfg, e.Log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", role, err)
	}
	return conn, nil
}
