package daemonapi

import (
	"bytes"
	"encoding/json"
)

// remarksByte begins the end of an export when that is no data but remarks. No
// form of data that is text has this byte.
const remarksByte = 0

// PackRemarks makes the end of an export of text that has something to tell of
// the data: what the format cannot hold.
func PackRemarks(sentences []string) ([]byte, error) {
	b, err := json.Marshal(sentences)
	return append([]byte{remarksByte}, b...), err
}

// RemarksAt is where remarks may begin in data, -1 if they do not.
func RemarksAt(data []byte) int { return bytes.IndexByte(data, remarksByte) }

// UnpackRemarks tells whether the end of an export of text, from RemarksAt on, is
// remarks, and gives them.
func UnpackRemarks(end []byte) (sentences []string, ok bool) {
	rest, ok := bytes.CutPrefix(end, []byte{remarksByte})
	if !ok || json.Unmarshal(rest, &sentences) != nil {
		return nil, false
	}
	return sentences, true
}
