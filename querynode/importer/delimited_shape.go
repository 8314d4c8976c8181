package importer

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// delimitedShape is what the first pass finds out about CSV.
type delimitedShape struct {
	plan
	words  []columnWords
	types  []string // of columns, after the first pass
	given  []string // by the options, per column
	nulls  []string // words for NULL in the options
	choose bool     // the options have none, so NULL is found out
	gaps   nullWord // words for NULL in all columns
	texts  bool     // an empty field is an empty text, because there is a word for NULL
	all    bool     // all fields are quoted, so quotes do not distinguish NULL

	rows   int64 // rows after the header so far
	footer int64 // line of a row count; 0 for none
	held   row   // a row that may be a footer
	marks  []headerMark
	at     int // index into marks in the second pass
}

// headerMark says that a line is a repeated header, or that another table
// begins or has ended.
type headerMark struct {
	line int64
	what headerMarkKind
	of   int64 // line of the other header
}

type headerMarkKind uint8

const (
	sameHeader       headerMarkKind = iota // a repeated header
	otherTableBegins                       // a header of another table
	otherTableEnds                         // the first header again
)

// maxHeaders is the limit of headers in one file.
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

// readDelimited adds a row in the first pass.
func (im *importRun) readDelimited(sh *shape, got row) error {
	s := sh.text
	if s.footer > 0 { // a row follows, so it was not a footer
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
	if !sh.typed { // our exports have no repeated header
		s.recordRepeatedHeader(got)
	}
	why, _ := s.checkDelimitedRow(got)
	if why != nil {
		return im.reportBad(got, why)
	}
	for i, c := range got.cells {
		s.words[i].add(c)
	}
	return nil
}

// isFooter reports whether a row is the row count that psql writes below a
// table: (4 rows).
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

// recordRepeatedHeader records a header among the rows.
func (s *delimitedShape) recordRepeatedHeader(got row) {
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

// differs reports whether all fields are texts while at least half of the
// columns have had only numbers so far.
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

// checkRow returns why a row is rejected, or that it is not part of the table.
func (sh *shape) checkRow(got row) (bad error, passed bool) {
	if sh.text == nil {
		return got.bad, false
	}
	if sh.text.footer > 0 && got.line == sh.text.footer {
		return nil, true
	}
	return sh.text.checkDelimitedRow(got)
}

func (s *delimitedShape) checkDelimitedRow(got row) (bad error, passed bool) {
	for s.at < len(s.marks) && s.marks[s.at].line <= got.line {
		s.at++
	}
	if s.at > 0 {
		m := s.marks[s.at-1]
		switch {
		case m.line == got.line && m.what != otherTableBegins:
			return errs.E(errs.Invalid, "this line repeats the header"), false
		case m.line == got.line:
			return errs.E(errs.Invalid, "another table begins here: a header after an empty line"), false
		case m.what == otherTableBegins:
			return errs.E(errs.Invalid, "the row belongs to another table, whose header is in line %d", m.of), false
		}
	}
	if got.bad == nil && len(got.cells) != s.width {
		return errs.E(errs.Invalid, "the row has %d fields instead of %d", len(got.cells), s.width), false
	}
	return got.bad, false
}

// decideTypes decides, after the first pass, which words stand for NULL and
// which types the columns have.
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
		im.remarkf("Imported as NULL: %s; --null TEXT sets other words, and --null '' none", strings.Join(im.result.Nulls, ", "))
	}
	if s.footer > 0 {
		im.remarkf("Line %d is a row count and is left out", s.footer)
	}
	if s.rows == 0 && s.header {
		im.remarkf("The data has a header and no rows")
	}
	return nil
}

// remarkThousands keeps numbers such as 128.928 as texts if other columns have
// decimal commas, because the point may separate thousands.
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
		im.remarkf("The column %s stays text: other columns have decimal commas, so its points may separate thousands; --types %s=REAL reads them as decimal points", name, name)
	}
}

// findNullWords finds the words that stand for NULL in all columns. They do
// where they occur among numbers, dates or booleans, or alone in a column. They
// also do where they are without quotes and texts are quoted, as R writes them.
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
		s.gaps &^= nullN // \N was read as NULL already; \\N is a text
	}
}

// isNull reports whether a word in a column is NULL. Among two-letter codes, NA
// is Namibia or North America.
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

// value converts a cell of a column; ok is false if it does not fit the type.
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

// shownNulls returns the words that stand for NULL in any column.
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
