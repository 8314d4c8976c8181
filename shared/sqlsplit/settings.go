package sqlsplit

import (
	"slices"
	"strings"
)

// settings follows which settings of a script are in force. They hold only for
// the statements of the same request, because each request has a fresh
// connection. So a setting and the statements that need it must be one request.
type settings struct {
	set []string // names of PRAGMAs with another value than the default, and of CREATE TEMP
}

// open reports whether a setting is in force for the next statement.
func (s *settings) open() bool { return len(s.set) > 0 }

// follow reads the first tokens of the next statement.
func (s *settings) follow(words []string) {
	name, sets := Setting(words)
	i := slices.Index(s.set, name)
	switch {
	case name == "":
	case sets && i < 0:
		s.set = append(s.set, name)
	case !sets && i >= 0:
		s.set = slices.Delete(s.set, i, i+1)
	}
}

// Setting returns the name of what a statement sets until its request ends:
// "CREATE TEMP", or a PRAGMA such as "PRAGMA FOREIGN_KEYS"; empty for other
// statements. words are the first tokens of the statement, as in Unit.Words.
// sets is false for a PRAGMA that sets the default value.
func Setting(words []string) (name string, sets bool) {
	switch {
	case len(words) < 2:
		return "", false
	case words[0] == "CREATE" && (words[1] == "TEMP" || words[1] == "TEMPORARY" || inTempSchema(words)):
		return "CREATE TEMP", true
	case words[0] != "PRAGMA":
		return "", false
	case len(words) > 3 && words[2] == ".": // PRAGMA schema.name
		return Setting(append([]string{"PRAGMA"}, words[3:]...))
	}
	value := strings.Trim(strings.Join(words[2:], ""), "=()")
	if value == "" { // it reads the value
		return "", false
	}
	switch words[1] {
	case "FOREIGN_KEYS":
		return "PRAGMA FOREIGN_KEYS", !isOn(value)
	case "DEFER_FOREIGN_KEYS", "RECURSIVE_TRIGGERS", "REVERSE_UNORDERED_SELECTS", "LEGACY_ALTER_TABLE", "IGNORE_CHECK_CONSTRAINTS":
		return "PRAGMA " + words[1], isOn(value)
	}
	return "", false
}

// inTempSchema reports whether a CREATE names the schema temp, as in CREATE
// TABLE temp.x.
func inTempSchema(words []string) bool {
	i := slices.Index(words, ".")
	return i > 1 && words[i-1] == "TEMP"
}

// isOn reports whether SQLite takes a value for true.
func isOn(value string) bool {
	switch value {
	case "ON", "YES", "TRUE":
		return true
	}
	return strings.Trim(value, "0123456789") == "" && strings.Trim(value, "0") != ""
}
