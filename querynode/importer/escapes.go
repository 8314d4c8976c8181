package importer

import (
	"bytes"
)

// escapes counts how backslashes occur in a text.
type escapes struct {
	letters int // before letters that are codes
	doubled int
	null    int // \N as an entire field
	breaks  int // before a real delimiter or line end
	other   int
	paths   int // like C:\
}

func (j *sniffer) countEscapes(d dialect) (e escapes) {
	b := j.text
	for i := bytes.IndexByte(b, '\\'); i >= 0 && i+1 < len(b); {
		c := b[i+1]
		_, code := codes[c]
		ends := func(at int) bool {
			return at < 0 || at >= len(b) || b[at] == '\n' || b[at] == '\r' || d.delimiter != 0 && b[at] == d.delimiter
		}
		switch {
		case c == 'N' && ends(i-1) && ends(i+2):
			e.null++
		case c == '\\':
			e.doubled++
		case c == '\n' || c == '\r' || c == d.delimiter && c != 0:
			e.breaks++
		case code || c == '"' || c == '\'':
			e.letters++
		case c == '.' && ends(i-1) && ends(i+2):
		default:
			e.other++
		}
		if i > 0 && b[i-1] == ':' {
			e.paths++
		}
		next := bytes.IndexByte(b[i+2:], '\\')
		if next < 0 {
			break
		}
		i += 2 + next
	}
	return e
}

// ofFamily reports whether the backslashes are those of PostgreSQL's COPY, of
// MariaDB or of jq. A single other backslash is proof that they are not.
func (e escapes) ofFamily(delimiter byte, rows bool) bool {
	switch {
	case e.other > 0:
		return false
	case delimiter == '\t':
		return e.null+e.doubled+e.breaks > 0 || e.letters > 0 && e.paths == 0
	}
	return e.null > 0 && e.doubled+e.breaks > 0 || e.breaks > 0 && !rows
}
