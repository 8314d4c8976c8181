// Package openapi holds the description of the HTTP API in the form of OpenAPI
// 3.1. The document is kept by hand, in openapi.json; tests hold it against
// the routes that there are and against real answers. The package serves
// nothing itself.
package openapi

import (
	"crypto/sha256"
	_ "embed" // for the document
	"encoding/hex"
)

//go:embed openapi.json
var document string

// Document is the description, as JSON.
func Document() []byte { return []byte(document) }

// Tag changes when the document does; it is fit for an ETag.
func Tag() string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:8])
}
