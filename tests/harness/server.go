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

// Topology is how a server is divided into processes.
type Topology string

// The topologies.
const (
	AllInOne Topology = "all-in-one"
	Split    Topology = "split"
)

// Topologies returns all topologies.
func Topologies() []Topology { return []Topology{AllInOne, Split} }

// Roles returns the names of the processes of a topology, in the order in which
// they start.
func (t Topology) Roles() []string {
	if t == Split {
		return []string{"ayb-controlplane", "ayb-querynode", "ayb-snapshotter", "ayb-mailer"}
	}
	return []string{"ayb"}
}

// Server is a running server. It is for the goroutine of one test.
type Server struct {
	t        testing.TB
	Topology Topology
	Dir      string // has all files of this server
	Bin      string // directory of the binaries
	URL      string
	Config   string // the configuration file
	MailFile string
	DataPath string
	// DatabaseURL is the URL of the metadata store.
	DatabaseURL string
	procs       map[string]*Process
	extra       []*Process // further control planes
	busAddress  string
	env         []string
	before      string
}

// Option changes a server before it starts.
type Option func(*options)

type options struct {
	extra    string
	dir      string
	env      []string
	metadata func(t testing.TB) string // returns the URL; nil for SQLite
	before   string                    // shell commands; empty for none
}

// WithConfig adds lines to the configuration file. They must be sections of
// their own.
func WithConfig(toml string) Option { return func(o *options) { o.extra += "\n" + toml + "\n" } }

// WithDir puts all files of the server into an existing directory.
func WithDir(dir string) Option { return func(o *options) { o.dir = dir } }

// WithShellBefore runs shell commands in each process before it becomes the
// server, for example to move it into a control group.
func WithShellBefore(shell string) Option { return func(o *options) { o.before = shell } }

// WithEnv adds variables, such as NAME=value, to the environment of the
// processes.
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
	s := &Server{
		t: t, Topology: topology, Dir: dir, Bin: bin, procs: map[string]*Process{}, env: o.env, before: o.before,
		Config: filepath.Join(dir, "ayb.toml"), MailFile: filepath.Join(dir, "mails.jsonl"),
		DataPath: filepath.Join(dir, "data"),
	}
	s.DatabaseURL = "sqlite://" + s.DataPath + "/ayb.sqlite"
	if o.metadata != nil {
		s.DatabaseURL = o.metadata(t)
	}
	port := freePort(t)
	s.URL = fmt.Sprintf("http://127.0.0.1:%d", port)
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
`, port, s.URL, s.DatabaseURL, s.DataPath, s.MailFile)
	if topology == Split {
		s.busAddress = fmt.Sprintf("127.0.0.1:%d", freePort(t))
		text += fmt.Sprintf("[bus]\nlisten = %q\n", s.busAddress)
	}
	if err := os.WriteFile(s.Config, []byte(text+o.extra), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stopAll)
	for _, role := range topology.Roles() {
		s.StartRole(role)
	}
	s.WaitHealthy()
	return s
}

func freePort(t testing.TB) int {
	t.Helper()
	port, err := porttest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// readyMessages are the messages with which each process says that it is ready.
var readyMessages = map[string]string{
	"ayb": "Starting server ", "ayb-controlplane": "Starting server ",
	"ayb-querynode": "query node is ready", "ayb-mailer": "mailer started",
	"ayb-snapshotter": "snapshotter started",
}

// StartRole starts a process of the topology and waits until it is ready.
func (s *Server) StartRole(role string) {
	s.t.Helper()
	args := []string{"--config", s.Config}
	if role == "ayb" {
		args = append([]string{"all-in-one"}, args...)
	}
	before, program := s.reconnects(), filepath.Join(s.Bin, role)
	if s.before != "" {
		args = append([]string{"-c", s.before + ` && exec "$0" "$@"`, program}, args...)
		program = "/bin/sh"
	}
	p, err := startProcess(program, args, s.Dir, s.env)
	if err != nil {
		s.t.Fatal(err)
	}
	s.procs[role] = p
	Until(s.t, role+" to start", func() bool {
		if strings.Contains(p.Output(), readyMessages[role]) {
			return true
		}
		if p.Ended() {
			s.t.Fatalf("%s ended at start:\n%s", role, p.Output())
		}
		return false
	})
	if role == "ayb-controlplane" { // it runs the bus, and the others reconnect
		for other, n := range before {
			Until(s.t, other+" to be on the bus again", func() bool { return s.reconnects()[other] > n })
		}
	}
}

// reconnects counts how often each running process has reconnected to the bus.
func (s *Server) reconnects() map[string]int {
	n := map[string]int{}
	for role, p := range s.procs {
		if role != "ayb-controlplane" && !p.Ended() {
			n[role] = strings.Count(p.Output(), "bus reconnected")
		}
	}
	return n
}

// WaitHealthy waits until the server reports that it is healthy.
func (s *Server) WaitHealthy() {
	s.t.Helper()
	Until(s.t, "the server to be healthy", func() bool { return healthy(s.URL) })
}

func healthy(url string) bool {
	resp, err := http.Get(url + "/health") //nolint:noctx,gosec // loopback, ended by Until
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// Process returns a running process of the topology.
func (s *Server) Process(role string) *Process {
	s.t.Helper()
	p := s.procs[role]
	if p == nil {
		s.t.Fatalf("no process %s in %s", role, s.Topology)
	}
	return p
}

// Kill ends a process with SIGKILL and waits for its end.
func (s *Server) Kill(role string) {
	s.t.Helper()
	s.Process(role).Kill()
}

// Restart kills a process and starts it again.
func (s *Server) Restart(role string) {
	s.t.Helper()
	s.Kill(role)
	s.StartRole(role)
	s.WaitHealthy()
}

// Daemons returns the process ids of the query daemons.
func (s *Server) Daemons() []int {
	s.t.Helper()
	role := "ayb"
	if s.Topology == Split {
		role = "ayb-querynode"
	}
	return s.Process(role).Children()
}

// stopAll stops all processes, and logs their output after a failure.
func (s *Server) stopAll() {
	for _, p := range s.extra {
		s.stopProcess("another control plane", p)
	}
	roles := s.Topology.Roles()
	for i := len(roles) - 1; i >= 0; i-- {
		if p := s.procs[roles[i]]; p != nil {
			s.stopProcess(roles[i], p)
		}
	}
}

func (s *Server) stopProcess(role string, p *Process) {
	if !p.Stop() {
		s.t.Errorf("%s did not stop", role)
	}
	out := p.Output()
	if s.t.Failed() {
		s.t.Logf("output of %s:\n%s", role, out)
	}
	if strings.Contains(out, "DATA RACE") || strings.Contains(out, "panic: ") {
		s.t.Errorf("%s crashed or raced:\n%s", role, out)
	}
}

// AddControlPlane starts another control plane of a split server, with the same
// metadata and bus, and returns its URL.
func (s *Server) AddControlPlane() string {
	s.t.Helper()
	port := freePort(s.t)
	p, err := startProcess(filepath.Join(s.Bin, "ayb-controlplane"), []string{"--config", s.Config}, s.Dir, append(s.env,
		fmt.Sprintf("AYB__PORT=%d", port), "AYB__BUS__LISTEN=", "AYB__BUS__URL=nats://"+s.busAddress,
		"AYB__BUS__CREDENTIALS="+filepath.Join(s.DataPath, "bus_credentials.json")))
	if err != nil {
		s.t.Fatal(err)
	}
	s.extra = append(s.extra, p)
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	Until(s.t, "another control plane to be healthy", func() bool {
		if p.Ended() {
			s.t.Fatalf("another control plane ended at start:\n%s", p.Output())
		}
		return healthy(url)
	})
	return url
}

// Mails returns the lines of the mail file.
func (s *Server) Mails() []string {
	s.t.Helper()
	b, err := os.ReadFile(s.MailFile)
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	var lines []string
	for line := range bytes.Lines(b) {
		lines = append(lines, strings.TrimSuffix(string(line), "\n"))
	}
	return lines
}

// Pause waits for a moment between two checks of a condition.
func Pause() { <-time.After(20 * time.Millisecond) }

// Until waits up to a minute for a condition. what completes the sentence "still
// waiting for …".
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
