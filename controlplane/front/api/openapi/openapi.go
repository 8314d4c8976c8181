// Package openapi contains the description of the HTTP API in OpenAPI 3.1. The
// document, openapi.json, is written by hand. Tests compare it with the routes and
// with real answers.
package openapi

import (
	"crypto/sha256"
	_ "embed" // for the document
	"encoding/hex"
)

//go:embed openapi.json
var document string

// Document returns the description as JSON.
func Document() []byte { return []byte(document) }

// Tag returns a hash of the document for an ETag.
func Tag() string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:8])
}
