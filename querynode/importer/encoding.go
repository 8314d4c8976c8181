package importer

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"

	"github.com/ayb-go/ayb/shared/errs"
)

// The names of encodings that can be detected. All others have the names of the
// WHATWG standard.
const (
	utf8Name    = "utf-8"
	utf16LEName = "utf-16le"
	utf16BEName = "utf-16be"
	latin1Name  = "latin-1"
)

// marks are the byte order marks.
var marks = []struct{ name, mark string }{{utf8Name, "\xEF\xBB\xBF"}, {utf16LEName, "\xFF\xFE"}, {utf16BEName, "\xFE\xFF"}}

// knownEncoding returns the canonical name of an encoding.
func knownEncoding(name string) (string, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	switch name {
	case "", latin1Name, utf8Name, utf16LEName, utf16BEName, "utf-16":
		return name, nil
	}
	e, err := htmlindex.Get(name)
	if err == nil && e != encoding.Replacement {
		if name, err = htmlindex.Name(e); err == nil {
			return name, nil
		}
	}
	return "", errs.E(errs.Invalid, "The encoding %s is unknown; use utf-8, utf-16le, utf-16be, latin-1 or an encoding of web pages, such as windows-1251, shift_jis or gb18030", truncate(name, 40))
}

// encodingFor returns the given encoding or detects it. A byte order mark
// decides first, then whether the data is UTF-8 apart from a few bytes. All
// other data is Latin-1, in which every byte is valid.
func (d *Data) encodingFor(given string) (string, error) {
	begin, err := d.head(4096)
	if err != nil {
		return "", err
	}
	name, err := knownEncoding(given)
	if err != nil {
		return "", err
	}
	if name == "utf-16" {
		name = utf16LEName
		if bytes.HasPrefix(begin, []byte("\xFE\xFF")) {
			name = utf16BEName
		}
	}
	if name == "" {
		name = d.detectEncoding(begin)
	}
	return name, nil
}

// requireUTF8 rejects data that is not valid UTF-8 although it should be. It is
// for formats whose rows are not checked one by one.
func (d *Data) requireUTF8(encoding string) error {
	if encoding == utf8Name && d.invalidLine > 0 {
		return errs.E(errs.Invalid, "Line %d is not valid UTF-8; set the encoding of the data", d.invalidLine)
	}
	return nil
}

func shownEncoding(name string) string { return strings.ToUpper(name) }

func (d *Data) detectEncoding(begin []byte) string {
	for _, m := range marks {
		if bytes.HasPrefix(begin, []byte(m.mark)) {
			return m.name
		}
	}
	// In UTF-16, every other byte of most texts is zero.
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
	case d.invalidBytes > 4*d.nonASCII:
		return latin1Name
	}
	return utf8Name
}

// text returns the data as UTF-8, without a byte order mark. Bytes that the
// encoding does not have become U+FFFD, or with stray a byte that is not UTF-8.
// Data whose encoding is UTF-8 is passed on unchanged, valid or not.
func (d *Data) text(encoding string, stray bool) (io.Reader, error) {
	return d.textFrom(encoding, stray, 0)
}

// textFrom returns the text from an offset.
func (d *Data) textFrom(name string, stray bool, offset int64) (io.Reader, error) {
	begin, err := d.head(4)
	if err != nil {
		return nil, err
	}
	skip := int64(0)
	for _, m := range marks {
		if m.name == name && bytes.HasPrefix(begin, []byte(m.mark)) {
			skip = int64(len(m.mark))
		}
	}
	if name == utf8Name {
		return io.NewSectionReader(d.file, skip+offset, d.bytes-skip-offset), nil
	}
	var out io.Reader
	src := io.NewSectionReader(d.file, skip, d.bytes-skip)
	switch name {
	case latin1Name, utf16LEName, utf16BEName:
		out = &decoder{src: src, encoding: name, stray: stray, raw: make([]byte, 32<<10)}
	default:
		e, err := htmlindex.Get(name)
		if err != nil {
			return nil, errs.Wrap(errs.Internal, err, "The encoding of the data could not be read")
		}
		out = transform.NewReader(src, e.NewDecoder())
		if stray {
			out = transform.NewReader(out, &replacementMarker{})
		}
	}
	if offset > 0 {
		if _, err := io.CopyN(io.Discard, out, offset); err != nil {
			return nil, errReadBack(err)
		}
	}
	return out, nil
}

// replacementMarker replaces U+FFFD, which decoders write for invalid bytes, by
// a byte that is not UTF-8.
type replacementMarker struct{ transform.NopResetter }

// Transform implements transform.Transformer.
func (*replacementMarker) Transform(dst, src []byte, final bool) (to, from int, err error) {
	const mark = "\uFFFD"
	for from < len(src) {
		rest := src[from:]
		i := bytes.IndexByte(rest, mark[0])
		switch {
		case i < 0:
			i = len(rest)
		case i > 0:
		case len(rest) < len(mark) && !final:
			return to, from, transform.ErrShortSrc
		case bytes.HasPrefix(rest, []byte(mark)):
			if to == len(dst) {
				return to, from, transform.ErrShortDst
			}
			dst[to] = 0xFF
			to, from = to+1, from+len(mark)
			continue
		default:
			i = 1
		}
		n := copy(dst[to:], rest[:i])
		to, from = to+n, from+n
		if n < i {
			return to, from, transform.ErrShortDst
		}
	}
	return to, from, nil
}

// decoder converts Latin-1 and UTF-16 to UTF-8.
type decoder struct {
	src      io.Reader
	encoding string
	stray    bool // invalid input becomes a byte that is not UTF-8
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

// windows1252 are the characters that Windows has where Latin-1 has control
// characters.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

func (d *decoder) latin1(raw []byte) {
	for _, c := range raw {
		switch {
		case c < 0x80:
			d.out = append(d.out, c)
		case c < 0xA0:
			d.out = utf8.AppendRune(d.out, windows1252[c-0x80])
		default:
			d.out = utf8.AppendRune(d.out, rune(c))
		}
	}
}

// utf16 decodes complete characters and returns the number of bytes. Half a
// surrogate pair is invalid.
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
			if pair == utf8.RuneError {
				d.half()
				i += 2
				continue
			}
			i += 2
			r = pair
		}
		d.out = utf8.AppendRune(d.out, r)
		i += 2
	}
	if final && i < len(raw) {
		d.half()
		i = len(raw)
	}
	return i
}

func (d *decoder) half() {
	if d.stray {
		d.out = append(d.out, 0xFF)
		return
	}
	d.out = utf8.AppendRune(d.out, utf8.RuneError)
}
