package encode

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextPiecesKeepCharacters(t *testing.T) {
	for _, r := range []string{"é", "€", "😀", "\xff", "\xf0\x9f", "\xc3"} {
		for shift := range 5 {
			in := strings.Repeat("a", shift) + strings.Repeat(r, 3*pieceBytes)
			var all []byte
			o := Output{Next: func(p []byte) error { all = append(all, p...); return nil }}
			if err := AppendJSONText(&o, []byte(in)); err != nil {
				t.Fatal(err)
			}
			all = append(all, o.Buf...)
			want := `"` + string(appendEscaped(nil, []byte(in))) + `"`
			if string(all) != want || !utf8.Valid(all) {
				t.Errorf("%q shifted by %d is cut wrongly", r, shift)
			}
		}
	}
}
