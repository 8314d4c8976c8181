package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ayb-go/ayb/tests/harness"
)

// TestScripts runs every script in every setting, each with a server of its own.
// A file server.toml in a script adds to the server's configuration. A file
// snapshots.on gives the server a bucket, without automatic snapshots. The names
// of topologies and metadata stores are conditions. Besides testscript's
// commands there are:
//
//	as USER ARGS…            runs `ayb ARGS…` with the user's own settings file
//	fails STATUS USER ARGS…  the same, and it must end with this status
//	save VAR REGEXP          VAR is the group of the expression in the last output
//	register USER EMAIL      registers and confirms
//	mailed EMAIL VAR         waits for mails to the address; VAR is the newest token
//	token USER VAR           VAR is the user's API token
//	killrole ROLE, startrole ROLE   SIGKILL and start of controlplane, querynode or mailer;
//	                         in one process all roles are that process
//	killdaemons              SIGKILL of every query daemon
func TestScripts(t *testing.T) {
	for _, setting := range harness.Settings() {
		t.Run(setting.String(), func(t *testing.T) { runScripts(t, setting) })
	}
}

func runScripts(t *testing.T, setting harness.Setting) {
	worlds := &servers{byDir: map[string]*harness.Server{}}
	testscript.Run(t, testscript.Params{
		Dir: "script",
		Setup: func(env *testscript.Env) error {
			return worlds.start(t, env, setting)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"as": as, "fails": fails, "save": save, "register": worlds.register, "mailed": worlds.mailed, "token": token,
			"killrole": worlds.kill, "startrole": worlds.startRole, "killdaemons": worlds.killDaemons,
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case string(harness.AllInOne), string(harness.Split):
				return name == string(setting.Topology), nil
			case string(harness.SQLite), string(harness.Postgres):
				return name == string(setting.Metadata), nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
		RequireUniqueNames: true,
	})
}

// servers are the running servers of the scripts, by their directory.
type servers struct {
	mu    sync.Mutex
	byDir map[string]*harness.Server
}

func (ws *servers) start(t *testing.T, env *testscript.Env, setting harness.Setting) error {
	var opts []harness.Option
	if more, err := os.ReadFile(filepath.Join(env.WorkDir, "server.toml")); err == nil {
		opts = append(opts, harness.WithConfig(string(more)))
	}
	if _, err := os.Stat(filepath.Join(env.WorkDir, "snapshots.on")); err == nil {
		opts = append(opts, harness.WithSnapshots(harness.StartS3(t).Bucket("bucket"), "", 0))
	}
	srv := setting.Start(t, opts...)
	ws.mu.Lock()
	ws.byDir[env.WorkDir] = srv
	ws.mu.Unlock()
	env.Vars = append(env.Vars,
		"AYB_SERVER_URL="+srv.URL, "URL="+srv.URL, "DATA="+srv.DataPath, "CONFIG="+srv.Config, "MAILS="+srv.MailFile,
		"PATH="+srv.Bin+string(filepath.ListSeparator)+os.Getenv("PATH"), harness.FastRaceExit)
	return nil
}

func (ws *servers) serverOf(ts *testscript.TestScript) *harness.Server {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.byDir[ts.Getenv("WORK")]
}

// as runs ayb with a user's settings file.
func as(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: as USER ARGS…")
	}
	ts.Setenv("AYB_CLIENT_CONFIG_FILE", ts.MkAbs(args[0]+".json"))
	err := ts.Exec("ayb", args[1:]...)
	if neg && err == nil {
		ts.Fatalf("ayb succeeded and should not")
	}
	if !neg && err != nil {
		ts.Fatalf("ayb failed: %v", err)
	}
}

// fails runs ayb as a user; it must end with a status.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: fails STATUS USER ARGS…")
	}
	ts.Setenv("AYB_CLIENT_CONFIG_FILE", ts.MkAbs(args[1]+".json"))
	err := ts.Exec("ayb", args[2:]...)
	status := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("ayb: %v", err)
	}
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("ayb ended with %d and not with %s", status, args[0])
	}
}

// save keeps a part of the last output.
func save(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: save VAR REGEXP")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	found := re.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("the output has no part of %s", args[1])
	}
	ts.Setenv(args[0], found[1])
}

func (ws *servers) register(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: register USER EMAIL")
	}
	as(ts, false, []string{args[0], "client", "register", args[0], args[1]})
	as(ts, false, []string{args[0], "client", "confirm", ws.newestToken(ts, args[1])})
}

func (ws *servers) mailed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mailed EMAIL VAR")
	}
	ts.Setenv(args[1], ws.newestToken(ts, args[0]))
}

// newestToken waits for a mail to the address and returns the newest token.
func (ws *servers) newestToken(ts *testscript.TestScript, address string) string {
	w := ws.serverOf(ts)
	for range 600 {
		if token := newestToken(w.Mails(), address); token != "" {
			return token
		}
		harness.Pause()
	}
	ts.Fatalf("no mail to %s", address)
	return ""
}

func newestToken(mails []string, address string) (token string) {
	for _, line := range mails {
		var m struct {
			To      string
			Content []string
		}
		if json.Unmarshal([]byte(line), &m) != nil || m.To != address {
			continue
		}
		for _, l := range m.Content {
			if after, ok := strings.CutPrefix(l, "\tayb client confirm "); ok {
				token = after
			}
		}
	}
	return token
}

// token reads a user's API token from their settings file.
func token(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: token USER VAR")
	}
	var c struct{ Authentication map[string]string }
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0]+".json")), &c); err != nil {
		ts.Fatalf("client configuration: %v", err)
	}
	ts.Setenv(args[1], c.Authentication[ts.Getenv("URL")])
}

func process(ts *testscript.TestScript, srv *harness.Server, neg bool, args []string) string {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: killrole|startrole controlplane|querynode|mailer")
	}
	if srv.Topology == harness.AllInOne {
		return "ayb"
	}
	return "ayb-" + args[0]
}

func (ws *servers) kill(ts *testscript.TestScript, neg bool, args []string) {
	w := ws.serverOf(ts)
	w.Kill(process(ts, w, neg, args))
}

func (ws *servers) startRole(ts *testscript.TestScript, neg bool, args []string) {
	w := ws.serverOf(ts)
	w.StartRole(process(ts, w, neg, args))
	w.WaitHealthy()
}

func (ws *servers) killDaemons(ts *testscript.TestScript, _ bool, _ []string) {
	w := ws.serverOf(ts)
	for _, pid := range w.Daemons() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			ts.Logf("kill daemon: %v", err)
		}
	}
	for range 600 {
		if len(w.Daemons()) == 0 {
			return
		}
		harness.Pause()
	}
	ts.Fatalf("daemons %v are still there", fmt.Sprint(w.Daemons()))
}
