package harness

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/porttest"
)

// Topology is how a server is spread over processes.
type Topology string

// The topologies.
const (
	AllInOne Topology = "all-in-one"
	Split    Topology = "split"
)

// Topologies are all of them.
func Topologies() []Topology { return []Topology{AllInOne, Split} }

// Roles are the names of the processes of a topology, in the order they start.
func (t Topology) Roles() []string {
	if t == Split {
		return []string{"ayb-controlplane", "ayb-querynode", "ayb-snapshotter", "ayb-mailer"}
	}
	return []string{"ayb"}
}

// Server is a running server.
type Server struct {
	t        testing.TB
	Topology Topology
	Dir      string // holds everything of this server
	Bin      string // directory of the binaries
	URL      string
	Config   string // the configuration file
	MailFile string
	DataPath string
	// DatabaseURL is where the metadata is.
	DatabaseURL string
	procs       map[string]*Process
	extra       []*Process // further control planes
	busAddress  string
	env         []string
	before      string
}

// Option changes a world before it starts.
type Option func(*options)

type options struct {
	extra    string
	dir      string
	env      []string
	metadata func(t testing.TB) string // gives the URL; nil for SQLite
	before   string                    // shell commands; empty for none
}

// WithConfig adds lines to the configuration file: sections of its own.
func WithConfig(toml string) Option { return func(o *options) { o.extra += "\n" + toml + "\n" } }

// WithDir puts everything of the server into a directory that exists.
func WithDir(dir string) Option { return func(o *options) { o.dir = dir } }

// WithShellBefore runs shell commands in each process before it becomes the server, such as
// those that put it into a control group.
func WithShellBefore(shell string) Option { return func(o *options) { o.before = shell } }

// WithEnv adds variables, such as NAME=value, to the environment of its processes.
func WithEnv(variables ...string) Option {
	return func(o *options) { o.env = append(o.env, variables...) }
}

// Start starts a server and stops it with t.
func Start(t testing.TB, topology Topology, opts ...Option) *Server {
	t.Helper()
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	bin, err := Bin()
	if err != nil {
		t.Fatal(err)
	}
	dir := o.dir
	if dir == "" {
		dir = t.TempDir()
	}
	w := &Server{
		t: t, Topology: topology, Dir: dir, Bin: bin, procs: map[string]*Process{}, env: o.env, before: o.before,
		Config: filepath.Join(dir, "ayb.toml"), MailFile: filepath.Join(dir, "mails.jsonl"),
		DataPath: filepath.Join(dir, "data"),
	}
	w.DatabaseURL = "sqlite://" + w.DataPath + "/ayb.sqlite"
	if o.metadata != nil {
		w.DatabaseURL = o.metadata(t)
	}
	port := freePort(t)
	w.URL = fmt.Sprintf("http://127.0.0.1:%d", port)
	text := fmt.Sprintf(`host = "127.0.0.1"
port = %d
public_url = %q
database_url = %q
data_path = %q
[authentication]
fernet_key = "dTP6YWiMRoA4b3yqMMEGGRmfyRuCPLF7HJfHHFNFhYo="
token_expiration_seconds = 3600
[email.file]
path = %q
[cors]
origin = "*"
`, port, w.URL, w.DatabaseURL, w.DataPath, w.MailFile)
	if topology == Split {
		w.busAddress = fmt.Sprintf("127.0.0.1:%d", freePort(t))
		text += fmt.Sprintf("[bus]\nlisten = %q\n", w.busAddress)
	}
	if err := os.WriteFile(w.Config, []byte(text+o.extra), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stopAll)
	for _, role := range topology.Roles() {
		w.StartRole(role)
	}
	w.WaitHealthy()
	return w
}

func freePort(t testing.TB) int {
	t.Helper()
	port, err := porttest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// readyMessages is what each process says when it can be used.
var readyMessages = map[string]string{
	"ayb": "Starting server ", "ayb-controlplane": "Starting server ",
	"ayb-querynode": "query node serves", "ayb-mailer": "mailer started",
	"ayb-snapshotter": "snapshotter works",
}

// StartRole starts a process of the topology and waits until it says that it
// works.
func (w *Server) StartRole(role string) {
	w.t.Helper()
	args := []string{"--config", w.Config}
	if role == "ayb" {
		args = append([]string{"all-in-one"}, args...)
	}
	before, program := w.reconnects(), filepath.Join(w.Bin, role)
	if w.before != "" {
		args = append([]string{"-c", w.before + ` && exec "$0" "$@"`, program}, args...)
		program = "/bin/sh"
	}
	p, err := startProcess(program, args, w.Dir, w.env)
	if err != nil {
		w.t.Fatal(err)
	}
	w.procs[role] = p
	Until(w.t, role+" to start", func() bool {
		if strings.Contains(p.Output(), readyMessages[role]) {
			return true
		}
		if p.Ended() {
			w.t.Fatalf("%s ended at start:\n%s", role, p.Output())
		}
		return false
	})
	if role == "ayb-controlplane" { // it has the bus: the others come back by themselves
		for other, n := range before {
			Until(w.t, other+" to be on the bus again", func() bool { return w.reconnects()[other] > n })
		}
	}
}

// reconnects counts how often each running process has found the bus again.
func (w *Server) reconnects() map[string]int {
	n := map[string]int{}
	for role, p := range w.procs {
		if role != "ayb-controlplane" && !p.Ended() {
			n[role] = strings.Count(p.Output(), "bus reconnected")
		}
	}
	return n
}

// WaitHealthy waits until the server answers that it is healthy.
func (w *Server) WaitHealthy() {
	w.t.Helper()
	Until(w.t, "the server to be healthy", func() bool { return healthy(w.URL) })
}

func healthy(url string) bool {
	resp, err := http.Get(url + "/health") //nolint:noctx,gosec // loopback, ended by Until
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// Process returns a running process of the topology.
func (w *Server) Process(role string) *Process {
	w.t.Helper()
	p := w.procs[role]
	if p == nil {
		w.t.Fatalf("no process %s in %s", role, w.Topology)
	}
	return p
}

// Kill kills a process with SIGKILL and waits for its end.
func (w *Server) Kill(role string) {
	w.t.Helper()
	w.Process(role).Kill()
}

// Restart kills a process and starts it again.
func (w *Server) Restart(role string) {
	w.t.Helper()
	w.Kill(role)
	w.StartRole(role)
	w.WaitHealthy()
}

// Daemons are the process ids of the query daemons.
func (w *Server) Daemons() []int {
	w.t.Helper()
	role := "ayb"
	if w.Topology == Split {
		role = "ayb-querynode"
	}
	return w.Process(role).Children()
}

// stopAll ends all processes, gently, and shows what they said after a failure.
func (w *Server) stopAll() {
	for _, p := range w.extra {
		w.stopProcess("another control plane", p)
	}
	roles := w.Topology.Roles()
	for i := len(roles) - 1; i >= 0; i-- {
		if p := w.procs[roles[i]]; p != nil {
			w.stopProcess(roles[i], p)
		}
	}
}

func (w *Server) stopProcess(role string, p *Process) {
	if !p.Stop() {
		w.t.Errorf("%s did not stop", role)
	}
	out := p.Output()
	if w.t.Failed() {
		w.t.Logf("output of %s:\n%s", role, out)
	}
	if strings.Contains(out, "DATA RACE") || strings.Contains(out, "panic: ") {
		w.t.Errorf("%s crashed or raced:\n%s", role, out)
	}
}

// AddControlPlane starts one more control plane of a split server, on the
// same metadata and bus, and gives its URL.
func (w *Server) AddControlPlane() string {
	w.t.Helper()
	port := freePort(w.t)
	p, err := startProcess(filepath.Join(w.Bin, "ayb-controlplane"), []string{"--config", w.Config}, w.Dir, append(w.env,
		fmt.Sprintf("AYB__PORT=%d", port), "AYB__BUS__LISTEN=", "AYB__BUS__URL=nats://"+w.busAddress,
		"AYB__BUS__CREDENTIALS="+filepath.Join(w.DataPath, "bus_credentials.json")))
	if err != nil {
		w.t.Fatal(err)
	}
	w.extra = append(w.extra, p)
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	Until(w.t, "another control plane to be healthy", func() bool {
		if p.Ended() {
			w.t.Fatalf("another control plane ended at start:\n%s", p.Output())
		}
		return healthy(url)
	})
	return url
}

// Mails returns the lines of the mail file.
func (w *Server) Mails() []string {
	w.t.Helper()
	b, err := os.ReadFile(w.MailFile)
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	var lines []string
	for line := range bytes.Lines(b) {
		lines = append(lines, strings.TrimSuffix(string(line), "\n"))
	}
	return lines
}

// Pause lets a moment pass between two looks at a condition.
func Pause() { <-time.After(20 * time.Millisecond) }

// Until waits for a condition that becomes true soon.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still waiting for %s", what)
		}
	}
}
