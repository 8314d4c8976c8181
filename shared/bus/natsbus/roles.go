package natsbus

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/crypto/bcrypt"
)

// Role is a bus user: what a process may publish and subscribe follows from it.
type Role string

// The roles.
const (
	ControlPlane Role = "controlplane"
	QueryNode    Role = "querynode"
	Snapshotter  Role = "snapshotter"
	Mailer       Role = "mailer"
)

// roles are all of them.
func roles() []Role { return []Role{ControlPlane, QueryNode, Snapshotter, Mailer} }

// Credentials are the passwords of the roles. A file for one machine may hold
// only the roles that run there.
type Credentials map[Role]string

// users are the server's users. It is given hashes: the passwords are random
// and long, so the cheapest hash will do.
func users(c Credentials) ([]*server.User, error) {
	var out []*server.User
	for role, password := range c {
		if password == "" {
			continue
		}
		if !slices.Contains(roles(), role) { // without permissions of its own it might do anything
			return nil, fmt.Errorf("bus.credentials has the unknown role %q; known are %q", role, roles())
		}
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			return nil, fmt.Errorf("bus credentials of %s: %w", role, err)
		}
		out = append(out, &server.User{Username: string(role), Password: string(hash), Permissions: permissions(role)})
	}
	if len(out) == 0 {
		return nil, errors.New("bus.listen needs credentials for the roles")
	}
	return out, nil
}

// LoadCredentials reads a credentials file: a JSON object of role and
// password.
func LoadCredentials(file string) (Credentials, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read bus.credentials: %w", err)
	}
	var c Credentials
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("bus.credentials %s is not a JSON object of roles and passwords: %w", file, err)
	}
	return c, nil
}

// LoadOrMakeCredentials reads the file, or makes it with a fresh password for
// every role, readable by its owner only.
func LoadOrMakeCredentials(file string) (Credentials, error) {
	c, err := LoadCredentials(file)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	c = Credentials{}
	for _, r := range roles() {
		c[r] = rand.Text() + rand.Text()
	}
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode bus credentials: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of bus.credentials: %w", err)
	}
	// Exclusive: of two processes that start at once, one makes the file.
	f, err := os.CreateTemp(filepath.Dir(file), ".bus-credentials-*")
	if err != nil {
		return nil, fmt.Errorf("write bus.credentials: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if _, err := f.Write(append(b, '\n')); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("write bus.credentials: %w", err)
	}
	if err := os.Link(f.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("write bus.credentials: %w", err)
	}
	return LoadCredentials(file)
}
