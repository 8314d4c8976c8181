package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// server is one of the two that are compared, as a running process.
type server struct {
	name  string
	addr  string // HOST:PORT
	path  string // of queries
	token string
	cmd   *exec.Cmd
	out   *watched
}

// url is the base URL.
func (s *server) url() string { return "http://" + s.addr }

// watched keeps what a server prints and tells of a line.
type watched struct {
	mu    sync.Mutex
	text  bytes.Buffer
	sign  string
	found chan string
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	_, after, ok := strings.Cut(w.text.String(), w.sign)
	line, _, whole := strings.Cut(after, "\n")
	if ok && whole {
		select {
		case w.found <- line:
		default: // told already
		}
	}
	return len(p), nil
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// start runs a program until stop and waits for the line that says where it
// listens.
func start(ctx context.Context, name, sign string, cmd *exec.Cmd) (*server, error) {
	s := &server{name: name, cmd: cmd, out: &watched{sign: sign, found: make(chan string, 1)}}
	cmd.Stdout, cmd.Stderr = s.out, s.out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	select {
	case line := <-s.out.found:
		s.addr = strings.TrimRight(line, ".\r")
		return s, nil
	case <-ctx.Done():
		s.stop()
		return nil, fmt.Errorf("%s does not start; it says: %s", name, s.out)
	}
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	_ = s.cmd.Wait()                          // ended by a signal
}

func startFloor(ctx context.Context, dir string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, "floor", "listening on ", exec.Command(self, floorCommand, dir)) //nolint:noctx // ended by stop
	if err != nil {
		return nil, err
	}
	s.path = "/query"
	return s, nil
}

// startAyb starts ayb with the configuration that new users are given, and
// makes an account and a database.
func startAyb(ctx context.Context, program, dir, debug string) (*server, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	text, err := config.DefaultServerConfig()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "ayb.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	mails := filepath.Join(dir, "mails.jsonl")
	cmd := exec.Command(program, "all-in-one", "--config", file) //nolint:noctx // ended by stop
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "AYB__HOST=127.0.0.1", "AYB__PORT=0", "AYB__EMAIL__FILE__PATH="+mails,
		"AYB__DATA_PATH="+filepath.Join(dir, "data"), "AYB__DATABASE_URL=sqlite://"+filepath.Join(dir, "meta.sqlite"))
	if debug != "" {
		cmd.Env = append(cmd.Env, "AYB__DEBUG__LISTEN="+debug)
	}
	s, err := start(ctx, "ayb", "Starting server ", cmd)
	if err != nil {
		return nil, err
	}
	if err := s.account(ctx, mails); err != nil {
		s.stop()
		return nil, fmt.Errorf("make an account: %w", err)
	}
	return s, nil
}

// account registers, confirms with the token of the mail, and creates the
// database.
func (s *server) account(ctx context.Context, mails string) error {
	anybody, err := httpapi.NewClient(httpapi.ClientConfig{URL: s.url()}, httpapi.ClientDeps{})
	if err != nil {
		return err
	}
	if _, err := anybody.Register(ctx, httpapi.RegisterRequest{Entity: "bench", EmailAddress: "bench@example.org", EntityType: "user"}); err != nil {
		return err
	}
	token, err := mailedToken(mails)
	if err != nil {
		return err
	}
	confirmed, err := anybody.Confirm(ctx, token)
	if err != nil {
		return err
	}
	s.token = confirmed.Token
	owner, err := httpapi.NewClient(httpapi.ClientConfig{URL: s.url(), Token: s.token}, httpapi.ClientDeps{})
	if err != nil {
		return err
	}
	s.path = httpapi.DatabasePath("bench", "bench.sqlite", "query")
	_, err = owner.CreateDatabase(ctx, "bench", "bench.sqlite", httpapi.CreateDatabaseRequest{DBType: "sqlite"})
	return err
}

// mailedToken reads the token in the only mail.
func mailedToken(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var mail struct{ Content []string }
	if err := json.Unmarshal(text, &mail); err != nil {
		return "", err
	}
	for _, line := range mail.Content {
		if token, ok := strings.CutPrefix(line, "\tayb client confirm "); ok {
			return token, nil
		}
	}
	return "", errors.New("there is no token in the mail")
}

// open posts SQL and gives the body of the answer.
func (s *server) open(ctx context.Context, sql string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url()+s.path, strings.NewReader(sql))
	if err != nil {
		return nil, err
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	client := http.Client{Transport: &http.Transport{DisableCompression: true, ReadBufferSize: 256 << 10, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body) // as much as came
		return nil, fmt.Errorf("status %d: %s", resp.StatusCode, text)
	}
	return resp.Body, nil
}

// exec posts SQL whose answer does not matter.
func (s *server) exec(ctx context.Context, sql string) error {
	body, err := s.open(ctx, sql)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(io.Discard, body)
	return err
}

// What the tables hold. Every text that a work expects is made from these.
const (
	pointRows  = 10_000
	streamRows = 1_000_000
)

// load makes the tables.
func (s *server) load(ctx context.Context) error {
	for _, sql := range []string{
		"CREATE TABLE point(id INTEGER PRIMARY KEY, name TEXT, price REAL)",
		"CREATE TABLE log(id INTEGER PRIMARY KEY, k INTEGER, v TEXT)",
		"CREATE TABLE big(id INTEGER PRIMARY KEY, name TEXT, price REAL)",
		fmt.Sprintf("INSERT INTO point WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < %d) SELECT x, 'item ' || x, x + 0.5 FROM c", pointRows),
		fmt.Sprintf("INSERT INTO big WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < %d) SELECT x, 'item ' || x, x + 0.5 FROM c", streamRows),
	} {
		if err := s.exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
