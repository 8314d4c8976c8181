package config

import (
	"crypto/rand"
	_ "embed" // for sample.toml
	"encoding/base64"
	"fmt"
	"strings"
)

//go:embed sample.toml
var sample string

// keyPlaceholder is replaced by a new key.
const keyPlaceholder = "@FERNET_KEY@"

// DefaultServerConfig returns a commented configuration that works unchanged. It
// has a new Fernet key, writes mail to a file, and keeps all data below
// ./ayb_data. The error is that of the random source of the system.
func DefaultServerConfig() (string, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", fmt.Errorf("make a fernet key: %w", err)
	}
	return strings.Replace(sample, keyPlaceholder, base64.URLEncoding.EncodeToString(key), 1), nil
}
