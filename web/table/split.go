package table

import "encoding/json"

// split returns the values of a JSON array, as parts of the line. It reports false for
// a text that is no array. The API sends valid JSON, so that only the ends of values
// are looked for, which is several times as fast as decoding them.
func split(line []byte) ([]json.RawMessage, bool) {
	if len(line) < 2 || line[0] != '[' || line[len(line)-1] != ']' {
		return nil, false
	}
	line = line[1 : len(line)-1]
	values := make([]json.RawMessage, 0, 16)
	start, depth, inText := 0, 0, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case inText && c == '\\':
			i++ // the next character is part of the text
		case c == '"':
			inText = !inText
		case inText:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			values = append(values, json.RawMessage(line[start:i:i]))
			start = i + 1
		}
	}
	return append(values, json.RawMessage(line[start:len(line):len(line)])), !inText && depth == 0
}
