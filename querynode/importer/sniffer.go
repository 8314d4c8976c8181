package importer

import (
	"bytes"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// sniffer detects the dialect of a sample: the one that explains the sample
// best and, of two equal ones, the one with fewer assumptions.
type sniffer struct {
	givenDialect
	sample
	trim   bool
	tsv    bool
	header string
	known  []string // columns of the existing table
}

func newSniffer(s sample, g givenDialect, o daemonapi.ImportOptions, known []string) *sniffer {
	return &sniffer{givenDialect: g, sample: s, trim: o.Trim, tsv: o.Format == daemonapi.TransferTSV, header: o.Header, known: known}
}

// candidate is a dialect with its statistics and layout.
type candidate struct {
	statistics
	layout
	readings []dialect // that were compared: with quotes and without
}

// The classes of candidates, the best last.
const (
	unlikely = iota
	ragged   // rows differ, but the first has several fields
	fair     // most rows have the width of the first, or of the rows below a title
	even     // every row has the width of the first
)

func (v candidate) class() int {
	switch {
	case v.columns < 2:
		return unlikely
	case v.uniform() && v.first == v.columns:
		return even
	case v.mended && v.odd <= v.apart:
		return fair
	case v.first == v.columns && v.agree*2 > v.rows:
		return fair
	case v.first > 1:
		return ragged
	}
	return unlikely
}

// better reports whether a candidate is preferable to another.
func (v candidate) better(than candidate) bool {
	if a, b := v.class(), than.class(); a != b {
		return a > b
	}
	if a, b := v.lostLines()*int64(than.rows), than.lostLines()*int64(v.rows); a != b {
		return a < b
	}
	if a, b := v.share(), than.share(); a > b+0.25 || b > a+0.25 {
		return a > b
	}
	return v.columns > than.columns
}

// share returns the part of the cells that look like values.
func (t statistics) share() float64 { return float64(t.clean) / float64(max(1, t.cells)) }

// bestDialect returns the dialect of the sample.
func (j *sniffer) bestDialect() candidate {
	if j.hasDelimiter {
		return j.score(j.delimiter)
	}
	if j.tsv {
		return j.score('\t')
	}
	best := j.score(',')
	one := best
	for _, c := range []byte{';', '\t', '|'} {
		if v := j.score(c); v.better(best) {
			best = v
		}
	}
	if best.class() >= fair {
		return best
	}
	for _, c := range []byte{1, '^', ' ', ':'} {
		if v := j.score(c); v.isRareDelimiter() && v.better(best) {
			best = v
		}
	}
	switch {
	case best.class() > unlikely:
		return best
	case one.columns == 1 && one.uniform():
		return one // one column
	}
	return j.score(0)
}

// isRareDelimiter reports whether a rarely used delimiter explains the sample
// too well to be a coincidence: texts have blanks, and times have colons.
func (v candidate) isRareDelimiter() bool {
	if v.delimiter == ' ' && v.whole && v.first > 2 {
		return true // R's write.table, also with blanks in times
	}
	if v.class() < fair || v.rows < 2 || v.lostLines() > v.apart {
		return false
	}
	if v.delimiter == 1 || v.delimiter == '^' {
		return true
	}
	if v.delimiter == ' ' {
		return v.contrast > 0 || v.columns > 2 && v.clean*2 > v.cells
	}
	return v.contrast > 0 || v.columns > 2 && v.clean < v.cells
}

func (j *sniffer) score(delimiter byte) candidate {
	d := dialect{delimiter: delimiter, escape: j.escape, comment: j.comment, trim: j.trim}
	d.runs = delimiter == ' ' && !j.hasDelimiter
	v := j.bestQuote(d)
	v.layout = j.findLayout(v.statistics)
	return v
}

// bestQuote detects the quote.
func (j *sniffer) bestQuote(d dialect) candidate {
	if j.hasQuote {
		return candidate{statistics: j.withQuote(d, j.quote)}
	}
	quoted, plain := j.withQuote(d, '"'), j.withQuote(d, 0)
	v := candidate{statistics: chooseQuoting(quoted, plain), readings: []dialect{quoted.dialect, plain.dialect}}
	if v.quoted > 0 || v.codes || bytes.IndexByte(j.text, '\'') < 0 {
		return v
	}
	if t := j.withQuote(d, '\''); t.encloseFields(plain) {
		return candidate{statistics: t}
	}
	return v
}

// encloseFields reports whether apostrophes enclose fields. Apostrophes at both
// ends of a field can also be part of a text.
func (t statistics) encloseFields(plain statistics) bool {
	switch {
	case t.quoted == 0 || !t.quotesValid() || !t.uniform() || t.broken > 0 && plain.uniform():
		return false
	case t.needed > 0:
		return t.whole || !plain.uniform()
	}
	return t.whole && t.columns > 2
}

// withQuote returns the statistics of the best reading with this quote; 0 means
// no quote.
func (j *sniffer) withQuote(d dialect, quote byte) statistics {
	d.quote = quote
	back := j.countEscapes(d)
	if quote == 0 {
		if j.hasEscape {
			d.codes = d.escape == '\\'
			return j.tally(d)
		}
		t := j.tally(d)
		if back.ofFamily(d.delimiter, t.uniform()) {
			d.escape, d.codes = '\\', true
			if with := j.tally(d); with.lostLines() <= t.lostLines() {
				return with
			}
		}
		return t
	}
	d.codes = d.escape == '\\' && back.null > 0
	t := j.tally(d)
	if !t.uniform() && d.delimiter != ' ' && bytes.Contains(j.text, []byte{d.delimiter, ' ', quote}) {
		lead := d
		lead.lead = true
		if with := j.tally(lead); with.lostLines() < t.lostLines() {
			d, t = lead, with
		}
	}
	if t.quotesValid() {
		return t
	}
	best := t
	for _, other := range j.variants(d, back) {
		if v := j.tally(other); v.faults < best.faults && v.odd <= best.lostLines() {
			best = v
		}
	}
	return best
}

// variants returns dialects whose quotes are not doubled.
func (j *sniffer) variants(d dialect, back escapes) (all []dialect) {
	if !j.hasEscape && bytes.Contains(j.text, []byte{'\\', d.quote}) {
		with := d
		with.escape, with.codes = '\\', back.null > 0 || back.breaks > 0
		all = append(all, with)
	}
	if bytes.Contains(j.text, []byte{d.quote, 'N', d.delimiter}) || bytes.Contains(j.text, []byte{d.quote, 'N', '\n'}) || bytes.Contains(j.text, []byte{d.quote, 'N', '\r'}) {
		twin := d
		twin.twin = true
		all = append(all, twin)
	}
	loose := d
	loose.loose = true
	return append(all, loose)
}

// chooseQuoting chooses between a reading with quotes and one without. Quotes
// are accepted if some field needs them, or if an entire column or the header
// has them. They are rejected if they join lines that are good rows by
// themselves, with the same numeric columns.
func chooseQuoting(quoted, plain statistics) statistics {
	habit := quoted.whole || quoted.column
	proof := habit || quoted.needed > 0
	rows := plain.uniform() && plain.columns > 1 // each line is a row
	tab := quoted.delimiter == '\t'
	believe := false
	switch {
	case quoted.quotesValid() && quoted.quoted == 0:
		believe = !plain.codes
	case quoted.quotesValid() && quoted.broken == 0:
		believe = proof && !plain.codes || !tab
	case quoted.quotesValid() && rows:
		believe = proof || quoted.ends || quoted.typed > plain.typed
	case quoted.quotesValid() && plain.columns == 1:
		believe = proof || !tab || quoted.ends
	case quoted.quotesValid():
		believe = quoted.odd == 0 || quoted.lostLines() <= plain.lostLines()
	case rows:
		believe = habit || int64(quoted.needed) > quoted.faults
	case habit:
		believe = quoted.lostLines() <= 2*plain.lostLines()
	case tab:
		believe = quoted.lostLines() < plain.lostLines()
	default:
		believe = quoted.lostLines() <= 2*plain.lostLines()
	}
	if believe {
		return quoted
	}
	return plain
}
