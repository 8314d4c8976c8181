package importer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
)

// parser reads valid JSON, which may also have the words of bareWord.
type parser struct {
	b    []byte
	nans int64 // values that were NaN
}

// peek returns the next byte that is not white space.
func (p *parser) peek() byte {
	p.b = bytes.TrimLeft(p.b, " \t\r\n")
	return p.b[0]
}

// skip consumes the next byte that is not white space, if it is c.
func (p *parser) skip(c byte) bool {
	if p.b = bytes.TrimLeft(p.b, " \t\r\n"); len(p.b) == 0 || p.b[0] != c {
		return false
	}
	p.b = p.b[1:]
	return true
}

// cell reads the next value. Values that JSON cannot express may be objects:
// see tagged.
func (p *parser) cell() cell {
	switch p.peek() {
	case '"':
		raw := p.take(textEnd(p.b))
		if bytes.IndexByte(raw, '\\') < 0 {
			return cell{text, raw[1 : len(raw)-1]}
		}
		var s string
		_ = json.Unmarshal(raw, &s) // it is valid
		return cell{text, []byte(s)}
	case '{':
		raw := p.take(nestedEnd(p.b))
		if c, ok := tagged(raw); ok {
			return c
		}
		return cell{text, raw}
	case '[':
		return cell{text, p.take(nestedEnd(p.b))}
	}
	n := bytes.IndexAny(p.b, ",]} \t\r\n")
	if n < 0 {
		n = len(p.b)
	}
	raw := p.take(n)
	switch c := raw[len(raw)-1]; {
	case string(raw) == "true":
		return cell{integer, []byte("1")}
	case string(raw) == "false":
		return cell{integer, []byte("0")}
	case string(raw) == "null":
		return cell{}
	case c >= '0' && c <= '9':
		return numeral(raw)
	}
	if raw[0] == 'N' || raw[0] == 'n' {
		p.nans++
		return cell{}
	}
	return cell{real, infinite(raw[0] == '-')}
}

func infinite(negative bool) []byte {
	if negative {
		return []byte("-Infinity")
	}
	return []byte("Infinity")
}

func (p *parser) take(n int) []byte {
	raw := p.b[:n]
	p.b = p.b[n:]
	return raw
}

// textEnd returns the end of the JSON string at the front.
func textEnd(b []byte) int {
	for i := 1; ; i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// nestedEnd returns the end of the object or array at the front.
func nestedEnd(b []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch b[i] {
		case '"':
			i += textEnd(b[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

// tagged reads an object that stands for one value: {"base64":"…"},
// {"integer":"…"} and {"real":"…"}, the form of query parameters and exports,
// with "as":"text" for a TEXT that is not UTF-8; and
// {"$base64":true,"encoded":"…"} of sqlite-utils. ok is false for other
// objects, however similar.
func tagged(raw []byte) (cell, bool) {
	p := parser{b: raw[1:]}
	if p.peek() != '"' {
		return cell{}, false
	}
	name := string(p.cell().data)
	switch name {
	case "base64", "integer", "real":
	case "$base64":
		var second cell
		if !p.skip(':') || !bytes.HasPrefix(bytes.TrimLeft(p.b, " \t\r\n"), []byte("true")) {
			return cell{}, false
		}
		_ = p.cell()
		if !p.skip(',') {
			return cell{}, false
		}
		if second = p.cell(); string(second.data) != "encoded" {
			return cell{}, false
		}
		name = "base64"
	default:
		return cell{}, false
	}
	if !p.skip(':') || p.peek() != '"' {
		return cell{}, false
	}
	value := p.cell().data
	kind := blob
	if p.skip(',') {
		if name != "base64" || string(p.cell().data) != "as" || !p.skip(':') || string(p.cell().data) != "text" {
			return cell{}, false
		}
		kind = text
	}
	if !p.skip('}') {
		return cell{}, false
	}
	return value64(name, value, kind)
}

// value64 makes a cell of the content of a tagged object.
func value64(name string, value []byte, kind cellKind) (cell, bool) {
	switch name {
	case "integer":
		if _, err := strconv.ParseInt(string(value), 10, 64); err != nil {
			return cell{}, false
		}
		return cell{integer, value}, true
	case "real":
		switch string(value) {
		case "Infinity", "-Infinity":
			return cell{real, value}, true
		}
		c := bytes.Trim(value, "+-.eE0123456789")
		f, err := strconv.ParseFloat(string(value), 64)
		if len(c) > 0 || err != nil || math.IsInf(f, 0) {
			return cell{}, false
		}
		return cell{real, value}, true
	}
	b, err := base64.StdEncoding.Strict().AppendDecode(nil, value)
	return cell{kind, b}, err == nil
}

// bareWords are written by programs for numbers that JSON cannot express: NaN
// and Infinity by Python, DuckDB and sqlite-utils, Inf by the sqlite3 shell.
var bareWords = []string{"-Infinity", "Infinity", "-infinity", "infinity", "-Inf", "Inf", "-inf", "inf", "NaN", "nan", "NAN"}

// valid reports whether the row is JSON, apart from such words.
func (r *jsonRows) valid() bool {
	if json.Valid(r.data) {
		return true
	}
	r.plain = append(r.plain[:0], r.data...)
	return replaceBareWords(r.plain) && json.Valid(r.plain)
}

// replaceBareWords replaces each such word by 0 and reports whether there was
// one.
func replaceBareWords(b []byte) (some bool) {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case c == '-' || c == 'I' || c == 'i' || c == 'N' || c == 'n':
			if n := bareWord(b[i:]); n > 0 {
				copy(b[i:], "0            "[:n])
				i += n - 1
				some = true
			}
		}
	}
	return some
}

// bareWord returns the length of the word at the front, or 0.
func bareWord(b []byte) int {
	for _, w := range bareWords {
		if bytes.HasPrefix(b, []byte(w)) && (len(b) == len(w) || bytes.IndexByte([]byte(",]} \t\r\n"), b[len(w)]) >= 0) {
			return len(w)
		}
	}
	return 0
}

// numeral makes a cell of a JSON number. Without a point and an exponent it is
// an INTEGER. If it would lose a digit, it stays a text.
func numeral(raw []byte) cell {
	switch exponent := bytes.ContainsAny(raw, "eE"); {
	case !exponent && bytes.IndexByte(raw, '.') < 0:
		if _, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			return cell{integer, raw}
		}
	case !exponent && len(raw) <= 16: // 15 digits are always exact
		return cell{real, raw}
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	digits, exp := normal(raw)
	switch {
	case math.IsInf(f, 0) && infinitely(raw): // as SQLite writes it
		return cell{real, infinite(raw[0] == '-')}
	case err != nil || len(digits) > maxDigits:
		return cell{number, raw}
	}
	// Written with as many digits, the number in the database has exactly these
	// digits.
	kept, keptExp := normal(strconv.AppendFloat(nil, f, 'e', max(len(digits)-1, 0), 64))
	if !bytes.Equal(digits, kept) || exp != keptExp {
		return cell{number, raw}
	}
	return cell{real, raw}
}

// maxDigits is the length of the longest exact decimal form of a REAL.
const maxDigits = 767

// infinitely reports whether a number is one that SQLite writes for infinity:
// 1e999, 9.0e+999.
func infinitely(raw []byte) bool {
	i := bytes.IndexAny(raw, "eE")
	return i >= 0 && string(bytes.TrimPrefix(raw[i+1:], []byte{'+'})) == "999"
}
