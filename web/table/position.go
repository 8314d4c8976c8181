package table

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/ayb-go/ayb/shared/errs"
)

// Position is the place of a row: the values that the rows are sorted by, as JSON of
// the typed API.
type Position []json.RawMessage

// maxPositionBytes limits a position in an address.
const maxPositionBytes = 6 << 10

// String returns the position as it stands in an address: base64url of a JSON array.
func (p Position) String() string {
	text, err := json.Marshal(p)
	if err != nil { // the values come from JSON
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// ParsePosition reads String. The error is Invalid. The values are not trusted: they
// are only ever used as parameters.
func ParsePosition(s string) (Position, error) {
	broken := errs.E(errs.Invalid, "The address of the page is broken; go to the first page")
	if len(s) > maxPositionBytes {
		return nil, broken
	}
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, broken
	}
	var p Position
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&p); err != nil || len(p) == 0 || d.More() {
		return nil, broken
	}
	return p, nil
}
