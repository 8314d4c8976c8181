package importer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// dialect says how a line is split into fields. A character that is 0 is not
// used.
type dialect struct {
	delimiter byte // 0: each line is one field
	quote     byte
	escape    byte // makes a quote, delimiter, line end or itself part of a field
	// codes says that letters after the escape have a meaning (\n, \t, \0),
	// that \N is NULL, and that escapes also apply without quotes: the form of
	// PostgreSQL's COPY, of MariaDB and of jq.
	codes bool
	// loose says that quotes within a quoted field are not doubled: a quote
	// closes the field only before a delimiter or a line end.
	loose bool
	// twin says that the quote is also the escape character, an option of
	// MariaDB: "N is NULL and "0 a NUL character.
	twin    bool
	lead    bool // a blank may stand before an opening quote
	runs    bool // repeated delimiters count as one
	comment byte // begins a line that is left out
	trim    bool // blanks around fields are removed
}

// noCharacter is the option for a character that is not used.
const noCharacter = daemonapi.NoCharacter

// characterNames are option values for characters that are hard to type.
var characterNames = map[string]byte{"tab": '\t', `\t`: '\t', "space": ' ', "blank": ' ', "comma": ',', "semicolon": ';', "pipe": '|'}

// character parses an option for one character: the character itself, a name,
// or \xHH. It returns 0 for none; given is false if the option is not set.
func character(option, value string) (c byte, given bool, err error) {
	switch {
	case value == "":
		return 0, false, nil
	case strings.EqualFold(value, noCharacter):
		return 0, true, nil
	case len(value) == 4 && strings.HasPrefix(value, `\x`):
		if n, err := strconv.ParseUint(value[2:], 16, 7); err == nil {
			c = byte(n)
		}
	case len(value) == 1 && value[0] < utf8.RuneSelf:
		c = value[0]
	default:
		c = characterNames[strings.ToLower(value)]
	}
	if c == 0 || c == '\r' || c == '\n' {
		return 0, false, errs.E(errs.Invalid, `The import option %s must be one ASCII character, \t, a code such as \x01, or none`, option)
	}
	return c, true, nil
}

// givenDialect is the part of the dialect that the options set.
type givenDialect struct {
	delimiter, quote, escape, comment byte
	hasDelimiter, hasQuote, hasEscape bool
}

func dialectOptions(o daemonapi.ImportOptions) (g givenDialect, err error) {
	for _, c := range []struct {
		option, value string
		c             *byte
		has           *bool
	}{
		{"delimiter", o.Delimiter, &g.delimiter, &g.hasDelimiter},
		{"quote", o.Quote, &g.quote, &g.hasQuote},
		{"escape", o.Escape, &g.escape, &g.hasEscape},
		{"comment", o.Comment, &g.comment, new(bool)},
	} {
		if *c.c, *c.has, err = character(c.option, c.value); err != nil {
			return g, err
		}
	}
	if g.delimiter != 0 && (g.delimiter == g.quote || g.delimiter == g.escape || g.delimiter == g.comment) {
		return g, errs.E(errs.Invalid, "The import option delimiter must differ from quote, escape and comment")
	}
	return g, nil
}

// shownCharacter returns a character as answers show it.
func shownCharacter(c byte) string {
	switch {
	case c == 0:
		return noCharacter
	case c < ' ' && c != '\t' || c == 0x7f:
		return `\x` + strconv.FormatUint(uint64(c)+0x100, 16)[1:]
	}
	return string(c)
}
