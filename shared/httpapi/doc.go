// Package httpapi is the HTTP contract of ayb for both ends: paths, header names,
// JSON bodies, the table of error codes, statuses and wire types, and a Go client.
// It contains no handlers and no permission checks, and it imports no router.
//
// The keys of a body are in the order of its struct fields. A key that may be null
// is a pointer and always present. Lists are never null.
//
// It is one package of many files because a body and the client's method for it
// change together: each file holds both for one noun.
package httpapi

import (
	"bytes"
	"encoding/json"
)

// ContentType is the content type of every JSON answer.
const ContentType = "application/json"

// Marshal encodes a body: compact, without HTML escapes, and without a final line
// break.
func Marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// List is a JSON array. A nil List is encoded as [].
type List[T any] []T

// MarshalJSON implements json.Marshaler.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return Marshal([]T(l))
}
