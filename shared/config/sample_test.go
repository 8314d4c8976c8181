package config_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/config"
)

// O4: the printed sample works unchanged.
func TestSampleWorks(t *testing.T) {
	text, err := config.DefaultServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	s := mustLoad(t, text)
	if s.Web == nil || s.Email.File == nil || s.Email.SMTP != nil || s.Snapshots != nil || s.CORS.Origin != "*" {
		t.Errorf("%+v", s)
	}
	again, err := config.DefaultServerConfig()
	if err != nil || again == text {
		t.Errorf("the key is not fresh: %v", err)
	}
}

// Each key in a comment exists, and shows its default if it has one.
func TestSampleUncommented(t *testing.T) {
	text, err := config.DefaultServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	commented := regexp.MustCompile(`^# ((?:\[[a-z.]+\]|([a-z_]+) = .*))$`)
	var lines []string
	uncommented := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		m := commented.FindStringSubmatch(line)
		if m == nil {
			lines = append(lines, line)
			continue
		}
		uncommented++
		if m[2] == "database_url" { // the alternative replaces the active line
			for i, l := range lines {
				if strings.HasPrefix(l, "database_url =") {
					lines[i] = ""
				}
			}
		}
		lines = append(lines, m[1])
	}
	if uncommented < 40 {
		t.Errorf("only %d commented keys were found", uncommented)
	}
	s := mustLoad(t, strings.Join(lines, "\n"))
	d := config.Default()
	if s.Email.SMTP == nil || s.Snapshots == nil || s.Snapshots.Automation == nil {
		t.Fatalf("a section is missing: %+v", s)
	}
	if s.Limits != d.Limits || s.QueryNode != d.QueryNode || s.Isolation != d.Isolation || s.Debug != d.Debug {
		t.Errorf("the sample shows other values than the defaults:\n%+v\n%+v", s, d)
	}
	if !strings.HasPrefix(s.DatabaseURL, "postgresql://") {
		t.Errorf("database_url = %q", s.DatabaseURL)
	}
}

// The sample contains all keys.
func TestSampleIsComplete(t *testing.T) {
	text, err := config.DefaultServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range config.Keys() {
		name := path[strings.LastIndexByte(path, '.')+1:]
		if !regexp.MustCompile(`(?m)^(# )?` + name + ` = `).MatchString(text) {
			t.Errorf("%s is not in the sample", path)
		}
	}
}
