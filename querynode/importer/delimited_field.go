package importer

import (
	"bytes"
)

// field reads one field. It reports whether the field is the last of its row,
// and whether a line end ended it.
func (r *delimited) field() (last, ended bool) {
	begin := len(r.data)
	switch {
	case r.trim:
		r.blanks()
	case r.lead:
		if b := r.ahead(2); len(b) == 2 && b[0] == ' ' && b[1] == r.quote {
			r.at++
		}
	}
	quoted := r.fillByte() && r.quote != 0 && r.buf[r.at] == r.quote
	if quoted {
		if r.isNull() {
			r.at += 2
			r.ended(false, true)
			return r.separator()
		}
		r.inQuotes()
		r.blanks()
	}
	for r.fillByte() {
		i := r.at
		for i < r.end && !r.special[r.buf[i]] {
			i++
		}
		if i > r.at {
			r.stray = r.stray || quoted
			r.add(r.buf[r.at:i])
			r.at = i
		}
		if i == r.end {
			continue
		}
		if r.buf[i] == r.escape && r.bare() {
			if len(r.data) == begin && r.isNull() {
				r.at += 2
				r.ended(false, true)
				return r.separator()
			}
			r.escaped()
			continue
		}
		break
	}
	if r.trim && !quoted {
		r.data = append(r.data[:begin], bytes.TrimRight(r.data[begin:], " \t")...)
	}
	r.ended(quoted, false)
	return r.separator()
}

// isNull reports whether the field is \N, or "N where the quote is the escape
// character.
func (r *delimited) isNull() bool {
	if !r.twin && !r.codes || r.twin != (r.buf[r.at] == r.quote) {
		return false
	}
	b := r.ahead(3)
	if len(b) < 2 || b[1] != 'N' {
		return false
	}
	return len(b) == 2 || b[2] == '\n' || b[2] == '\r' || r.delimiter != 0 && b[2] == r.delimiter
}

// run skips repeated delimiters.
func (r *delimited) run() {
	for r.runs && r.fillByte() && r.buf[r.at] == r.delimiter {
		r.at++
	}
}

// blanks skips blanks around a quoted field.
func (r *delimited) blanks() {
	for r.fillByte() && (r.buf[r.at] == ' ' || r.buf[r.at] == '\t') && r.buf[r.at] != r.delimiter {
		r.at++
	}
}

// separator reads the end of a field. It reports whether the row ends, and
// whether that is a line end.
func (r *delimited) separator() (last, ended bool) {
	if !r.fillByte() {
		return true, false
	}
	c := r.buf[r.at]
	r.at++
	if c == r.delimiter && c != 0 {
		if !r.runs {
			return false, false
		}
		r.run()
		if !r.fillByte() {
			return true, false
		}
		if c = r.buf[r.at]; c != '\n' && c != '\r' {
			return false, false
		}
		r.at++
	}
	r.line++
	r.crlf = false
	if c == '\r' && r.fillByte() && r.buf[r.at] == '\n' {
		r.at++
		r.crlf = true
	}
	return true, true
}

func (r *delimited) ended(quoted, null bool) {
	if len(r.fields) <= maxColumns { // one more shows that the row is too wide
		r.fields = append(r.fields, field{len(r.data), quoted, null})
	}
}

func (r *delimited) add(b []byte) {
	if len(r.data)+len(b) > r.most {
		r.large = true
		return
	}
	r.data = append(r.data, b...)
}

// inQuotes reads from an opening quote to the closing one.
func (r *delimited) inQuotes() {
	r.at++
	for r.fillByte() {
		part := r.buf[r.at:r.end]
		i := bytes.IndexByte(part, r.quote)
		if i >= 0 {
			part = part[:i]
		}
		if r.escape != 0 {
			if k := bytes.IndexByte(part, r.escape); k >= 0 {
				r.taken(part[:k])
				r.escaped()
				continue
			}
		}
		r.taken(part)
		if i >= 0 && r.closes() {
			return
		}
	}
	r.open = true
}

// closes reads a quote within quotes and reports whether it closes them.
func (r *delimited) closes() bool {
	b := r.ahead(2)
	switch {
	case r.loose || r.twin:
		if len(b) == 1 || b[1] == '\n' || b[1] == '\r' || r.delimiter != 0 && b[1] == r.delimiter {
			r.at++
			return true
		}
		switch {
		case r.loose:
			r.add(b[:1])
			r.at++
		case b[1] == '0':
			r.add([]byte{0})
			r.at += 2
		default:
			r.add(b[1:2])
			r.at += 2
		}
		return false
	case len(b) == 1 || b[1] != r.quote:
		r.at++
		return true
	}
	r.add(b[:1]) // a doubled quote is one quote
	r.at += 2
	return false
}

// taken adds a part of a quoted field.
func (r *delimited) taken(part []byte) {
	if i := bytes.IndexByte(part, '\n'); i >= 0 {
		r.broke(i + 1)
		r.line += int64(bytes.Count(part, []byte{'\n'}))
	}
	r.add(part)
	r.at += len(part)
}

// broke records that the next line begins n bytes after the present position.
func (r *delimited) broke(n int) {
	if r.second == 0 {
		r.second = r.offset() + int64(n)
	}
}

// codes maps letters after an escape to their bytes.
var codes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '0': 0, 'b': '\b', 'f': '\f', 'v': '\v', 'Z': 26}

// escaped reads an escape and the character after it.
func (r *delimited) escaped() {
	b := r.ahead(2)
	if len(b) == 1 {
		r.add(b)
		r.at++
		return
	}
	c := b[1]
	stands, isCode := codes[c]
	switch {
	case c == r.quote && c != 0, c == r.escape, r.bare() && (c == '\n' || c == '\r' || c == r.delimiter && c != 0):
		if c == '\n' {
			r.broke(2)
			r.line++
		}
		r.add(b[1:2])
	case r.codes && isCode:
		r.add([]byte{stands})
	default: // the escape is a plain character
		r.add(b[:1])
		r.at++
		return
	}
	r.at += 2
}
