package errs

import "encoding/json"

// wire is the form of an error between processes. Fields are only added.
type wire struct {
	Code    Code              `json:"code"`
	Message string            `json:"message"`
	Attrs   map[string]string `json:"attrs,omitempty"`
}

// Marshal encodes the public part of err for another process of ours.
// The cause stays behind.
func Marshal(err error) []byte {
	p := Public(err)
	b, merr := json.Marshal(wire{p.Code, p.Message, p.Attrs})
	if merr != nil { // strings and maps of strings always encode
		return []byte(`{"code":"internal","message":"an error could not be encoded"}`)
	}
	return b
}

// Unmarshal is the inverse of Marshal. Bytes that are not an encoded error
// give an Internal error.
func Unmarshal(b []byte) *Error {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil || w.Code == "" {
		return &Error{Code: Internal, Message: "An answer between two parts of the server could not be read.", cause: err}
	}
	return &Error{Code: w.Code, Message: w.Message, Attrs: w.Attrs}
}
