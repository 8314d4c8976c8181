package importer

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// delimitedShape is what is found out about the rows of CSV.
type delimitedShape struct {
	plan
	words  []words
	types  []string // of columns, when all has been read
	given  []string // by the options
	nulls  []string // that the options give
	choose bool     // they do not, and NULL is found out
	gaps   gap      // what stands for NULL in all columns
	texts  bool     // an empty field is an empty text, since NULL has a word
	all    bool     // everything is in quotes, so that they do not tell NULL

	rows   int64 // behind the header so far
	footer int64 // line that counts the rows; 0 if there is none
	held   row   // that may be a footer
	marks  []mark
	at     int // of marks, when rows are judged
}

// mark says that rows from a line on are none of the table, or are again, or
// that one is not.
type mark struct {
	line int64
	what markKind
	of   int64 // line of the header they belong to
}

type markKind uint8

const (
	again markKind = iota // one row, which is the header
	away                  // another table begins
	home                  // it has ended
)

// maxMarks is how many headers there can be in one file.
const maxMarks = 10000

func newDelimitedShape(o daemonapi.ImportOptions, p *plan) *delimitedShape {
	s := &delimitedShape{plan: *p, words: make([]words, p.width), types: make([]string, p.width)}
	var given bool
	s.nulls, given = nullsOf(o)
	s.choose = !given
	for i := range s.words {
		s.words[i].exact, s.words[i].list = given, p.delimiter == ','
	}
	return s
}

// read takes a row in, for the first time.
func (im *imports) read(sh *shape, got row) error {
	s := sh.text
	if s.footer > 0 { // it was none
		held := s.held
		s.footer, s.held = 0, row{}
		if err := im.take(sh, held); err != nil {
			return err
		}
	}
	if s.counts(got) {
		s.footer, s.held = got.line, row{line: got.line, lines: got.lines, cells: []cell{{got.cells[0].kind, bytes.Clone(got.cells[0].data)}}}
		return nil
	}
	return im.take(sh, got)
}

func (im *imports) take(sh *shape, got row) error {
	s := sh.text
	s.rows++
	if sh.typed && got.bad == nil && len(got.cells) == s.width {
		sh.readOwn(got)
	}
	if !sh.typed { // exports have no other header
		s.headers(got)
	}
	why, _ := s.judged(got)
	if why != nil {
		return im.bad(got, why)
	}
	for i, c := range got.cells {
		s.words[i].add(c)
	}
	return nil
}

// counts reports whether a row is what psql writes below a table: (4 rows).
func (s *delimitedShape) counts(got row) bool {
	if len(got.cells) != 1 || got.bad != nil || got.cells[0].kind != word {
		return false
	}
	text := string(got.cells[0].data)
	number, ok := strings.CutSuffix(text, " rows)")
	if !ok {
		number, ok = strings.CutSuffix(text, " row)")
	}
	if !ok || !strings.HasPrefix(number, "(") {
		return false
	}
	n, err := strconv.ParseInt(number[1:], 10, 64)
	return err == nil && n == s.rows
}

// headers looks whether a row is a header that stands among the rows.
func (s *delimitedShape) headers(got row) {
	if !s.header || got.bad != nil || len(got.cells) != s.width || len(s.marks) >= maxMarks {
		return
	}
	is := s.isAway()
	if !is && !s.differs(got) {
		return
	}
	same := true
	for i, c := range got.cells {
		same = same && string(c.data) == s.names[i]
	}
	switch {
	case same && is:
		s.marks = append(s.marks, mark{got.line, home, 0})
	case same:
		s.marks = append(s.marks, mark{got.line, again, 0})
	case got.apart && !is:
		s.marks = append(s.marks, mark{got.line, away, got.line})
	}
}

// differs reports whether texts stand in all columns, of which half and more have
// had nothing but numbers so far.
func (s *delimitedShape) differs(got row) bool {
	columns := 0
	for i, c := range got.cells {
		if s.words[i].numbers() {
			columns++
		}
		if c.kind == null || look(c.data) != aText {
			return false
		}
	}
	return columns*2 >= s.width
}

func (s *delimitedShape) isAway() bool {
	return len(s.marks) > 0 && s.marks[len(s.marks)-1].what == away
}

// judged says why a row cannot be taken, or that it is passed over.
func (sh *shape) judged(got row) (bad error, passed bool) {
	if sh.text == nil {
		return got.bad, false
	}
	if sh.text.footer > 0 && got.line == sh.text.footer {
		return nil, true
	}
	return sh.text.judged(got)
}

func (s *delimitedShape) judged(got row) (bad error, passed bool) {
	for s.at < len(s.marks) && s.marks[s.at].line <= got.line {
		s.at++
	}
	if s.at > 0 {
		m := s.marks[s.at-1]
		switch {
		case m.line == got.line && m.what != away:
			return errs.E(errs.Invalid, "this is the header again"), false
		case m.line == got.line:
			return errs.E(errs.Invalid, "another header begins here, after an empty line"), false
		case m.what == away:
			return errs.E(errs.Invalid, "the row belongs to the other header in line %d", m.of), false
		}
	}
	if got.bad == nil && len(got.cells) != s.width {
		return errs.E(errs.Invalid, "the row has %d fields, and %d are expected", len(got.cells), s.width), false
	}
	return got.bad, false
}

// settle decides, when all has been read, what stands for NULL and which types
// columns have.
func (im *imports) settle(sh *shape) (err error) {
	s := sh.text
	s.at = 0
	if s.given, err = typesOf(im.o.Types, sh.names); err != nil {
		return err
	}
	if s.choose {
		s.family()
	}
	for i := range s.words {
		s.types[i] = s.words[i].typed(s.gaps)
		if sh.typed && sh.seen != nil {
			s.types[i] = sh.seen[i].typed()
		}
		if s.given[i] != "" {
			s.types[i] = s.given[i]
		}
	}
	if sh.typed {
		return nil
	}
	im.noteThousands(sh)
	im.result.Nulls = s.shownNulls()
	if len(im.result.Nulls) > 0 && s.choose {
		im.notef("NULL stands in the data as %s; --null TEXT says what else does, and --null '' that nothing does", strings.Join(im.result.Nulls, ", "))
	}
	if s.footer > 0 {
		im.notef("Line %d counts the rows and is left out", s.footer)
	}
	if s.rows == 0 && s.header {
		im.notef("There is a header and no row")
	}
	return nil
}

// noteThousands leaves numbers such as 128.928 as they are beside columns with
// decimal commas, where the point may stand between thousands.
func (im *imports) noteThousands(sh *shape) {
	s := sh.text
	if !slices.ContainsFunc(s.words, func(w words) bool { return w.traits&tComma != 0 && w.numbers() }) {
		return
	}
	for i, w := range s.words {
		if s.given[i] != "" || s.types[i] != typeReal || !w.thousands() {
			continue
		}
		s.types[i] = typeText
		name := shortened(sh.names[i], 80)
		im.notef("The column %s stays text: beside decimal commas its points may stand between thousands; --types %s=REAL takes them for decimal points", name, name)
	}
}

// family finds out which words are NULL in all columns. They are so where they
// stand among numbers, dates or booleans, or alone in a column; and where texts
// are in quotes and they are not, as R has it.
func (s *delimitedShape) family() {
	quoted, bare := false, false
	s.all = s.whole
	all := gap(0)
	for _, w := range s.words {
		all |= w.gaps
		s.all = s.all && !w.empty
		t := w.traits &^ (tBare | tEmpty)
		w.traits &^= tEmpty
		switch {
		case w.numbers(), w.truth(), t == tDate:
			s.gaps |= w.gaps &^ gapOther
		case t == 0:
			s.gaps |= w.gaps & (gapN | gapNULL)
		case t&(tText|tCode) != 0:
			quoted = quoted || w.traits&tBare == 0
			bare = bare || w.traits&tBare != 0
		}
	}
	if quoted && !bare {
		s.gaps |= all &^ gapOther
	}
	s.texts = s.nullCodes || s.codes && s.gaps&gapNULL != 0
	if s.codes {
		s.gaps &^= gapN // it is read as NULL; what comes from \\N is a text
	}
}

// isNull reports whether a word of a column is NULL. Among codes of two
// capitals NA is Namibia, or North America.
func (s *delimitedShape) isNull(column int, g gap) bool {
	w := &s.words[column]
	if s.types[column] != typeText {
		return true
	}
	if g == gapNA && w.traits&(tCode|tText|tDate) == tCode {
		return false
	}
	return s.gaps&g != 0
}

// value makes a value of a cell of a column; ok is false if it cannot be one
// of the type.
func (s *delimitedShape) value(column int, c cell, typ string) (v daemonapi.Value, ok bool) {
	if c.kind == blob || c.kind == text {
		return c.value(typ), true
	}
	if c.kind == null {
		if s.texts && c.data != nil && typ == typeText {
			v = daemonapi.Value{Kind: daemonapi.Text, Bytes: c.data}
		}
		return v, true
	}
	if s.choose && c.kind == word && len(c.data) <= 5 {
		if g := gapWords[string(c.data)]; g != 0 && s.isNull(column, g) {
			return v, true
		}
	}
	if len(c.data) == 0 && s.types[column] != typeText {
		if !s.all {
			v = daemonapi.Value{Kind: daemonapi.Text, Bytes: c.data}
		}
		return v, true
	}
	if v, ok = converted(c, typ); ok || s.given[column] != "" {
		return v, ok
	}
	return daemonapi.Value{Kind: daemonapi.Text, Bytes: c.data}, true
}

// shownNulls are the words that stand for NULL anywhere.
func (s *delimitedShape) shownNulls() (all []string) {
	if !s.choose {
		return s.nulls
	}
	var found gap
	for i, w := range s.words {
		for g := gapNA; g <= gapOther; g <<= 1 {
			if w.gaps&g != 0 && s.isNull(i, g) {
				found |= g
			}
		}
	}
	if s.nullCodes {
		found |= gapN
	}
	for _, n := range []struct {
		g    gap
		name string
	}{{gapNA, "NA"}, {gapN, `\N`}, {gapNULL, "NULL"}, {gapOther, "words such as null, None and N/A"}} {
		if found&n.g != 0 {
			all = append(all, n.name)
		}
	}
	return all
}
