package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ayb-go/ayb/cli/client"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// server answers every request with an answer of the test, and keeps the
// requests.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
	answer   func(r *http.Request, body string) (status int, answer any)
}

// ok answers every request with a status and a body: text, or a value to encode.
func ok(status int, answer any) func(*http.Request, string) (int, any) {
	return func(*http.Request, string) (int, any) { return status, answer }
}

// fails answers every request with an error.
func fails(err error) func(*http.Request, string) (int, any) {
	status, body := httpapi.FromError(err)
	return ok(status, body)
}

func newServer(t *testing.T, answer func(*http.Request, string) (int, any)) *server {
	t.Helper()
	s := &server{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(s.handle))
	t.Cleanup(s.Close)
	return s
}

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var params []string
	for _, h := range []string{"Authorization", "entity", "email-address", "entity-type", "authentication-token", "db-type", "public-sharing-level"} {
		if v := r.Header.Get(h); v != "" {
			params = append(params, h+"="+v)
		}
	}
	s.mu.Lock()
	s.requests = append(s.requests, strings.TrimSpace(fmt.Sprintf("%s %s %v %s", r.Method, r.RequestURI, params, body)))
	status, answer := s.answer(r, string(body))
	s.mu.Unlock()
	text, ok := answer.(string)
	if !ok {
		encoded, err := httpapi.Marshal(answer)
		if err != nil {
			panic(err)
		}
		text = string(encoded)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// set changes the answer and forgets the requests.
func (s *server) set(answer func(*http.Request, string) (int, any)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.requests = answer, nil
}

// seen returns the requests so far, one per line.
func (s *server) seen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.requests, "\n")
}

// statements returns the bodies of the queries so far.
func (s *server) statements() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.requests {
		if _, sql, ok := strings.Cut(r, "] "); ok {
			out = append(out, sql)
		}
	}
	return strings.Join(out, "|")
}

// user has a home directory of their own.
type user struct {
	t     *testing.T
	env   map[string]string
	stdin string
}

func newUser(t *testing.T) *user {
	return &user{t: t, env: map[string]string{"HOME": t.TempDir()}}
}

// atServer returns a user who is logged in to the server.
func atServer(t *testing.T, s *server) *user {
	u := newUser(t)
	u.env["AYB_SERVER_URL"], u.env["AYB_API_TOKEN"] = s.URL, "ayb_s_l"
	return u
}

// config returns the path of a settings file in another place than the default.
func (u *user) config() string { return filepath.Join(u.env["HOME"], "conf", "ayb.json") }

// run runs a command.
func (u *user) run(args ...string) (stdout, stderr string, code int) {
	u.t.Helper()
	var out, errOut strings.Builder
	cmd := client.New(client.IO{Stdin: strings.NewReader(u.stdin), Stdout: &out, Stderr: &errOut,
		Getenv: func(k string) string { return u.env[k] }})
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(context.WithoutCancel(u.t.Context()))
	client.Report(&errOut, err)
	return out.String(), errOut.String(), client.ExitCode(err)
}

// want runs a command and compares its output and exit code.
func (u *user) want(stdout, stderr string, code int, args ...string) {
	u.t.Helper()
	gotOut, gotErr, gotCode := u.run(args...)
	if gotOut != stdout || gotErr != stderr || gotCode != code {
		u.t.Errorf("%q:\n got %q, %q, %d\nwant %q, %q, %d", args, gotOut, gotErr, gotCode, stdout, stderr, code)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func textPointer(s string) *string { return &s }

var notFound = errs.RecordNotFound("database", "alice/nope")

// exchange is a successful command with its request and its answer.
type exchange struct {
	args    string
	status  int
	answer  any
	request string
	stdout  string
}

// want has a user give commands.
func (s *server) want(t *testing.T, u *user, tests []exchange) {
	t.Helper()
	for _, tt := range tests {
		s.set(ok(tt.status, tt.answer))
		u.want(tt.stdout, "", 0, strings.Fields(tt.args)...)
		if got := s.seen(); got != tt.request {
			t.Errorf("%s:\n sent %s\nnot   %s", tt.args, got, tt.request)
		}
	}
}
