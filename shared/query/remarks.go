package query

import (
	"bytes"
	"encoding/json"
)

// remarksMark begins the last chunk of an export when that is no data but
// remarks. No form of data that is text has this byte.
const remarksMark = 0

// PackRemarks makes the last chunk of an export of text that has something to
// tell of the data: what the format cannot hold.
func PackRemarks(sentences []string) ([]byte, error) {
	b, err := json.Marshal(sentences)
	return append([]byte{remarksMark}, b...), err
}

// UnpackRemarks tells whether the last chunk of an export of text is remarks,
// and gives them.
func UnpackRemarks(chunk []byte) (sentences []string, ok bool) {
	rest, ok := bytes.CutPrefix(chunk, []byte{remarksMark})
	if !ok || json.Unmarshal(rest, &sentences) != nil {
		return nil, false
	}
	return sentences, true
}
