package importer

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// plan is how CSV is read.
type plan struct {
	layout
	dialect
	lines     int64 // lines at the front to skip
	quotes    bool  // the sample has double quotes
	whole     bool  // all fields of the header are quoted
	nullCodes bool  // \N occurs as an escape
	exported  bool  // it may be an export of this program
	notes     []string
}

// delimited detects how CSV is to be read and returns a function that opens it.
func (im *importRun) delimited(known []string) (func(skipHeader bool) (rows, error), *shape, error) {
	p, err := im.findPlan(known)
	if err != nil {
		return nil, nil, err
	}
	im.remarkPlan(p)
	sh := &shape{header: p.header, named: p.header, text: newDelimitedShape(im.options, p)}
	sh.typed = p.exported && sh.text.choose && len(im.options.Types) == 0 && !im.options.Trim
	names := make([]string, p.width)
	copy(names, p.names)
	sh.names, sh.given = distinctNames(names, !p.exported), names
	if p.header {
		im.remarkNames(names, sh.names)
	}
	return func(skipHeader bool) (rows, error) {
		r, err := im.openDelimited(p.dialect, p.lines)
		if err != nil || !skipHeader {
			return r, err
		}
		switch got, err := r.next(); {
		case err != nil:
			return nil, err
		case got.bad != nil:
			return nil, withLine(got.line, got.bad)
		}
		return r, nil
	}, sh, nil
}

// openDelimited opens the data after some lines.
func (im *importRun) openDelimited(d dialect, lines int64) (*delimited, error) {
	src, err := im.data.text(im.encoding, true)
	if err != nil {
		return nil, err
	}
	r := newDelimited(src, d, im.data.limits.Row)
	r.line += r.skipLines(lines)
	r.reopen = func(offset int64) (io.Reader, error) { return im.data.textFrom(im.encoding, true, offset) }
	if im.encoding != utf8Name || im.data.invalidLine > 0 {
		r.check = im.encoding
	}
	r.nulls, _ = nullsOf(im.options)
	return r, nil
}

// findPlan detects the plan from the beginning of the data. It alone decides the
// delimiter, the quote, the titles and the header. The types of columns are
// decided after the first pass, by decideTypes.
func (im *importRun) findPlan(known []string) (*plan, error) {
	g, err := dialectOptions(im.options)
	if err != nil {
		return nil, err
	}
	p := &plan{lines: im.options.SkipLines}
	s, err := im.readSample(p.lines)
	if err != nil {
		return nil, err
	}
	if c, ok := separatorLine(s.text); ok {
		p.lines++
		p.note("Line %d sets the delimiter %s", p.lines, shownCharacter(c))
		if s, err = im.readSample(p.lines); err != nil {
			return nil, err
		}
		if !g.hasDelimiter {
			g.delimiter, g.hasDelimiter = c, true
		}
	}
	j := newSniffer(s, g, im.options, known)
	v := j.bestDialect()
	if s.cut && len(v.readings) > 0 {
		if v, err = im.reconsider(j, v, p.lines); err != nil {
			return nil, err
		}
	}
	p.layout, p.dialect, p.whole = v.layout, v.dialect, v.whole && v.header
	p.exported = p.looksExported(v.statistics)
	p.quotes = bytes.IndexByte(s.text, '"') >= 0
	p.nullCodes = p.codes && j.countEscapes(p.dialect).null > 0
	if v.rows == 0 {
		return p, im.firstRowWidth(p)
	}
	im.remarkTitles(p)
	p.lines += v.titles
	return p, nil
}

// firstRowWidth takes the width from the first row, if that is the only row or
// larger than a sample.
func (im *importRun) firstRowWidth(p *plan) error {
	if p.quote == 0 && im.options.Quote == "" {
		p.quote = '"'
	}
	r, err := im.openDelimited(p.dialect, p.lines)
	if err != nil {
		return err
	}
	got, err := r.next()
	switch {
	case err == io.EOF:
		return errNoRows()
	case err != nil:
		return err
	case got.bad != nil:
		return withLine(got.line, got.bad)
	}
	p.width, p.header = len(got.cells), im.options.Header == "yes"
	if p.header {
		for _, c := range got.cells {
			p.names = append(p.names, string(c.data))
		}
	}
	return nil
}

// readSample returns the beginning of the data after some lines.
func (im *importRun) readSample(lines int64) (sample, error) {
	src, err := im.data.text(im.encoding, true)
	if err != nil {
		return sample{}, err
	}
	w := newReader(src)
	w.skipLines(lines)
	return newSample(io.MultiReader(bytes.NewReader(w.buf[w.at:w.end]), src))
}

// reconsider compares the readings on all data, because a quote after the
// sample must not join rows.
func (im *importRun) reconsider(j *sniffer, v candidate, lines int64) (candidate, error) {
	var all []statistics
	for _, d := range v.readings {
		r, err := im.openDelimited(d, lines)
		if err != nil {
			return v, err
		}
		t, err := im.tally(r)
		if err != nil {
			return v, err
		}
		all = append(all, t)
		if len(all) == 1 && t.quoted == 0 && t.quotesValid() {
			return v, nil // there are no quotes
		}
	}
	if t := chooseQuoting(all[0], all[1]); t.dialect != v.dialect {
		v.statistics = j.tally(t.dialect)
		v.layout = j.findLayout(v.statistics)
	}
	return v, nil
}

func (im *importRun) tally(r *delimited) (statistics, error) {
	c := newCounter(r.dialect)
	for n := 1; ; n++ {
		got, err := r.next()
		if err == io.EOF {
			return c.result(), nil
		}
		if err != nil {
			return statistics{}, err
		}
		c.add(r, got)
		if n%stopEvery == 0 {
			if err := im.target.Stopped(); err != nil {
				return statistics{}, err
			}
		}
	}
}

// separatorLine reports whether a text begins with a line that tells
// spreadsheets the delimiter.
func separatorLine(text []byte) (byte, bool) {
	line, _, ok := bytes.Cut(text, []byte{'\n'})
	line = bytes.TrimSuffix(line, []byte{'\r'}) // in quotes it would be a name
	if !ok || len(line) != 5 || !bytes.EqualFold(line[:4], []byte("sep=")) || line[4] >= 0x80 {
		return 0, false
	}
	return line[4], true
}

func (p *plan) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// maxNotes is the limit of remarks of one kind in an answer.
const maxNotes = 20

// remarkPlan adds remarks about what was detected.
func (im *importRun) remarkPlan(p *plan) {
	im.result.Delimiter, im.result.Quote, im.result.Header = shownCharacter(p.delimiter), shownCharacter(p.quote), p.header
	im.result.Escape = shownCharacter(p.escape)
	for _, n := range p.notes {
		im.remarkf("%s", n)
	}
	if p.likely {
		im.remarkf("Line %d was read as the header; --header no reads it as a row", p.lines+1)
	}
	if im.options.Delimiter == "" && p.delimiter == 0 {
		im.remarkf("Each line was read as one field")
	}
	if im.options.Quote == "" {
		switch {
		case p.quote == 0 && p.quotes && !p.codes:
			im.remarkf("Quotes were read as part of the fields; with --quote '\"' they enclose fields")
		case p.quote != '"' && p.quote != 0:
			im.remarkf("Fields were read as enclosed in %s", shownCharacter(p.quote))
		case p.loose:
			im.remarkf("Quotes in fields are not doubled; a quote ends a field only before a delimiter or a line end")
		}
	}
	if im.options.Escape == "" {
		switch {
		case p.codes:
			im.remarkf(`Backslashes are taken for escapes: \n, \t, \\ and \N for NULL`)
		case p.twin:
			im.remarkf(`A quote followed by N was read as NULL`)
		}
	}
}

func (im *importRun) remarkf(format string, args ...any) { im.remark(fmt.Sprintf(format, args...)) }

// remarkTitles adds the remark that title lines are left out.
func (im *importRun) remarkTitles(p *plan) {
	if p.titles == 0 {
		return
	}
	first, last := p.lines+1, p.lines+p.titles
	if first == last {
		p.note("Line %d was read as a title and left out", first)
		return
	}
	p.note("The lines %d to %d were read as titles and left out", first, last)
}

// remarkNames adds remarks about columns whose names were changed.
func (im *importRun) remarkNames(given, names []string) {
	told := 0
	for i, name := range names {
		was := strings.TrimSpace(given[i])
		if was == name || given[i] == name {
			continue
		}
		if told++; told > maxNotes {
			continue
		}
		if was == "" {
			im.remarkf("The column %d has no name and becomes %s", i+1, truncate(name, 80))
		} else {
			im.remarkf("The column %d becomes %s, because another one is called %s", i+1, truncate(name, 80), truncate(strings.ToValidUTF8(was, "\uFFFD"), 80))
		}
	}
	if told > maxNotes {
		im.remarkf("%d more columns were renamed", told-maxNotes)
	}
}

// typesOf returns the types in the options, in the order of the columns; empty
// for columns without one.
func typesOf(types map[string]string, names []string) ([]string, error) {
	given := make([]string, len(names))
	for column, typ := range types {
		i := slices.IndexFunc(names, func(n string) bool { return foldCase(n) == foldCase(column) })
		if i < 0 {
			return nil, errs.E(errs.Invalid, "The option types has a column %s, which the data has not; its columns: %s", truncate(column, 80), truncate(strings.Join(names, ", "), 300))
		}
		given[i] = strings.ToUpper(typ)
	}
	return given, nil
}

// nullsOf returns the words for NULL in the options; given is false if they are
// to be detected.
func nullsOf(o daemonapi.ImportOptions) (words []string, given bool) {
	words = o.Nulls
	if o.Null != "" {
		words = append(slices.Clone(words), o.Null)
	}
	return words, len(words) > 0
}
