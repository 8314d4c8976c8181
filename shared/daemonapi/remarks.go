package daemonapi

import (
	"bytes"
	"encoding/json"
)

// remarksByte begins the remarks at the end of an export. No text format
// contains this byte.
const remarksByte = 0

// PackRemarks encodes the end of a text export: remarks about properties of the
// data that the format cannot represent.
func PackRemarks(sentences []string) ([]byte, error) {
	b, err := json.Marshal(sentences)
	return append([]byte{remarksByte}, b...), err
}

// RemarksAt is the index at which remarks may begin in data, or -1.
func RemarksAt(data []byte) int { return bytes.IndexByte(data, remarksByte) }

// UnpackRemarks decodes the end of a text export, from RemarksAt on. ok is
// false when it holds no remarks.
func UnpackRemarks(end []byte) (sentences []string, ok bool) {
	rest, ok := bytes.CutPrefix(end, []byte{remarksByte})
	if !ok || json.Unmarshal(rest, &sentences) != nil {
		return nil, false
	}
	return sentences, true
}
