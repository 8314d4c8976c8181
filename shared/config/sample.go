package config

import (
	"crypto/rand"
	_ "embed" // the sample is a file, so that it can be read as one
	"encoding/base64"
	"fmt"
	"strings"
)

//go:embed sample.toml
var sample string

// keyPlaceholder is where the fresh key goes in the sample.
const keyPlaceholder = "@FERNET_KEY@"

// DefaultServerConfig gives a commented configuration that works as it is,
// with a fresh Fernet key: mail goes to a file, everything is kept below
// ./ayb_data. The error is that of the system's random source.
func DefaultServerConfig() (string, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return "", fmt.Errorf("make a fernet key: %w", err)
	}
	return strings.Replace(sample, keyPlaceholder, base64.URLEncoding.EncodeToString(key), 1), nil
}
