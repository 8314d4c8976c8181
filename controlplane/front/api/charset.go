package api

import (
	"bytes"
	"encoding/binary"
	"mime"
	"net/http"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// queryText returns the text of a query as UTF-8. The daemon checks the encoding
// of JSON when it parses it.
func queryText(contentType string, form daemonapi.Form, body []byte) ([]byte, error) {
	if form == daemonapi.FormSQL {
		return sqlText(contentType, body)
	}
	if charset := charsetOf(contentType); charset != "utf-8" && charset != "utf8" {
		return nil, httpapi.WithStatus(http.StatusUnsupportedMediaType,
			errs.E(errs.Unsupported, "The charset %s is not supported for JSON; send it as UTF-8", httpapi.Printable(charset)))
	}
	return body, nil
}

// charsetOf returns the charset of a content type; utf-8 is the default, also for
// a malformed content type.
func charsetOf(contentType string) string {
	if strings.ContainsRune(contentType, ';') {
		if _, p, err := mime.ParseMediaType(contentType); err == nil && p["charset"] != "" {
			return strings.ToLower(p["charset"])
		}
	}
	return "utf-8"
}

// sqlText converts a body from the charset of its content type to UTF-8.
func sqlText(contentType string, body []byte) ([]byte, error) {
	charset := charsetOf(contentType)
	text, ok := body, true
	switch charset {
	case "utf-8", "utf8":
		ok = utf8.Valid(body)
	case "us-ascii", "ascii":
		ok = !bytes.ContainsFunc(body, func(r rune) bool { return r >= utf8.RuneSelf })
	case "iso-8859-1", "latin1":
		text = fromLatin1(body)
	case "utf-16":
		text, ok = fromUTF16(body, nil)
	case "utf-16le":
		text, ok = fromUTF16(body, binary.LittleEndian)
	case "utf-16be":
		text, ok = fromUTF16(body, binary.BigEndian)
	default:
		return nil, httpapi.WithStatus(http.StatusUnsupportedMediaType,
			errs.E(errs.Unsupported, "The charset %s is not supported; send the SQL as UTF-8", httpapi.Printable(charset)))
	}
	if !ok {
		return nil, errs.E(errs.Invalid, "The SQL text is not valid %s", strings.ToUpper(charset))
	}
	return text, nil
}

func fromLatin1(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

// fromUTF16 decodes UTF-16. Without a byte order it obeys the byte order mark; the
// default is little-endian, as in browsers.
func fromUTF16(b []byte, order binary.ByteOrder) ([]byte, bool) {
	if len(b)%2 != 0 {
		return nil, false
	}
	if order == nil {
		order = binary.LittleEndian
		switch {
		case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
			order, b = binary.BigEndian, b[2:]
		case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
			b = b[2:]
		}
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i += 2 {
		r := rune(order.Uint16(b[i:]))
		if utf16.IsSurrogate(r) {
			if i += 2; i >= len(b) {
				return nil, false
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(b[i:]))); r == utf8.RuneError {
				return nil, false
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out, true
}
