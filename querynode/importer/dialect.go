package importer

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/ayb-go/ayb/shared/query"
)

const (
	sampleBytes = 256 << 10 // the dialect is found on
	sampleRows  = 200
	headerBytes = 200 // longest name that a header is expected to have
)

// sample is the beginning of the data.
type sample struct {
	text []byte
	cut  bool // there is more
}

func newSample(src io.Reader) (sample, error) {
	b := make([]byte, sampleBytes)
	n, err := io.ReadFull(src, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return sample{b[:n], false}, nil
	}
	if err != nil {
		return sample{}, errBroken(err)
	}
	return sample{b, true}, nil
}

// try is how a dialect does on a sample.
type try struct {
	dialect
	rows, columns int
	agree         int // rows that have as many columns as most
	stray, quoted int
	open          bool // a quote is never closed
}

func (s sample) try(d dialect) try {
	t := try{dialect: d}
	r := newDelimited(bytes.NewReader(s.text), d, "", len(s.text))
	widths := map[int]int{}
	for t.rows < sampleRows {
		got, err := r.next()
		if err != nil {
			t.open = !errors.Is(err, io.EOF) && !s.cut
			break
		}
		if s.cut && !r.have() {
			break // it may go on
		}
		t.rows++
		widths[len(got.cells)]++
		if got.bad != nil {
			t.stray++
		}
		for _, f := range r.fields {
			if f.quoted {
				t.quoted++
			}
		}
	}
	for n, rows := range widths {
		if rows > t.agree || rows == t.agree && n > t.columns {
			t.columns, t.agree = n, rows
		}
	}
	return t
}

// better tells whether a dialect explains the sample better than another: what
// tells any columns apart comes first, then quotes that close, then rows of
// equal length, then more columns.
func (t try) better(than try) bool {
	faults, others := t.faults(), than.faults()
	switch {
	case (t.columns > 1) != (than.columns > 1):
		return t.columns > 1
	case faults != others:
		return faults < others
	case t.agree*than.rows != than.agree*t.rows:
		return t.agree*than.rows > than.agree*t.rows
	}
	return t.columns > than.columns
}

func (t try) faults() int {
	if t.open {
		return t.stray + 1
	}
	return t.stray
}

// dialect finds out what of it is not given.
func (s sample) dialect(o query.ImportOptions) dialect {
	delimiters := []byte{',', ';', '\t', '|'}
	if o.Delimiter != "" {
		delimiters = []byte(o.Delimiter)
	} else if o.Format == query.TransferTSV {
		delimiters = []byte{'\t'}
	}
	quote := byte('"')
	if o.Quote != "" {
		quote = o.Quote[0]
	}
	best := s.best(delimiters, quote, false)
	if bytes.Contains(s.text, []byte{'\\', quote}) {
		if t := s.best(delimiters, quote, true); t.faults() < best.faults() {
			best = t
		}
	}
	if o.Quote == "" && best.quoted == 0 && bytes.IndexByte(s.text, '\'') >= 0 {
		if t := s.best(delimiters, '\'', false); t.quoted > 0 && t.faults() == 0 && t.agree == t.rows {
			best = t
		}
	}
	return best.dialect
}

func (s sample) best(delimiters []byte, quote byte, escape bool) try {
	var best try
	for i, c := range delimiters {
		if t := s.try(dialect{c, quote, escape}); i == 0 || t.better(best) {
			best = t
		}
	}
	return best
}

// header tells whether the first row has names: all of them there, different,
// short and no numbers.
func (s sample) header(d dialect, nullText string) bool {
	got, err := newDelimited(bytes.NewReader(s.text), d, nullText, len(s.text)).next()
	if err != nil || got.bad != nil {
		return false
	}
	names := map[string]bool{}
	for _, c := range got.cells {
		name := strings.ToLower(strings.TrimSpace(string(c.data)))
		if c.kind == null || name == "" || len(name) > headerBytes || names[name] || numeric(name) {
			return false
		}
		names[name] = true
	}
	return len(names) > 0
}

// numeric tells whether something looks like a number to a person, or like a
// date.
func numeric(s string) bool {
	return strings.Trim(s, "+-0123456789.,:/eE% ") == "" && strings.ContainsAny(s, "0123456789")
}
