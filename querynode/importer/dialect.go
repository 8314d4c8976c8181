package importer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// dialect is how fields are told apart. A character that is 0 is not used.
type dialect struct {
	delimiter byte // 0: each line is one field
	quote     byte
	escape    byte // before a quote, a delimiter, a line end or itself: a part of the field
	// codes says that letters after the escape stand for something (\n, \t, \0),
	// that \N is NULL, and that all this holds without quotes too: the form of
	// PostgreSQL's COPY, of MariaDB and of jq.
	codes bool
	// loose says that quotes in a quoted field are not doubled: one closes the
	// field only before a delimiter or line end.
	loose bool
	// twin says that the quote is its own escape, as MariaDB can be told: "N is
	// NULL and "0 a NUL character.
	twin    bool
	lead    bool // a blank may stand before an opening quote
	runs    bool // several delimiters are as one
	comment byte // lines that begin with it are left out
	trim    bool // blanks around fields are left out
}

// noCharacter is how an option says that a character is not used.
const noCharacter = daemonapi.NoCharacter

// characterNames are characters of options that are hard to type.
var characterNames = map[string]byte{"tab": '\t', `\t`: '\t', "space": ' ', "blank": ' ', "comma": ',', "semicolon": ';', "pipe": '|'}

// character reads an option that is one character: as it is, by name, or as
// \xHH; 0 for none, and given is false when it is to be found out.
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
		return 0, false, errs.E(errs.Invalid, `The option %s of an import is one ASCII character, \t, \x01 or a like code, or none`, option)
	}
	return c, true, nil
}

// givenDialect is what the options say about the dialect.
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
		return g, errs.E(errs.Invalid, "The option delimiter of an import differs from quote, escape and comment")
	}
	return g, nil
}

// shownCharacter is a character as an answer names it.
func shownCharacter(c byte) string {
	switch {
	case c == 0:
		return noCharacter
	case c < ' ' && c != '\t' || c == 0x7f:
		return `\x` + strconv.FormatUint(uint64(c)+0x100, 16)[1:]
	}
	return string(c)
}
