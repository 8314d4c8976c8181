package httpapi

import (
	"encoding/json"
	"net/http"
	"unicode/utf16"
	"unicode/utf8"
)

// RemarksHeader is the header, or the trailer of a streamed answer, with the remarks
// of an export on data that its format cannot represent: a JSON array of sentences,
// in ASCII.
const RemarksHeader = "Ayb-Remarks"

// EncodeRemarks returns the value of RemarksHeader.
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

// Remarks returns the remarks of an answer that was read to its end. An invalid header
// counts as no remarks.
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
