package errs

import "encoding/json"

// wire is the encoding of an error between processes. Fields may be added, but
// not renamed or removed.
type wire struct {
	Code    Code              `json:"code"`
	Message string            `json:"message"`
	Attrs   map[string]string `json:"attrs,omitempty"`
}

// Marshal encodes the public part of err for another process of the server. The
// cause is left out.
func Marshal(err error) []byte {
	p := Public(err)
	b, merr := json.Marshal(wire{p.Code, p.Message, p.Attrs})
	if merr != nil { // strings and maps of strings can always be encoded
		return []byte(`{"code":"internal","message":"an error could not be encoded"}`)
	}
	return b
}

// Unmarshal is the inverse of Marshal. For bytes that are not an encoded error it
// returns an Internal error.
func Unmarshal(b []byte) *Error {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil || w.Code == "" {
		return &Error{Code: Internal, Message: "An answer between two parts of the server could not be read.", cause: err}
	}
	return &Error{Code: w.Code, Message: w.Message, Attrs: w.Attrs}
}
