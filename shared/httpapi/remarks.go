package httpapi

import (
	"encoding/json"
	"net/http"
	"unicode/utf16"
	"unicode/utf8"
)

// RemarksHeader is the header, or of an answer that was sent as it came the
// trailer, in which an export tells what its format cannot hold: an array of
// sentences, as JSON in ASCII.
const RemarksHeader = "Ayb-Remarks"

// EncodeRemarks gives the value of RemarksHeader.
func EncodeRemarks(sentences []string) string {
	const digits = "0123456789abcdef"
	text, err := Marshal(sentences)
	if err != nil { // texts always encode
		panic(err)
	}
	ascii := make([]byte, 0, len(text))
	for _, c := range string(text) {
		if c < utf8.RuneSelf {
			ascii = append(ascii, byte(c))
			continue
		}
		for _, u := range utf16.Encode([]rune{c}) {
			ascii = append(ascii, '\\', 'u', digits[u>>12], digits[u>>8&15], digits[u>>4&15], digits[u&15])
		}
	}
	return string(ascii)
}

// Remarks gives those of an answer that has been read to its end. What is not
// a value of RemarksHeader is none.
func Remarks(resp *http.Response) (sentences []string) {
	value := resp.Header.Get(RemarksHeader)
	if value == "" {
		value = resp.Trailer.Get(RemarksHeader)
	}
	if value == "" || json.Unmarshal([]byte(value), &sentences) != nil {
		return nil
	}
	return sentences
}
