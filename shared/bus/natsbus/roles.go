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

// Role is a user of the bus. It determines the subjects that a process may publish
// and subscribe to.
type Role string

// The roles.
const (
	ControlPlane Role = "controlplane"
	QueryNode    Role = "querynode"
	Snapshotter  Role = "snapshotter"
	Mailer       Role = "mailer"
)

// roles returns all roles.
func roles() []Role { return []Role{ControlPlane, QueryNode, Snapshotter, Mailer} }

// Credentials are the passwords of the roles. The file of a machine may contain only
// the roles that run there.
type Credentials map[Role]string

// users returns the users of the server with hashed passwords. The cheapest hash is
// sufficient, because the passwords are long and random.
func users(c Credentials) ([]*server.User, error) {
	var out []*server.User
	for role, password := range c {
		if password == "" {
			continue
		}
		if !slices.Contains(roles(), role) { // a user without permissions could do anything
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

// LoadCredentials reads a credentials file: a JSON object of roles and passwords.
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

// LoadOrMakeCredentials reads the file. If it is missing, it creates one with a new
// password for every role. Only its owner can read it.
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
	// If two processes start at the same time, the link of the first one wins.
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
