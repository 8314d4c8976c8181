package importer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
)

// parser goes over valid JSON, in which there may also be the words of
// bareWord.
type parser struct {
	b    []byte
	nans int64 // values that were not a number
}

// peek returns the next byte that is not white space.
func (p *parser) peek() byte {
	p.b = bytes.TrimLeft(p.b, " \t\r\n")
	return p.b[0]
}

// skip takes the next byte that is not white space, if it is this one.
func (p *parser) skip(c byte) bool {
	if p.b = bytes.TrimLeft(p.b, " \t\r\n"); len(p.b) == 0 || p.b[0] != c {
		return false
	}
	p.b = p.b[1:]
	return true
}

// cell takes the next value. One that JSON has no form for may be an object:
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

// textEnd is where a JSON string ends that begins at the front.
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

// nestedEnd is where an object or array ends that begins at the front.
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
// {"integer":"…"} and {"real":"…"} as parameters of a query are written and
// exports write them, with "as":"text" for a TEXT that is not UTF-8;
// {"$base64":true,"encoded":"…"} of sqlite-utils. An object that is only like
// one of these is none.
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

// value64 makes a cell of what stands in a tagged object.
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

// bareWords are what programs write that have numbers for which JSON has no
// form: Python, DuckDB and sqlite-utils NaN and Infinity, the sqlite3 shell Inf.
var bareWords = []string{"-Infinity", "Infinity", "-infinity", "infinity", "-Inf", "Inf", "-inf", "inf", "NaN", "nan", "NAN"}

// valid reports whether what has been read is JSON, but for such words.
func (r *jsonRows) valid() bool {
	if json.Valid(r.data) {
		return true
	}
	r.plain = append(r.plain[:0], r.data...)
	return replaceBareWords(r.plain) && json.Valid(r.plain)
}

// replaceBareWords puts a 0 in the place of each such word, and reports whether there was
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

// bareWord is the length of the word at the front, 0 if it is none of them.
func bareWord(b []byte) int {
	for _, w := range bareWords {
		if bytes.HasPrefix(b, []byte(w)) && (len(b) == len(w) || bytes.IndexByte([]byte(",]} \t\r\n"), b[len(w)]) >= 0) {
			return len(w)
		}
	}
	return 0
}

// numeral makes a cell of a number of JSON, by its spelling: without a point
// and an exponent it is an INTEGER. It stays a text if it would lose a digit.
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
	// It is what the number in the database is when it is written with as many
	// digits: they are all there.
	kept, keptExp := normal(strconv.AppendFloat(nil, f, 'e', max(len(digits)-1, 0), 64))
	if !bytes.Equal(digits, kept) || exp != keptExp {
		return cell{number, raw}
	}
	return cell{real, raw}
}

// maxDigits is as many as the longest exact decimal form of a REAL has.
const maxDigits = 767

// infinitely reports whether a number is one of those that SQLite writes for an
// infinite one: 1e999, 9.0e+999.
func infinitely(raw []byte) bool {
	i := bytes.IndexAny(raw, "eE")
	return i >= 0 && string(bytes.TrimPrefix(raw[i+1:], []byte{'+'})) == "999"
}
