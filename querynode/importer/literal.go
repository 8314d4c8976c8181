package importer

import (
	"bytes"
	"encoding/hex"
)

// literal reads a field without quotes that is an SQL literal: X'0AFF' for a
// BLOB, and CAST(X'0AFF' AS TEXT) for a TEXT that is not UTF-8. Our exports
// write both, and the SQLite shell writes BLOBs so.
func literal(field []byte) (cell, bool) {
	kind := blob
	if inner, ok := bytes.CutPrefix(field, []byte("CAST(")); ok {
		if inner, ok = bytes.CutSuffix(inner, []byte(" AS TEXT)")); !ok {
			return cell{}, false
		}
		field, kind = inner, text
	}
	if len(field) < 3 || field[0] != 'X' && field[0] != 'x' || field[1] != '\'' || field[len(field)-1] != '\'' {
		return cell{}, false
	}
	b, err := hex.AppendDecode(nil, field[2:len(field)-1])
	if b == nil {
		b = []byte{}
	}
	return cell{kind, b}, err == nil
}
