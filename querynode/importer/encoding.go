package importer

import (
	"bytes"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ayb-go/ayb/shared/errs"
)

// The names of encodings.
const (
	utf8Name    = "utf-8"
	utf16LEName = "utf-16le"
	utf16BEName = "utf-16be"
	latin1Name  = "latin-1"
)

// marks are the byte order marks.
var marks = []struct{ name, mark string }{{utf8Name, "\xEF\xBB\xBF"}, {utf16LEName, "\xFF\xFE"}, {utf16BEName, "\xFE\xFF"}}

// encodingFor finds out the encoding, unless it is given. A mark at the front
// decides; then whether all of it is UTF-8. What is not is Latin-1, in which
// every byte means something.
func (d *Data) encodingFor(given string) (string, error) {
	begin, err := d.beginning(4096)
	if err != nil {
		return "", err
	}
	name := given
	if name == "" {
		name = d.guess(begin)
	}
	if name == utf8Name && d.invalid > 0 {
		return "", errs.E(errs.Invalid, "Line %d: this is not UTF-8; say which encoding the data has", d.invalid)
	}
	return name, nil
}

func (d *Data) guess(begin []byte) string {
	for _, m := range marks {
		if bytes.HasPrefix(begin, []byte(m.mark)) {
			return m.name
		}
	}
	// In UTF-16 every other byte of most texts is zero, in others none is.
	var zeros [2]int
	for i, c := range begin {
		if c == 0 {
			zeros[i&1]++
		}
	}
	enough := len(begin) / 8
	switch {
	case zeros[1] > enough && zeros[0] <= zeros[1]/8:
		return utf16LEName
	case zeros[0] > enough && zeros[1] <= zeros[0]/8:
		return utf16BEName
	case d.invalid > 0:
		return latin1Name
	}
	return utf8Name
}

// text gives all of the data as UTF-8, without a byte order mark.
func (d *Data) text(encoding string) (io.Reader, error) {
	begin, err := d.beginning(4)
	if err != nil {
		return nil, err
	}
	skip := int64(0)
	for _, m := range marks {
		if m.name == encoding && bytes.HasPrefix(begin, []byte(m.mark)) {
			skip = int64(len(m.mark))
		}
	}
	src := io.NewSectionReader(d.file, skip, d.bytes-skip)
	if encoding == utf8Name {
		return src, nil
	}
	return &decoder{src: src, encoding: encoding, raw: make([]byte, 32<<10)}, nil
}

// decoder makes UTF-8 of other encodings.
type decoder struct {
	src      io.Reader
	encoding string
	raw      []byte
	held     int // bytes at the front of raw that are not decoded yet
	out      []byte
	at       int
	err      error
}

// Read implements io.Reader.
func (d *decoder) Read(p []byte) (int, error) {
	for d.at == len(d.out) {
		if d.err != nil {
			return 0, d.err
		}
		n, err := d.src.Read(d.raw[d.held:])
		d.err = err
		d.out, d.at = d.out[:0], 0
		raw := d.raw[:d.held+n]
		used := len(raw)
		if d.encoding == latin1Name {
			d.latin1(raw)
		} else {
			used = d.utf16(raw, err != nil)
		}
		d.held = copy(d.raw, raw[used:])
	}
	n := copy(p, d.out[d.at:])
	d.at += n
	return n, nil
}

// high is what Windows, and so nearly everybody, puts where Latin-1 has control
// characters.
var high = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

func (d *decoder) latin1(raw []byte) {
	for _, c := range raw {
		switch {
		case c < 0x80:
			d.out = append(d.out, c)
		case c < 0xA0:
			d.out = utf8.AppendRune(d.out, high[c-0x80])
		default:
			d.out = utf8.AppendRune(d.out, rune(c))
		}
	}
}

// utf16 decodes what is complete and tells how many bytes that were. Half a
// character becomes U+FFFD.
func (d *decoder) utf16(raw []byte, final bool) int {
	unit := func(i int) rune {
		if d.encoding == utf16LEName {
			return rune(raw[i]) | rune(raw[i+1])<<8
		}
		return rune(raw[i+1]) | rune(raw[i])<<8
	}
	i := 0
	for i+1 < len(raw) {
		r := unit(i)
		if utf16.IsSurrogate(r) {
			if i+3 >= len(raw) && !final {
				return i
			}
			pair := rune(utf8.RuneError)
			if i+3 < len(raw) {
				pair = utf16.DecodeRune(r, unit(i+2))
			}
			if pair != utf8.RuneError {
				i += 2
			}
			r = pair
		}
		d.out = utf8.AppendRune(d.out, r)
		i += 2
	}
	if final && i < len(raw) {
		d.out = utf8.AppendRune(d.out, utf8.RuneError)
		i = len(raw)
	}
	return i
}
