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
	words  []columnWords
	types  []string // of columns, when all has been read
	given  []string // by the options
	nulls  []string // that the options give
	choose bool     // they do not, and NULL is found out
	gaps   nullWord // what stands for NULL in all columns
	texts  bool     // an empty field is an empty text, since NULL has a word
	all    bool     // everything is in quotes, so that they do not tell NULL

	rows   int64 // behind the header so far
	footer int64 // line that counts the rows; 0 if there is none
	held   row   // that may be a footer
	marks  []headerMark
	at     int // of marks, when rows are judged
}

// headerMark says that rows from a line on are none of the table, or are again, or
// that one is not.
type headerMark struct {
	line int64
	what headerMarkKind
	of   int64 // line of the header they belong to
}

type headerMarkKind uint8

const (
	sameHeader       headerMarkKind = iota // one row, which is the header
	otherTableBegins                       // another table begins
	otherTableEnds                         // it has ended
)

// maxHeaders is how many headers there can be in one file.
const maxHeaders = 10000

func newDelimitedShape(o daemonapi.ImportOptions, p *plan) *delimitedShape {
	s := &delimitedShape{plan: *p, words: make([]columnWords, p.width), types: make([]string, p.width)}
	var given bool
	s.nulls, given = nullsOf(o)
	s.choose = !given
	for i := range s.words {
		s.words[i].exact, s.words[i].list = given, p.delimiter == ','
	}
	return s
}

// readDelimited takes a row in, for the first time.
func (im *importRun) readDelimited(sh *shape, got row) error {
	s := sh.text
	if s.footer > 0 { // it was none
		held := s.held
		s.footer, s.held = 0, row{}
		if err := im.takeDelimited(sh, held); err != nil {
			return err
		}
	}
	if s.isFooter(got) {
		s.footer, s.held = got.line, row{line: got.line, lines: got.lines, cells: []cell{{got.cells[0].kind, bytes.Clone(got.cells[0].data)}}}
		return nil
	}
	return im.takeDelimited(sh, got)
}

func (im *importRun) takeDelimited(sh *shape, got row) error {
	s := sh.text
	s.rows++
	if sh.typed && got.bad == nil && len(got.cells) == s.width {
		sh.readExported(got)
	}
	if !sh.typed { // exports have no other header
		s.findHeader(got)
	}
	why, _ := s.verdictOf(got)
	if why != nil {
		return im.reportBad(got, why)
	}
	for i, c := range got.cells {
		s.words[i].add(c)
	}
	return nil
}

// isFooter reports whether a row is what psql writes below a table: (4 rows).
func (s *delimitedShape) isFooter(got row) bool {
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

// findHeader looks whether a row is a header that stands among the rows.
func (s *delimitedShape) findHeader(got row) {
	if !s.header || got.bad != nil || len(got.cells) != s.width || len(s.marks) >= maxHeaders {
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
		s.marks = append(s.marks, headerMark{got.line, otherTableEnds, 0})
	case same:
		s.marks = append(s.marks, headerMark{got.line, sameHeader, 0})
	case got.apart && !is:
		s.marks = append(s.marks, headerMark{got.line, otherTableBegins, got.line})
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
		if c.kind == null || lookOf(c.data) != looksText {
			return false
		}
	}
	return columns*2 >= s.width
}

func (s *delimitedShape) isAway() bool {
	return len(s.marks) > 0 && s.marks[len(s.marks)-1].what == otherTableBegins
}

// verdictOf says why a row cannot be taken, or that it is passed over.
func (sh *shape) judged(got row) (bad error, passed bool) {
	if sh.text == nil {
		return got.bad, false
	}
	if sh.text.footer > 0 && got.line == sh.text.footer {
		return nil, true
	}
	return sh.text.verdictOf(got)
}

func (s *delimitedShape) verdictOf(got row) (bad error, passed bool) {
	for s.at < len(s.marks) && s.marks[s.at].line <= got.line {
		s.at++
	}
	if s.at > 0 {
		m := s.marks[s.at-1]
		switch {
		case m.line == got.line && m.what != otherTableBegins:
			return errs.E(errs.Invalid, "this is the header again"), false
		case m.line == got.line:
			return errs.E(errs.Invalid, "another header begins here, after an empty line"), false
		case m.what == otherTableBegins:
			return errs.E(errs.Invalid, "the row belongs to the other header in line %d", m.of), false
		}
	}
	if got.bad == nil && len(got.cells) != s.width {
		return errs.E(errs.Invalid, "the row has %d fields, and %d are expected", len(got.cells), s.width), false
	}
	return got.bad, false
}

// decideTypes decides, when all has been read, what stands for NULL and which types
// columns have.
func (im *importRun) decideTypes(sh *shape) (err error) {
	s := sh.text
	s.at = 0
	if s.given, err = typesOf(im.options.Types, sh.names); err != nil {
		return err
	}
	if s.choose {
		s.findNullWords()
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
	im.remarkThousands(sh)
	im.result.Nulls = s.shownNulls()
	if len(im.result.Nulls) > 0 && s.choose {
		im.remarkf("NULL stands in the data as %s; --null TEXT says what else does, and --null '' that nothing does", strings.Join(im.result.Nulls, ", "))
	}
	if s.footer > 0 {
		im.remarkf("Line %d counts the rows and is left out", s.footer)
	}
	if s.rows == 0 && s.header {
		im.remarkf("There is a header and no row")
	}
	return nil
}

// remarkThousands leaves numbers such as 128.928 as they are beside columns with
// decimal commas, where the point may stand between thousands.
func (im *importRun) remarkThousands(sh *shape) {
	s := sh.text
	if !slices.ContainsFunc(s.words, func(w columnWords) bool { return w.traits&tComma != 0 && w.numbers() }) {
		return
	}
	for i, w := range s.words {
		if s.given[i] != "" || s.types[i] != typeReal || !w.thousands() {
			continue
		}
		s.types[i] = typeText
		name := truncate(sh.names[i], 80)
		im.remarkf("The column %s stays text: beside decimal commas its points may stand between thousands; --types %s=REAL takes them for decimal points", name, name)
	}
}

// findNullWords finds out which words are NULL in all columns. They are so where they
// stand among numbers, dates or booleans, or alone in a column; and where texts
// are in quotes and they are not, as R has it.
func (s *delimitedShape) findNullWords() {
	quoted, bare := false, false
	s.all = s.whole
	all := nullWord(0)
	for _, w := range s.words {
		all |= w.gaps
		s.all = s.all && !w.empty
		t := w.traits &^ (tBare | tEmpty)
		w.traits &^= tEmpty
		switch {
		case w.numbers(), w.truth(), t == tDate:
			s.gaps |= w.gaps &^ nullOther
		case t == 0:
			s.gaps |= w.gaps & (nullN | nullNULL)
		case t&(tText|tCode) != 0:
			quoted = quoted || w.traits&tBare == 0
			bare = bare || w.traits&tBare != 0
		}
	}
	if quoted && !bare {
		s.gaps |= all &^ nullOther
	}
	s.texts = s.nullCodes || s.codes && s.gaps&nullNULL != 0
	if s.codes {
		s.gaps &^= nullN // it is read as NULL; what comes from \\N is a text
	}
}

// isNull reports whether a word of a column is NULL. Among codes of two
// capitals NA is Namibia, or North America.
func (s *delimitedShape) isNull(column int, g nullWord) bool {
	w := &s.words[column]
	if s.types[column] != typeText {
		return true
	}
	if g == nullNA && w.traits&(tCode|tText|tDate) == tCode {
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
		if g := nullWords[string(c.data)]; g != 0 && s.isNull(column, g) {
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
	var found nullWord
	for i, w := range s.words {
		for g := nullNA; g <= nullOther; g <<= 1 {
			if w.gaps&g != 0 && s.isNull(i, g) {
				found |= g
			}
		}
	}
	if s.nullCodes {
		found |= nullN
	}
	for _, n := range []struct {
		g    nullWord
		name string
	}{{nullNA, "NA"}, {nullN, `\N`}, {nullNULL, "NULL"}, {nullOther, "words such as null, None and N/A"}} {
		if found&n.g != 0 {
			all = append(all, n.name)
		}
	}
	return all
}
