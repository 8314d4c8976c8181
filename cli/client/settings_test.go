package client_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/cli/client"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestConfirmSavesToken(t *testing.T) {
	s := newServer(t, ok(200, httpapi.Confirmed{Entity: "alice", Token: "ayb_a_b"}))
	u := newUser(t)
	// C4: a URL with a slash at the end is the same server.
	u.want("Successfully authenticated alice and saved token ayb_a_b\n", "", 0, "--config", u.config(), "--url", s.URL+"/", "confirm", "tok==")
	want := `{"version":1,"authentication":{"` + s.URL + `":"ayb_a_b"},"default_url":"` + s.URL + `"}`
	if got := read(t, u.config()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := s.seen(); got != "POST /v1/confirm [authentication-token=tok==]" {
		t.Errorf("sent %s", got)
	}
	info, err := os.Stat(u.config())
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode() != 0o600 { // S24
		t.Errorf("mode is %v", info.Mode())
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(u.config()), ".ayb*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	// Later commands use the token and the URL.
	s.set(ok(200, httpapi.Entity{}))
	u.want("No queryable databases owned by alice\n", "", 0, "--config", u.config(), "list", "alice")
	if got := s.seen(); got != "GET /v1/entity/alice [Authorization=Bearer ayb_a_b]" {
		t.Errorf("sent %s", got)
	}

	// A failed confirm does not change the file.
	s.set(fails(errs.E(errs.Invalid, "Invalid or expired token")))
	u.want("", "Error: Invalid or expired token\n", 1, "--config", u.config(), "confirm", "tok==x")
	if got := read(t, u.config()); got != want {
		t.Errorf("the file changed to %s", got)
	}
}

// Options come before the environment, and the environment before the file.
func TestPrecedence(t *testing.T) {
	s := newServer(t, ok(200, httpapi.Entity{}))
	u := newUser(t)
	file := u.config()
	other := filepath.Join(u.env["HOME"], "other.json")
	write(t, file, `{"version":1,"authentication":{"`+s.URL+`/":"of_the_file","http://elsewhere.invalid":"x"},"default_url":"`+s.URL+`"}`)
	write(t, other, `{"version":1,"authentication":{},"default_url":"http://127.0.0.1:1"}`)
	tests := []struct {
		env  map[string]string
		args []string
		want string // token in the request; empty for a request without one
	}{
		{map[string]string{"AYB_CLIENT_CONFIG_FILE": file}, nil, "of_the_file"},
		{map[string]string{"AYB_CLIENT_CONFIG_FILE": file, "AYB_API_TOKEN": "of_env"}, nil, "of_env"},
		{map[string]string{"AYB_CLIENT_CONFIG_FILE": file, "AYB_API_TOKEN": "of_env"}, []string{"--token", "of_option"}, "of_option"},
		{map[string]string{"AYB_CLIENT_CONFIG_FILE": other}, []string{"--config", file}, "of_the_file"},
		{map[string]string{"AYB_CLIENT_CONFIG_FILE": other}, nil, ""},
		{map[string]string{"AYB_CLIENT_CONFIG_FILE": file, "AYB_SERVER_URL": "http://127.0.0.1:1"}, nil, ""},
		{map[string]string{"AYB_CLIENT_CONFIG_FILE": file, "AYB_SERVER_URL": "http://127.0.0.1:1"}, []string{"--url", s.URL}, "of_the_file"},
	}
	for _, tt := range tests {
		s.set(ok(200, httpapi.Entity{}))
		tt.env["HOME"] = u.env["HOME"]
		v := &user{t: t, env: tt.env}
		_, stderr, code := v.run(append(tt.args, "list", "alice")...)
		want := ""
		if tt.want != "" {
			want = "GET /v1/entity/alice [Authorization=Bearer " + tt.want + "]"
		}
		if got := s.seen(); got != want || (code == 0) != (want != "") {
			t.Errorf("%v %q: sent %q, exit %d, %s", tt.env, tt.args, got, code, stderr)
		}
	}
}

// The first URL becomes the default before the request is made; later ones do
// not.
func TestFirstURLIsSaved(t *testing.T) {
	s := newServer(t, ok(500, "down"))
	u := newUser(t)
	u.env["AYB_CLIENT_CONFIG_FILE"] = u.config()
	u.run("--url", s.URL, "list", "alice")
	want := `{"version":1,"authentication":{},"default_url":"` + s.URL + `"}`
	if got := read(t, u.config()); got != want {
		t.Errorf("got %s", got)
	}
	u.run("--url", "http://127.0.0.1:1", "list", "alice")
	if got := read(t, u.config()); got != want {
		t.Errorf("a later URL replaced it: %s", got)
	}
	u.want("Saved http://127.0.0.1:5434 as new default_url\n", "", 0, "set_default_url", "http://127.0.0.1:5434/")
	if got := read(t, u.config()); got != `{"version":1,"authentication":{},"default_url":"http://127.0.0.1:5434"}` {
		t.Errorf("got %s", got)
	}
}

func TestBadDefaultURLIsReportedWhenUsed(t *testing.T) {
	u := newUser(t)
	u.env["AYB_CLIENT_CONFIG_FILE"] = u.config()
	u.want("Saved http://127.0.0.1:5434badport as new default_url\n", "", 0, "set_default_url", "http://127.0.0.1:5434badport")
	if got := read(t, u.config()); got != `{"version":1,"authentication":{},"default_url":"http://127.0.0.1:5434badport"}` {
		t.Errorf("got %s", got)
	}
	u.want("", "Error: The port \"5434badport\" in the server URL http://127.0.0.1:5434badport is not a number between 1 and 65535\n", 1, "list", "x")
}

func TestUnusableFile(t *testing.T) {
	u := newUser(t)
	u.env["AYB_CLIENT_CONFIG_FILE"] = u.config()
	write(t, u.config(), "{")
	u.want("", "Error: The configuration file "+u.config()+" is not valid; correct or remove it\n", 1, "--url", "http://127.0.0.1:1", "list", "x")
	write(t, u.config(), `{"version":2}`)
	u.want("", "Error: The configuration file "+u.config()+" was written by a newer version of ayb\n", 1, "set_default_url", "http://x")
	if got := read(t, u.config()); got != `{"version":2}` {
		t.Errorf("the file changed to %s", got)
	}
	write(t, u.config(), `{"version":1,"authentication":{},"default_url":null}`)
	_, stderr, code := u.run("list", "x")
	if code != 2 || !strings.Contains(stderr, "Server URL is required") {
		t.Errorf("null default: %d, %s", code, stderr)
	}
}

// A token that cannot be saved is printed, because it is stored nowhere else.
func TestTokenIsNotLost(t *testing.T) {
	u := newUser(t)
	dir := filepath.Dir(u.config())
	s := newServer(t, func(*http.Request, string) (int, any) {
		if err := os.RemoveAll(dir); err != nil { // the directory is gone when the answer arrives
			t.Error(err)
		}
		write(t, dir, "")
		return 200, httpapi.Confirmed{Entity: "alice", Token: "ayb_a_b"}
	})
	out, stderr, code := u.run("--config", u.config(), "--url", s.URL, "confirm", "t")
	if code != 1 || out != "" || !strings.Contains(stderr, "\nYour API token is ayb_a_b; give it with --token or AYB_API_TOKEN\n") {
		t.Errorf("exit %d, %s, %s", code, out, stderr)
	}
}

// A read-only file does not stop a request that works without it.
func TestURLCannotBeSaved(t *testing.T) {
	s := newServer(t, ok(200, httpapi.Entity{}))
	u := newUser(t)
	dangling := filepath.Join(u.env["HOME"], "conf")
	if err := os.Symlink("/nowhere/at/all", dangling); err != nil {
		t.Fatal(err)
	}
	out, stderr, code := u.run("--config", u.config(), "--url", s.URL, "list", "alice")
	if code != 0 || out != "No queryable databases owned by alice\n" || !strings.HasPrefix(stderr, "Warning: Could not write the configuration file ") {
		t.Errorf("exit %d, %s, %s", code, out, stderr)
	}
}

// A link to the file stays a link.
func TestLinkedFile(t *testing.T) {
	u := newUser(t)
	real := filepath.Join(u.env["HOME"], "dotfiles.json")
	write(t, real, `{"version":1,"authentication":{},"default_url":null}`)
	link := filepath.Join(u.env["HOME"], "link.json")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	u.want("Saved http://h as new default_url\n", "", 0, "--config", link, "set_default_url", "http://h")
	if got := read(t, real); got != `{"version":1,"authentication":{},"default_url":"http://h"}` {
		t.Errorf("got %s", got)
	}
}

func TestPaths(t *testing.T) {
	env := func(kv ...string) func(string) string {
		return func(k string) string {
			for i := 0; i < len(kv); i += 2 {
				if kv[i] == k {
					return kv[i+1]
				}
			}
			return ""
		}
	}
	tests := []struct {
		goos            string
		env             func(string) string
		config, history string
	}{
		{"linux", env("HOME", "/h"), "/h/.config/ayb/ayb.json", "/h/.local/state/ayb/query_history"},
		{"linux", env("HOME", "/h", "XDG_CONFIG_HOME", "/c", "XDG_STATE_HOME", "/s"), "/c/ayb/ayb.json", "/s/ayb/query_history"},
		{"linux", env("HOME", "/h", "XDG_CONFIG_HOME", "relative"), "/h/.config/ayb/ayb.json", "/h/.local/state/ayb/query_history"},
		{"darwin", env("HOME", "/h"), "/h/Library/Application Support/org.ayb.ayb/ayb.json", "/h/Library/Application Support/org.ayb.ayb/query_history"},
		{"windows", env("APPDATA", "/a"), "/a/ayb/ayb/config/ayb.json", "/a/ayb/ayb/config/query_history"},
		{"linux", env(), "", ""},
		{"windows", env("HOME", "/h"), "", ""},
	}
	for _, tt := range tests {
		config, err := client.ConfigPath(tt.goos, tt.env)
		if filepath.ToSlash(config) != tt.config || (err != nil) != (tt.config == "") {
			t.Errorf("%s: %s, %v", tt.goos, config, err)
		}
		if got := client.HistoryPath(tt.goos, tt.env); filepath.ToSlash(got) != tt.history {
			t.Errorf("%s: %s", tt.goos, got)
		}
	}
}
