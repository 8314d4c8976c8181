package importer

import (
	"strings"
)

// cellLook is the kind of value that a cell looks like.
type cellLook uint8

const (
	looksText cellLook = iota
	looksNumber
	looksDate
	looksBoolean // a boolean
	looksNull    // empty, or a word for NULL
)

// lookOf classifies a cell.
func lookOf(b []byte) cellLook {
	if len(b) == 0 || len(b) > 40 {
		if len(b) == 0 {
			return looksNull
		}
		return looksText
	}
	s := strings.TrimSpace(string(b))
	switch {
	case s == "" || nullLooks[s]:
		return looksNull
	case isNumber(s):
		return looksNumber
	case isDate(s):
		return looksDate
	case booleans[s] != 0 && len(s) > 1:
		return looksBoolean
	}
	return looksText
}

// nullLooks are words for NULL, and for values that are not numbers.
var nullLooks = map[string]bool{
	"NA": true, `\N`: true, "NULL": true, "null": true, "None": true, "N/A": true, "n/a": true, "#N/A": true, "<NA>": true, "<nil>": true,
	"nan": true, "NaN": true, "NAN": true, "inf": true, "Inf": true, "INF": true, "-inf": true, "-Inf": true, "Infinity": true, "-Infinity": true, "INFINITY": true,
}

// isNumber reports whether a text is a number in a usual notation.
func isNumber(s string) bool {
	digits, exponent := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' || c == ',':
			if exponent {
				return false
			}
		case c == '-' || c == '+':
			if i > 0 && s[i-1] != 'e' && s[i-1] != 'E' {
				return false
			}
		case c == 'e' || c == 'E':
			if digits == 0 || exponent {
				return false
			}
			exponent = true
		case c == '%' || c == ' ':
			if i != len(s)-1 {
				return false
			}
		default:
			return false
		}
	}
	return digits > 0
}

// isDate reports whether a text has the form of a date or a time.
func isDate(s string) bool {
	if s[0] < '0' || s[0] > '9' {
		return false
	}
	digits, marks := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case strings.IndexByte("-/:.", c) >= 0:
			marks++
		case strings.IndexByte(" T+Z", c) < 0:
			return false
		}
	}
	return marks >= 2 && digits >= 3 || marks == 1 && digits >= 3 && strings.Contains(s, ":")
}
