// Package process is the common part of every server process of ayb, with one
// role or with all. It reads the configuration, starts or finds the bus, runs the
// roles under the supervisor, and turns errors into one line and an exit status.
// The launch packages of the roles build on it. It contains no logic of a role.
package process

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/shared/supervisor"
)

// Env is the environment in which a role is launched.
type Env struct {
	Config config.Server
	Log    *slog.Logger
	Stdout io.Writer
	Stderr io.Writer
	// Descriptors limits the connections and database processes.
	Descriptors Descriptors
	// Server is the embedded bus; nil when this process does not run it.
	Server *natsbus.Server
}

// Launcher makes a role from an environment.
type Launcher func(Env) supervisor.Role

// Spec describes a process.
type Spec struct {
	// Roles are the roles for which the configuration is checked; none means
	// all.
	Roles []config.Role
	// EmbedBus starts the bus in this process when none is configured.
	EmbedBus bool
	// Launch makes the roles in the order of their start. They stop in the
	// reverse order.
	Launch []Launcher
}

// IO is the output and the environment variables of a process.
type IO struct {
	Stdout  io.Writer
	Stderr  io.Writer
	Environ []string
}

// levelVariable is the environment variable with the log level: debug, info, warn
// or error.
const levelVariable = "AYB_LOG_LEVEL"

// environValue returns the value of a variable, or an empty text. environ has the
// form of os.Environ.
func environValue(environ []string, name string) string {
	for _, v := range environ {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

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
		env.Log.Debug("could not set the timer slack; small requests use more processor time", "err", err)
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
