package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/errs"
)

const key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="

// minimal is the smallest configuration of a server with all roles.
const minimal = "[authentication]\nfernet_key = \"" + key + "\"\n[email.file]\npath = \"mail.jsonl\"\n"

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ayb.toml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func load(t *testing.T, text string, environ ...string) (config.Server, error) {
	t.Helper()
	return config.Load(write(t, text), true, environ, nil)
}

func mustLoad(t *testing.T, text string, environ ...string) config.Server {
	t.Helper()
	s, err := load(t, text, environ...)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return s
}

func TestDefaults(t *testing.T) {
	s := mustLoad(t, minimal)
	want := config.Default()
	want.Authentication.FernetKey = key
	want.Email.File = &config.MailFile{Path: "mail.jsonl"}
	if got := *s.Email.File; got != *want.Email.File {
		t.Errorf("email.file = %+v", got)
	}
	s.Email, want.Email = config.Email{}, config.Email{}
	if s != want {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	if s.PublicURL != "http://localhost:5433" || s.DatabaseURL != "sqlite://ayb_data/ayb.sqlite" ||
		s.Bus.StoreDir != filepath.Join("ayb_data", "bus") {
		t.Errorf("derived defaults: %q %q %q", s.PublicURL, s.DatabaseURL, s.Bus.StoreDir)
	}
	if s.Limits.DatabaseBytes != 1<<30 || s.Limits.StatementTimeout != 30*time.Second || s.Authentication.TokenTTL() != time.Hour {
		t.Errorf("limits: %+v", s.Limits)
	}
}

func TestDerivedFromOtherKeys(t *testing.T) {
	s := mustLoad(t, "port = 0\ndata_path = \"/srv/ayb\"\n"+minimal)
	if s.DatabaseURL != "sqlite:///srv/ayb/ayb.sqlite" || s.PublicURL != "" || s.PublicBase(99) != "http://localhost:99" {
		t.Errorf("%q %q %q", s.DatabaseURL, s.PublicURL, s.PublicBase(99))
	}
}

// O7: a slash at the end must not become // in links.
func TestPublicURLTrailingSlashO7(t *testing.T) {
	s := mustLoad(t, "public_url = \"https://ayb.example.org/db//\"\n"+minimal)
	if s.PublicURL != "https://ayb.example.org/db" || s.PublicBase(1) != s.PublicURL {
		t.Errorf("public_url = %q", s.PublicURL)
	}
}

func TestLayersInOrder(t *testing.T) {
	name := write(t, "host = \"file\"\nport = 1\n[limits]\nrate_per_minute = 5\n"+minimal)
	s, err := config.Load(name, true,
		[]string{"AYB__PORT=2", "ayb__limits__heap_bytes=2 MiB", "AYB__CORS__ORIGIN=https://a.example", "AYB_SERVER_CONFIG_FILE=x", "PATH=/bin", "odd"},
		map[string]any{"port": 3, "data_path": "flag", "limits.statement_timeout": "7s", "isolation.require": true})
	if err != nil {
		t.Fatal(err)
	}
	if s.Host != "file" || s.Port != 3 || s.DataPath != "flag" || s.Limits.RatePerMinute != 5 || !s.Isolation.Require ||
		s.Limits.HeapBytes != 2<<20 || s.Limits.StatementTimeout != 7*time.Second || s.CORS.Origin != "https://a.example" {
		t.Errorf("%+v", s)
	}
}

// O2: text from the environment is parsed by the type of its key.
func TestEnvironmentByTargetTypeO2(t *testing.T) {
	for _, secret := range []string{"00123", "1e5", "true", "0x10", "", " spaced ", "a=b", "1_000", "[x]", "null"} {
		s := mustLoad(t, minimal,
			"AYB__EMAIL__SMTP__SMTP_PASSWORD="+secret, "AYB__EMAIL__SMTP__FROM=a@b.example", "AYB__EMAIL__SMTP__SMTP_HOST=relay")
		if s.Email.SMTP == nil || s.Email.SMTP.Password != secret {
			t.Errorf("password %q became %+v", secret, s.Email.SMTP)
		}
		if s.Email.SMTP.Port != 465 || s.Email.SMTP.ReplyTo != "a@b.example" {
			t.Errorf("defaults of a section the file lacks: %+v", s.Email.SMTP)
		}
	}
}

func TestEnvironmentAlone(t *testing.T) {
	s, err := config.Load(filepath.Join(t.TempDir(), "none.toml"), false, []string{
		"AYB__AUTHENTICATION__FERNET_KEY=" + key, "AYB__EMAIL__FILE__PATH=m", "AYB__WEB__HOSTING_METHOD=Local",
	}, nil)
	if err != nil || s.Email.File.Path != "m" || s.Web == nil {
		t.Fatalf("%+v, %v", s, err)
	}
}

func TestSectionWithoutKeysSwitchesOn(t *testing.T) {
	if s := mustLoad(t, minimal+"[web]\n"); s.Web == nil || s.Web.HostingMethod != "Local" {
		t.Errorf("web = %+v", s.Web)
	}
	if s := mustLoad(t, minimal); s.Web != nil || s.Snapshots != nil {
		t.Errorf("optional sections are on: %+v %+v", s.Web, s.Snapshots)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]config.Bytes{
		"0": 0, "123": 123, "64MiB": 64 << 20, "64 mib": 64 << 20, "1GiB": 1 << 30, "5kB": 5000, "7b": 7, "2TiB": 2 << 40, "3 GB": 3e9,
	} {
		if got, err := config.ParseBytes(text); err != nil || got != want {
			t.Errorf("ParseBytes(%q) = %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-1", "1.5GiB", "MiB", "10 parsecs", "99999999999TiB", "9223372036854775808", "+5"} {
		if got, err := config.ParseBytes(text); err == nil {
			t.Errorf("ParseBytes(%q) = %d", text, got)
		}
	}
	for b, want := range map[config.Bytes]string{0: "0", 1000: "1000", 64 << 20: "64MiB", 3 << 30: "3GiB"} {
		if b.String() != want {
			t.Errorf("%d prints as %s", int64(b), b)
		}
	}
}

// A machine with one role needs the keys of that role only.
func TestRolesNeedOnlyTheirOwn(t *testing.T) {
	for _, c := range []struct {
		role config.Role
		text string
		ok   bool
	}{
		{config.RoleQueryNode, "[bus]\nurl = \"nats://10.0.0.1:4222\"\n", true},
		{config.RoleQueryNode, "", false},
		{config.RoleMailer, "[bus]\nlisten = \"127.0.0.1:4222\"\n[email.file]\npath = \"m\"\n", true},
		{config.RoleMailer, "[bus]\nlisten = \"127.0.0.1:4222\"\n", false},
		{config.RoleSnapshotter, "[bus]\nlisten = \"127.0.0.1:4222\"\n", true},
		{config.RoleSnapshotter, "", false},
		{config.RoleAdmin, "", true},
		{config.RoleControlPlane, "[authentication]\nfernet_key = \"" + key + "\"\n", true},
		{config.RoleControlPlane, "[email.file]\npath = \"m\"\n", false},
	} {
		if _, err := config.Load(write(t, c.text), true, nil, nil, c.role); (err == nil) != c.ok {
			t.Errorf("%s with %q: %v", c.role, c.text, err)
		}
	}
}

func TestBusAddress(t *testing.T) {
	for b, want := range map[config.Bus]string{
		{}:                         "",
		{URL: "nats://a:1"}:        "nats://a:1",
		{Listen: "127.0.0.1:4222"}: "nats://127.0.0.1:4222",
		{Listen: "0.0.0.0:4222"}:   "nats://127.0.0.1:4222",
		{Listen: "[::]:4222"}:      "nats://127.0.0.1:4222",
		{Listen: ":4222"}:          "nats://127.0.0.1:4222",
		{Listen: "10.1.1.1:4222"}:  "nats://10.1.1.1:4222",

		{Listen: ":4222", TLSCert: "c.pem"}: "tls://127.0.0.1:4222",
	} {
		if got := b.Address(); got != want {
			t.Errorf("%+v: %q", b, got)
		}
	}
}

func TestRedacted(t *testing.T) {
	text := strings.Replace(minimal, "[auth", "database_url = \"postgresql://u:se,cr@et@h/db?password=secret\"\n[auth", 1) +
		"[email.smtp]\nfrom = \"a@b.example\"\nsmtp_host = \"h\"\nsmtp_username = \"u\"\nsmtp_password = \"secret\"\n" +
		"[snapshots]\naccess_key_id = \"id\"\nsecret_access_key = \"secret\"\nbucket = \"bucket\"\n" +
		"[bus]\nurl = \"tls://u:secret@h:1,tls://u:secret@h:2\"\n"
	s := mustLoad(t, text)
	r := s.Redacted()
	for name, got := range map[string]string{
		"fernet_key": r.Authentication.FernetKey, "smtp_password": r.Email.SMTP.Password,
		"secret_access_key": r.Snapshots.SecretAccessKey,
	} {
		if got != "(hidden)" {
			t.Errorf("%s = %q", name, got)
		}
	}
	if r.DatabaseURL != "postgresql://(hidden)@h/db?(hidden)" || r.Bus.URL != "tls://(hidden)@h:2" {
		t.Errorf("URLs: %q %q", r.DatabaseURL, r.Bus.URL)
	}
	if r.Email.SMTP.Username != "u" || s.Email.SMTP.Password != "secret" || s.Authentication.FernetKey != key {
		t.Error("too much is hidden, or the original was changed")
	}
}

func TestErrorHasACode(t *testing.T) {
	_, err := load(t, "")
	if !errs.Is(err, errs.Invalid) {
		t.Errorf("code %q", errs.CodeOf(err))
	}
	if got := errs.Public(err).Message; got != err.Error() {
		t.Errorf("who starts the server is told only %q", got)
	}
	if e, ok := errors.AsType[*config.Error](err); !ok || len(e.Faults) != 2 {
		t.Errorf("%v", err)
	}
}
