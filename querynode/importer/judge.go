package importer

import (
	"bytes"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// judge finds out a dialect: what explains the whole sample best, and of two
// that do, the one that assumes less.
type judge struct {
	given
	sample
	trim   bool
	tsv    bool
	header string
	known  []string // columns of the table that is there
}

func newJudge(s sample, g given, o daemonapi.ImportOptions, known []string) *judge {
	return &judge{given: g, sample: s, trim: o.Trim, tsv: o.Format == daemonapi.TransferTSV, header: o.Header, known: known}
}

// verdict is a dialect with what it makes of the sample.
type verdict struct {
	tally
	layout
	readings []dialect // that were weighed: with quotes and without
}

// The classes of verdicts, the best last.
const (
	unlikely = iota
	ragged   // rows differ, but the first has several fields
	fair     // most rows are like the first, or like those below a title
	even     // every row is like the first
)

func (v verdict) class() int {
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

// better reports whether a verdict is to be preferred to another.
func (v verdict) better(than verdict) bool {
	if a, b := v.class(), than.class(); a != b {
		return a > b
	}
	if a, b := v.lost()*int64(than.rows), than.lost()*int64(v.rows); a != b {
		return a < b
	}
	if a, b := v.share(), than.share(); a > b+0.25 || b > a+0.25 {
		return a > b
	}
	return v.columns > than.columns
}

// share is how many of the cells look like values.
func (t tally) share() float64 { return float64(t.clean) / float64(max(1, t.cells)) }

// best gives the dialect of the sample.
func (j *judge) best() verdict {
	if j.hasDelimiter {
		return j.verdict(j.delimiter)
	}
	if j.tsv {
		return j.verdict('\t')
	}
	best := j.verdict(',')
	one := best
	for _, c := range []byte{';', '\t', '|'} {
		if v := j.verdict(c); v.better(best) {
			best = v
		}
	}
	if best.class() >= fair {
		return best
	}
	for _, c := range []byte{1, '^', ' ', ':'} {
		if v := j.verdict(c); v.seldom() && v.better(best) {
			best = v
		}
	}
	switch {
	case best.class() > unlikely:
		return best
	case one.columns == 1 && one.uniform():
		return one // of one column
	}
	return j.verdict(0)
}

// seldom reports whether a delimiter that few use explains the sample so well
// that it is no accident: texts have blanks, and times colons.
func (v verdict) seldom() bool {
	if v.delimiter == ' ' && v.whole && v.first > 2 {
		return true // R's write.table, the blanks in its times included
	}
	if v.class() < fair || v.rows < 2 || v.lost() > v.apart {
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

func (j *judge) verdict(delimiter byte) verdict {
	d := dialect{delimiter: delimiter, escape: j.escape, comment: j.comment, trim: j.trim}
	d.runs = delimiter == ' ' && !j.hasDelimiter
	v := j.quotes(d)
	v.layout = j.layout(v.tally)
	return v
}

// quotes finds out what fields are enclosed in.
func (j *judge) quotes(d dialect) verdict {
	if j.hasQuote {
		return verdict{tally: j.enclosed(d, j.quote)}
	}
	quoted, plain := j.enclosed(d, '"'), j.enclosed(d, 0)
	v := verdict{tally: weigh(quoted, plain), readings: []dialect{quoted.dialect, plain.dialect}}
	if v.quoted > 0 || v.codes || bytes.IndexByte(j.text, '\'') < 0 {
		return v
	}
	if t := j.enclosed(d, '\''); t.apostrophes(plain) {
		return verdict{tally: t}
	}
	return v
}

// apostrophes reports whether they enclose fields: one that opens and another
// that closes can be part of texts, and so can both.
func (t tally) apostrophes(plain tally) bool {
	switch {
	case t.quoted == 0 || !t.sound() || !t.uniform() || t.broken > 0 && plain.uniform():
		return false
	case t.needed > 0:
		return t.whole || !plain.uniform()
	}
	return t.whole && t.columns > 2
}

// enclosed gives the best reading with this quote; 0 is none.
func (j *judge) enclosed(d dialect, quote byte) tally {
	d.quote = quote
	back := j.escapes(d)
	if quote == 0 {
		if j.hasEscape {
			d.codes = d.escape == '\\'
			return j.tally(d)
		}
		t := j.tally(d)
		if back.ofFamily(d.delimiter, t.uniform()) {
			d.escape, d.codes = '\\', true
			if with := j.tally(d); with.lost() <= t.lost() {
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
		if with := j.tally(lead); with.lost() < t.lost() {
			d, t = lead, with
		}
	}
	if t.sound() {
		return t
	}
	best := t
	for _, other := range j.variants(d, back) {
		if v := j.tally(other); v.faults < best.faults && v.odd <= best.lost() {
			best = v
		}
	}
	return best
}

// variants are dialects whose quotes are not doubled.
func (j *judge) variants(d dialect, back escapes) (all []dialect) {
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

// weigh decides between a reading with quotes and one without. Quotes are
// believed where they are needed, or stand around a whole column or header; a
// reading that joins lines is not, where each line alone is a good row with the
// same columns of numbers.
func weigh(quoted, plain tally) tally {
	habit := quoted.whole || quoted.column
	proof := habit || quoted.needed > 0
	rows := plain.uniform() && plain.columns > 1 // each line is one
	tab := quoted.delimiter == '\t'
	believe := false
	switch {
	case quoted.sound() && quoted.quoted == 0:
		believe = !plain.codes
	case quoted.sound() && quoted.broken == 0:
		believe = proof && !plain.codes || !tab
	case quoted.sound() && rows:
		believe = proof || quoted.ends || quoted.typed > plain.typed
	case quoted.sound() && plain.columns == 1:
		believe = proof || !tab || quoted.ends
	case quoted.sound():
		believe = quoted.odd == 0 || quoted.lost() <= plain.lost()
	case rows:
		believe = habit || int64(quoted.needed) > quoted.faults
	case habit:
		believe = quoted.lost() <= 2*plain.lost()
	case tab:
		believe = quoted.lost() < plain.lost()
	default:
		believe = quoted.lost() <= 2*plain.lost()
	}
	if believe {
		return quoted
	}
	return plain
}
