package process

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
)

// prepareTimeout limits the preparation of an embedded bus.
const prepareTimeout = 10 * time.Second

// startBus starts the embedded bus and prepares it for the roles. When the bus
// has reopened its store, it is prepared again.

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
			env.Log.Warn("could not prepare the reopened bus", "err", err)
		}
	})
	return server, nil
}

// connectAndPrepareBus prepares the embedded bus over a connection of its own.
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

// PrepareBus makes the missing queues and key-value stores of the bus. It has to
// run before the roles that use them. With an external bus the control plane
// calls it.
func PrepareBus(ctx context.Context, conn *natsbus.Conn) error {
	if err := conn.Connected(ctx); err != nil {
		return err
	}
	return errors.Join(conn.MailQueue(mailapi.Subject).Ensure(ctx), conn.NodeRegistry().Ensure(ctx),
		conn.SnapshotQueue().Ensure(ctx), conn.SnapshotLease().Ensure(ctx), conn.SnapshotRecords().Ensure(ctx))
}

// credentialsFile returns the path of the file with the passwords of the roles,
// for an embedded bus with a port.
func (e Env) credentialsFile() string {
	if e.Config.Bus.Credentials != "" {
		return e.Config.Bus.Credentials
	}
	return filepath.Join(e.Config.DataPath, "bus_credentials.json")
}

// Connect connects a role to the bus. The connection is in memory when this
// process runs the bus. The error is a sentence for the operator.
func (e Env) Connect(role natsbus.Role) (*natsbus.Conn, error) {
	b := e.Config.Bus
	cfg := natsbus.ConnConfig{Role: role, Server: e.Server, URL: b.Address(), Trust: natsbus.Trust{CAFile: b.TLSCA, CertFile: b.TLSCert}}
	var err error
	switch {
	case b.Listen != "": // on the machine of the bus; the first process makes the file
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
