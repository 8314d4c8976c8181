// Package httpapi is the HTTP contract of ayb, written once for both ends:
// paths, header names, JSON bodies, the table that joins error codes to
// statuses and wire types, and a Go client.
//
// The key order of a body is the order of its struct fields; a key that may
// be null is a pointer and always present; lists are never null. The package
// decides nothing: it neither checks rights nor knows routes' handlers, and it
// imports no router.
package httpapi

import (
	"bytes"
	"encoding/json"
)

// ContentType is the content type of every JSON answer.
const ContentType = "application/json"

// Marshal encodes a body as the contract wants it: compact, without the
// escapes that only matter inside HTML, without a final line break.
func Marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// List is a JSON array that is written as [] when it is nil.
type List[T any] []T

// MarshalJSON writes the elements, and [] for nil.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return Marshal([]T(l))
}
