package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// aybConfig is how an ayb server is started: with the default configuration,
// changed by env.
type aybConfig struct {
	program string
	dir     string // for all its files; may have those of an earlier server
	debug   string // address for profiles; empty for none
	env     []string
}

func (c aybConfig) mails() string { return filepath.Join(c.dir, "mails.jsonl") }

// startAyb starts a server. With the directory of an earlier server it continues
// with the same data.
func startAyb(ctx context.Context, c aybConfig) (*server, error) {
	program, err := filepath.Abs(c.program)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(c.dir, "ayb.toml")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		text, err := config.DefaultServerConfig()
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(program, "all-in-one", "--config", file) //nolint:noctx // ended by stop
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "AYB__HOST=127.0.0.1", "AYB__PORT=0", "AYB__EMAIL__FILE__PATH="+c.mails(),
		"AYB__DATA_PATH="+filepath.Join(c.dir, "data"), "AYB__DATABASE_URL=sqlite://"+filepath.Join(c.dir, "meta.sqlite"))
	if c.debug != "" {
		cmd.Env = append(cmd.Env, "AYB__DEBUG__LISTEN="+c.debug)
	}
	cmd.Env = append(cmd.Env, c.env...)
	s, err := start(ctx, "ayb", "Starting server ", cmd)
	if err != nil {
		return nil, err
	}
	s.mails = c.mails()
	return s, nil
}

// mainEntity owns the databases of all works except hosted.
const mainEntity = "bench"

// account registers an account with the main database and keeps its token.
func (s *server) account(ctx context.Context) error {
	token, err := s.register(ctx, mainEntity)
	if err != nil {
		return fmt.Errorf("make an account: %w", err)
	}
	s.token = token
	return s.create(ctx, "bench.sqlite")
}

// create creates a database of the main account.
func (s *server) create(ctx context.Context, name string) error {
	owner, err := s.api(s.token)
	if err != nil {
		return err
	}
	if _, err := owner.CreateDatabase(ctx, mainEntity, name, httpapi.CreateDatabaseRequest{DBType: "sqlite"}); err != nil {
		return err
	}
	s.paths = append(s.paths, httpapi.DatabasePath(mainEntity, name, "query"))
	return nil
}

func (s *server) api(token string) (*httpapi.Client, error) {
	return httpapi.NewClient(httpapi.ClientConfig{URL: s.url(), Token: token}, httpapi.ClientDeps{Transport: s.client.Transport})
}

// register registers an account, confirms with the token from the mail, and
// returns a token for the API.
func (s *server) register(ctx context.Context, entity string) (string, error) {
	anybody, err := s.api("")
	if err != nil {
		return "", err
	}
	address := entity + "@example.org"
	if _, err := anybody.Register(ctx, httpapi.RegisterRequest{Entity: entity, EmailAddress: address, EntityType: "user"}); err != nil {
		return "", err
	}
	var mailed string
	err = until(ctx, 10*time.Second, "a mail with a token", func() (bool, error) {
		mailed = s.mailedToken(address)
		return mailed != "", nil
	})
	if err != nil {
		return "", err
	}
	confirmed, err := anybody.Confirm(ctx, mailed)
	if err != nil {
		return "", err
	}
	return confirmed.Token, nil
}

// mailedToken returns the token in the mail to an address; empty before the mail
// arrives.
func (s *server) mailedToken(address string) string {
	text, err := os.ReadFile(s.mails)
	if err != nil {
		return "" // no mail yet
	}
	for mail := range strings.Lines(string(text)) {
		var m struct {
			To      string
			Content []string
		}
		if json.Unmarshal([]byte(mail), &m) != nil || m.To != address {
			continue // the last line may be half written
		}
		for _, line := range m.Content {
			if token, ok := strings.CutPrefix(line, "\tayb client confirm "); ok {
				return token
			}
		}
	}
	return ""
}

// until repeats ok until it returns true.
func until(ctx context.Context, most time.Duration, what string, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := ok()
		if done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w", what, ctx.Err())
		}
	}
}
