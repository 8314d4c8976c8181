package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// Wire types: the only values of `type` in an error body. Older clients cannot decode
// others.
const (
	TypeOther          = "Other"
	TypeUnauthorized   = "Unauthorized"
	TypeInvalidToken   = "InvalidToken"
	TypeInvalidSlug    = "InvalidSlug"
	TypeRegistration   = "RegistrationError"
	TypeRecordNotFound = "RecordNotFound"
	TypeEmptyUpdate    = "EmptyUpdateError"
	TypeNoWriteAccess  = "NoWriteAccessError"
	TypeOwner          = "CantSetOwnerPermissions"
	TypeQuery          = "QueryError"
	TypeEmail          = "EmailError"
	TypeNoSnapshot     = "SnapshotDoesNotExistError"
	TypeSnapshot       = "SnapshotError"
	TypeS3Execution    = "S3ExecutionError"
	TypeS3Connection   = "S3ConnectionError"
	TypeDurationParse  = "DurationParseError"
	TypeConfiguration  = "ConfigurationError"
)

// mapping is the status and the wire type of a code.
type mapping struct {
	code   errs.Code
	status int
	typ    string
}

// table is used in both directions. From a code, the first row with the code counts.
// From the wire, it is the first row with the same type and status, then the first
// with the same type. For the type Other, the status counts.
//
//   - Hidden is for an authenticated caller. For an anonymous one the services
//     return Unauthenticated.
//   - An invalid log-in token is Invalid: InvalidToken is for API tokens.
//   - Canceled has no status in the standard, and usually no reader. 408 is the
//     nearest one.
//   - NotFound without a record (an unknown path) is Other.
var table = []mapping{
	{errs.Invalid, http.StatusBadRequest, TypeOther},
	{errs.SQL, http.StatusBadRequest, TypeOther},
	{errs.Unsupported, http.StatusBadRequest, TypeOther},
	{errs.InvalidSlug, http.StatusBadRequest, TypeInvalidSlug},
	{errs.Registration, http.StatusBadRequest, TypeRegistration},
	{errs.EmptyUpdate, http.StatusBadRequest, TypeEmptyUpdate},
	{errs.OwnerPermissions, http.StatusBadRequest, TypeOwner},
	{errs.Unauthenticated, http.StatusUnauthorized, TypeUnauthorized},
	{errs.InvalidToken, http.StatusUnauthorized, TypeInvalidToken},
	{errs.Unauthenticated, http.StatusUnauthorized, TypeOther},
	{errs.Hidden, http.StatusForbidden, TypeUnauthorized},
	{errs.Forbidden, http.StatusForbidden, TypeOther},
	{errs.ReadOnly, http.StatusForbidden, TypeNoWriteAccess},
	{errs.NotFound, http.StatusNotFound, TypeRecordNotFound},
	{errs.NotFound, http.StatusNotFound, TypeOther},
	{errs.NoSnapshot, http.StatusNotFound, TypeNoSnapshot},
	{errs.Timeout, http.StatusRequestTimeout, TypeOther},
	{errs.Canceled, http.StatusRequestTimeout, TypeOther},
	{errs.Conflict, http.StatusConflict, TypeOther},
	{errs.TooLarge, http.StatusRequestEntityTooLarge, TypeOther},
	{errs.RateLimited, http.StatusTooManyRequests, TypeOther},
	{errs.Internal, http.StatusInternalServerError, TypeOther},
	{errs.Engine, http.StatusInternalServerError, TypeQuery},
	{errs.Snapshot, http.StatusInternalServerError, TypeSnapshot},
	{errs.Snapshot, http.StatusInternalServerError, TypeDurationParse},
	{errs.Internal, http.StatusInternalServerError, TypeConfiguration},
	{errs.Mail, http.StatusBadGateway, TypeEmail},
	{errs.ObjectStore, http.StatusBadGateway, TypeS3Execution},
	{errs.ObjectStore, http.StatusBadGateway, TypeS3Connection},
	{errs.Unavailable, http.StatusServiceUnavailable, TypeOther},
	{errs.Full, http.StatusInsufficientStorage, TypeOther},
	{errs.DiskFull, http.StatusInsufficientStorage, TypeOther},
}

// Attributes that are keys of some error bodies only.
const (
	attrID         = "id"
	attrRecordType = "record_type"
	attrType       = "type"
)

// Extra keys of an error in a statement.
const (
	AttrStatement  = "statement"
	AttrSQLiteCode = "sqlite_code"
	AttrOffset     = "offset"
)

// ErrorBody is the JSON of an error: `type`, then `message`, or `id` and
// `record_type` for RecordNotFound, then the extra keys in alphabetical order.
// SnapshotDoesNotExistError has no message. Some extra keys are numbers.
type ErrorBody struct {
	Type       string
	Message    string
	ID         string
	RecordType string
	Extra      map[string]string
}

// MarshalJSON writes the keys of the type in their order.
func (b ErrorBody) MarshalJSON() ([]byte, error) {
	pairs := []string{"type", b.Type}
	switch b.Type {
	case TypeRecordNotFound:
		pairs = append(pairs, attrID, b.ID, attrRecordType, b.RecordType)
	case TypeNoSnapshot:
	default:
		pairs = append(pairs, "message", b.Message)
	}
	for _, k := range slices.Sorted(maps.Keys(b.Extra)) {
		pairs = append(pairs, k, b.Extra[k])
	}
	var buf bytes.Buffer
	for i, s := range pairs {
		text := []byte(s)
		if i%2 == 0 || !isNumber(pairs[i-1], s) {
			var err error
			if text, err = Marshal(s); err != nil {
				return nil, err
			}
		}
		switch {
		case i == 0:
			buf.WriteByte('{')
		case i%2 == 1:
			buf.WriteByte(':')
		default:
			buf.WriteByte(',')
		}
		buf.Write(text)
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// isNumber reports whether the value of a key is a number: the index of the statement,
// the result code of SQLite, or the byte offset of the error in the statement.
func isNumber(key, value string) bool {
	switch key {
	case AttrStatement, AttrSQLiteCode, AttrOffset:
		n, err := strconv.Atoi(value)
		return err == nil && n >= 0 && strconv.Itoa(n) == value
	}
	return false
}

// ErrorLine is the last line of an NDJSON answer that failed after its start.
type ErrorLine struct {
	Error ErrorBody `json:"error"`
}

// statusError is an error with a status that its code does not have.
type statusError struct {
	status int
	err    error
}

// WithStatus returns err with a status that only HTTP has, such as 405 or 415.
func WithStatus(status int, err error) error { return &statusError{status, err} }

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// SetRetryAfter sets the header Retry-After if err has the attribute
// errs.AttrRetryAfter.
func SetRetryAfter(h http.Header, err error) {
	if wait := errs.Public(err).Attrs[errs.AttrRetryAfter]; wait != "" {
		h.Set("Retry-After", wait)
	}
}

// FromError returns the status and the body of an error: its public part only.
// An error without a code becomes a 500 that does not reveal the cause.
func FromError(err error) (status int, body ErrorBody) {
	e := errs.Public(err)
	m := table[slices.IndexFunc(table, func(m mapping) bool { return m.code == errs.Internal })]
	if i := slices.IndexFunc(table, func(m mapping) bool { return m.code == e.Code }); i >= 0 {
		m = table[i]
	}
	body = ErrorBody{Type: m.typ, Message: e.Message}
	if t := e.Attrs[attrType]; knownType(t) {
		body.Type = t
	}
	if body.Type == TypeRecordNotFound && e.Attrs[attrRecordType] == "" {
		body.Type = TypeOther
	}
	for k, v := range e.Attrs {
		switch {
		case k == attrID && body.Type == TypeRecordNotFound:
			body.ID = v
		case k == attrRecordType && body.Type == TypeRecordNotFound:
			body.RecordType = v
		case k == attrType || k == "message":
		default:
			if body.Extra == nil {
				body.Extra = map[string]string{}
			}
			body.Extra[k] = v
		}
	}
	if s, ok := errors.AsType[*statusError](err); ok {
		return s.status, body
	}
	return m.status, body
}

// ToError decodes a failed answer. It is the inverse of FromError, as far as the wire
// distinguishes codes. For a body that is not an error object, the error contains the
// reason and the status.
func ToError(status int, body []byte) *errs.Error {
	var keys map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // an offset keeps its spelling
	if err := d.Decode(&keys); err != nil {
		reason := "the body is not JSON"
		if len(bytes.TrimSpace(body)) == 0 {
			reason = "the body is empty"
		}
		return unreadable(status, reason, err)
	}
	typ, _ := keys["type"].(string)
	message, _ := keys["message"].(string)
	if typ == "" {
		return unreadable(status, "the body has no error type", nil)
	}
	e := errs.E(codeOf(status, typ, keys), "%s", message)
	for k, v := range keys {
		if k == "type" || k == "message" || v == nil {
			continue
		}
		e = e.With(k, fmt.Sprint(v))
	}
	switch typ {
	case TypeRecordNotFound:
		e.Message = fmt.Sprintf("No %s %s", e.Attrs[attrRecordType], e.Attrs[attrID])
	case TypeNoSnapshot:
		e.Message = "No snapshot has this id"
	}
	if _, back := FromError(e); back.Type != typ {
		e = e.With(attrType, typ)
	}
	return e
}

// WireType returns the `type` of an error on the wire.
func WireType(err error) string {
	_, body := FromError(err)
	return body.Type
}

func knownType(typ string) bool {
	return slices.ContainsFunc(table, func(m mapping) bool { return m.typ == typ })
}

// codeOf returns the code of an answer. The key sqlite_code distinguishes SQL errors
// from other invalid input, and the key reason a full disk from a full database.
func codeOf(status int, typ string, keys map[string]any) errs.Code {
	if _, ok := keys[AttrSQLiteCode]; ok && typ == TypeOther && status == http.StatusBadRequest {
		return errs.SQL
	}
	if r := keys[errs.AttrReason]; status == http.StatusInsufficientStorage && (r == errs.ReasonDisk || r == errs.ReasonTemp) {
		return errs.DiskFull
	}
	matches := []func(mapping) bool{
		func(m mapping) bool { return m.typ == typ && m.status == status },
		func(m mapping) bool { return m.typ == typ && typ != TypeOther },
		func(m mapping) bool { return m.typ == TypeOther && m.status == status },
	}
	for _, match := range matches {
		if i := slices.IndexFunc(table, match); i >= 0 {
			return table[i].code
		}
	}
	switch {
	case status >= 400 && status < 500:
		return errs.Invalid
	case status == http.StatusBadGateway || status == http.StatusGatewayTimeout: // of a proxy
		return errs.Unavailable
	}
	return errs.Internal
}

func unreadable(status int, reason string, cause error) *errs.Error {
	text := strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
	return errs.Wrap(codeOf(status, "", nil), cause, "Unable to parse error response: %s, response code: %s", reason, text)
}
