package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/config"
)

// faultsOf loads a configuration and returns the texts of all faults.
func faultsOf(t *testing.T, text string, environ ...string) []string {
	t.Helper()
	_, err := load(t, text, environ...)
	e, ok := errors.AsType[*config.Error](err)
	if !ok {
		t.Fatalf("want faults, got %v", err)
	}
	var texts []string
	for _, f := range e.Faults {
		texts = append(texts, f.Text)
	}
	return texts
}

// Each case is added to a valid configuration, and must be the only fault.
func TestOneFault(t *testing.T) {
	for _, c := range []struct{ top, bottom, want string }{
		{"port = 70000", "", "port must be between 0 and 65535, not 70000"},
		{"port = -1", "", "port must be between 0 and 65535, not -1"},
		{"port = 99999999999", "", "port is out of range"},
		{"port = \"5433\"", "", "port must be a whole number, without quotes"},
		{"port = 5433.5", "", "port must be a whole number"},
		{"host = 1", "", "host must be text in quotes"},
		{"host = \"\"", "", "host is required"},
		{"host = [\"a\"]", "", "host must be text in quotes"},
		{"host = 2020-01-01", "", "host must be text in quotes"},
		{"public_url = \"ayb.example.org\"", "", "public_url must be an http:// or https:// address"},
		{"public_url = \"https://x/?a=b\"", "", "public_url must be"},
		{"public_url = \"http://[::1\"", "", "public_url must be"},
		{"database_url = \"mysql://x\"", "", "Database type for URL is not supported (currently only SQLite and PostgreSQL)"},
		{"database_url = \"sqlite:x\"", "", "database_url must look like sqlite://"},
		{"data_path = \" \"", "", "data_path is required"},
		{"", "[web]\nhosting_method = \"Remote\"", "web.hosting_method must be \"Local\""},
		{"", "[cors]\norigin = \"https://x/\"", "cors.origin must be * or one origin"},
		{"", "[snapshots]\naccess_key_id=\"a\"\nsecret_access_key=\"b\"\nbucket=\"ccc\"\nsqlite_method=\"Backup\"", "snapshots.sqlite_method must be \"Vacuum\""},
		{"", "[snapshots]\naccess_key_id=\"a\"\nsecret_access_key=\"b\"\nbucket_prefix=\"c\"\nbucket=\"ccc\"", "snapshots.bucket_prefix is not known; did you mean snapshots.path_prefix?"}, // O8
		{"", bucket + "path_prefix = \"a/../b\"", "snapshots.path_prefix must not have . or .. as a part"},
		{"", bucket + "path_prefix = \".sgwtmp/a\"", "snapshots.path_prefix must not have .sgwtmp as a part"},
		{"", bucket + "path_prefix = \"..\"", "snapshots.path_prefix must not have . or .. as a part"},
		{"", bucket + "path_prefix = \"a/./b\"", "snapshots.path_prefix must not have . or .. as a part"},
		{"", bucket + "path_prefix = \"./a\"", "snapshots.path_prefix must not have . or .. as a part"},
		{"", bucket + "path_prefix = \"a\\nb\"", "snapshots.path_prefix must be text without control characters"},
		{"", bucket + "path_prefix = 'a\\b'", "snapshots.path_prefix must be text without control characters and \\"},
		{"", bucket + "path_prefix = \"a/ b\"", "snapshots.path_prefix must not have parts that begin or end with a blank"},
		{"", bucket + "path_prefix = \"" + strings.Repeat("x", 256) + "\"", "snapshots.path_prefix must have parts of at most 255 bytes"},
		{"", bucket + "path_prefix = \"" + strings.Repeat("x/", 301) + "\"", "snapshots.path_prefix must have at most 600 bytes"},
		{"", strings.Replace(bucket, "ccc", "a/b", 1), "snapshots.bucket must be the name of a bucket"},
		{"", strings.Replace(bucket, "ccc", "..", 1), "snapshots.bucket must be the name of a bucket"},
		{"", strings.Replace(bucket, "ccc", "a..b", 1), "snapshots.bucket must be the name of a bucket"},
		{"", strings.Replace(bucket, "ccc", "ab", 1), "snapshots.bucket must be the name of a bucket: 3 to 63"},
		{"", bucket + "region = \"a/b\"", "snapshots.region must be the name of a region"},
		{"", "[retention]\ndeletion_grace = \"-1s\"", "retention.deletion_grace must be a duration from \"0s\" to ten years"},
		{"", snap + "interval = \"0s\"\nmax_snapshots = 1", "snapshots.automation.interval is required and must be a duration above zero"},
		{"", snap + "interval = \"ten\"\nmax_snapshots = 1", "snapshots.automation.interval must be a duration such as"},
		{"", snap + "interval = 10\nmax_snapshots = 1", "snapshots.automation.interval must be a duration in quotes"},
		{"", snap + "interval = \"1m\"\nmax_snapshots = 0", "snapshots.automation.max_snapshots must be between 1 and 65535, not 0"}, // N6
		{"", snap + "interval = \"1m\"", "snapshots.automation.max_snapshots must be between 1 and 65535"},
		{"", "[bus]\nurl = \"http://x:1\"", "bus.url must be nats://"},
		{"", "[bus]\nlisten = \"4222\"", "bus.listen must be HOST:PORT"},
		{"", "[bus]\nlisten = \"0.0.0.0:4222\"", "bus.listen can be reached from other machines"},
		{"", "[bus]\nlisten = \"0.0.0.0:4222\"\ntls_cert = \"c\"\ntls_key = \"k\"", "bus.listen can be reached from other machines: set bus.credentials"},
		{"", "[bus]\nlisten = \"127.0.0.1:4222\"\ntls_cert = \"c\"", "bus.tls_key and bus.tls_cert belong together"},
		{"", "[bus]\nurl = \"nats://127.0.0.1:4222\"\ntls_cert = \"c\"\ntls_key = \"k\"", "bus.tls_cert is for the embedded bus"},
		{"", "[bus]\nurl = \"nats://127.0.0.1:4222\"\ntls_ca = \"c\"", "bus.tls_ca is for a bus.url that begins with tls://"},
		{"", "[bus]\nlisten = \"127.0.0.1:1\"\nurl = \"nats://h:1\"", "bus.listen is for the embedded bus"},
		{"", "[querynode]\nid = \"a b\"", "querynode.id must be"},
		{"", "[querynode]\nmax_daemons = 0", "querynode.max_daemons must be between 1"},
		{"", "[querynode]\nidle_timeout = \"-1s\"", "querynode.idle_timeout is required and must be a duration above zero"},
		{"", "[isolation]\nrequire = \"yes\"", "isolation.require must be true or false"},
		{"", "[isolation]\ncgroup = \"/ayb/../..\"", "isolation.cgroup must be auto or the path of a control group"},
		{"", "[isolation]\ncgroup = \"ayb\"", "isolation.cgroup must be auto or the path of a control group"},
		{"", "[limits]\nheap_bytes = \"64 apples\"", "limits.heap_bytes must be a number of bytes or a size"},
		{"", "[limits]\nheap_bytes = 1", "limits.heap_bytes must be at least 1MiB"},
		{"", "[limits]\ndatabase_bytes = -5", "limits.database_bytes must be a number of bytes"},
		{"", "[debug]\nlisten = \"0.0.0.0:6060\"", "debug.listen must be a loopback address"},
		{"", "[email.smtp]\nsmtp_host = \"h\"", "email.smtp.from must be a mailbox"},
		{"", "[email.smtp]\nfrom = \"a@b\"\nsmtp_host = \"h\"\nreply_to = \"nobody\"", "email.smtp.reply_to must be a mailbox"},
		{"web = true", "", "web is a section: write [web]"},
		{"\"limits.heap_bytes\" = 5", "", "key limits.heap_bytes is not known"},
		{"Host = \"x\"", "", "key Host is not known; did you mean host?"},
		{"hots = \"x\"", "", "key hots is not known; did you mean host?"}, // neighbours swapped
		{"fernet_key = \"x\"", "", "did you mean authentication.fernet_key?"},
		{"", "[limit]\nheap_bytes = 1", "key limit is not known; did you mean limits?"},
		{"zzzzzzzzzz = 1", "", "key zzzzzzzzzz is not known; \"ayb default_server_config\" shows all keys"},
	} {
		got := faultsOf(t, c.top+"\n"+minimal+c.bottom+"\n")
		if len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%s %s\n got  %q\n want %q", c.top, c.bottom, got, c.want)
		}
	}
}

const (
	bucket = "[snapshots]\naccess_key_id=\"a\"\nsecret_access_key=\"b\"\nbucket=\"ccc\"\n"
	snap   = bucket + "[snapshots.automation]\n"
)

// O3: an unusable key is refused at the start.
func TestFernetKeyO3(t *testing.T) {
	for _, bad := range []string{
		"short", strings.TrimSuffix(key, "="), strings.ReplaceAll(key, "_", "/"), key + "=", key + key,
		strings.Replace(key, "4e4=", "4e5=", 1), // bits beyond 32 bytes
	} {
		got := faultsOf(t, strings.Replace(minimal, key, bad, 1))
		if len(got) != 1 || !strings.HasPrefix(got[0], "authentication.fernet_key must be URL-safe base64 of 32 bytes") || strings.Contains(got[0], bad) {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

// O4, O5: all faults are reported together, in sentences.
func TestAllFaultsAtOnce(t *testing.T) {
	got := faultsOf(t, "port = \"x\"\ncolour = 1\n[limits]\nstatement_timeout = \"0s\"\n",
		"AYB__EMAIL__SMTP__HOST=x", "AYB__LIMITS__HEAP_BYTES=big", "AYB__EMAIL=x")
	want := []string{
		"key colour is not known",
		"port must be a whole number",
		"AYB__EMAIL__SMTP__HOST is not known; did you mean AYB__EMAIL__SMTP__SMTP_HOST?", // O8
		"limits.heap_bytes (from AYB__LIMITS__HEAP_BYTES) must be a number of bytes",
		"AYB__EMAIL names a section",
		"limits.statement_timeout is required",
		"authentication.fernet_key is required",
	}
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return strings.Contains(g, w) }) {
			t.Errorf("no fault says %q", w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d faults, want %d: %q", len(got), len(want), got)
	}
	_, err := load(t, "port = \"x\"\n")
	if err == nil || strings.Count(err.Error(), "\n  - ") != 3 || !strings.Contains(err.Error(), "At least one email backend") {
		t.Errorf("%v", err)
	}
}

func TestBrokenTOML(t *testing.T) {
	got := faultsOf(t, "port = 1\nsmtp_password = hunter2\n", "AYB__NOPE=1")
	if len(got) != 2 || !strings.HasPrefix(got[0], "line 2, column ") || strings.Contains(got[0], "hunter2") {
		t.Errorf("%q", got)
	}
	if got := faultsOf(t, "port = 1\nport = 2\n"); len(got) != 1 || !strings.Contains(got[0], "TOML") {
		t.Errorf("a key given twice: %q", got)
	}
}

func TestUnreadableFile(t *testing.T) {
	dir := t.TempDir()
	_, err := config.Load(filepath.Join(dir, "none"), true, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "the file does not exist") || strings.Contains(err.Error(), "fernet") {
		t.Errorf("%v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = config.Load(filepath.Join(dir, "d"), false, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "the file cannot be read") || strings.Count(err.Error(), dir) != 1 {
		t.Errorf("%v", err)
	}
}

func TestFlagFaults(t *testing.T) {
	_, err := config.Load(write(t, minimal), true, nil, map[string]any{"port": "x", "prot": 1, "host": 5, "email": "x"})
	if err == nil || strings.Count(err.Error(), "\n  - ") != 4 {
		t.Errorf("%v", err)
	}
}
