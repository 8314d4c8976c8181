package mux

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

// The wire format is a contract between processes of different versions.
func TestGoldenFrames(t *testing.T) {
	tests := []struct {
		name  string
		frame []byte
		want  string
	}{
		{"request", Append(nil, OpenFinal, 7, []byte("SQL")), "00000008" + "02" + "00000007" + "53514c"},
		{"empty end", Append(nil, Final, 1, nil), "00000005" + "04" + "00000001"},
		{"credit", Append(nil, Credit, 258, []byte{0, 1, 0, 0}), "00000009" + "06" + "00000102" + "00010000"},
		{"ping", Append(nil, Ping, 0, nil), "00000005" + "08" + "00000000"},
	}
	for _, tt := range tests {
		if got := hex.EncodeToString(tt.frame); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestParse(t *testing.T) {
	whole := Append(Append(nil, Data, 3, []byte("abc")), Final, 3, nil)
	for cut := range len(whole) {
		rest := whole[:cut]
		for {
			_, after, more, err := Parse(rest)
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			if more {
				break
			}
			rest = after
		}
	}
	var kinds []Kind
	if err := EachFrame(whole, func(f Frame) { kinds = append(kinds, f.Kind) }); err != nil || len(kinds) != 2 {
		t.Errorf("kinds %v, %v", kinds, err)
	}
	if err := EachFrame(whole[:len(whole)-1], func(Frame) {}); !errors.Is(err, ErrFrame) {
		t.Errorf("a batch cut short gave %v", err)
	}
}

func TestForgedLengths(t *testing.T) {
	for _, forged := range []string{"00000000", "00000004", "ffffffff", "00080000"} {
		b, err := hex.DecodeString(forged)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := Parse(append(b, 1, 0, 0, 0, 1)); !errors.Is(err, ErrFrame) {
			t.Errorf("length %s gave %v", forged, err)
		}
		if _, _, _, err := Parse(b); !errors.Is(err, ErrFrame) {
			t.Errorf("length %s alone gave %v", forged, err)
		}
	}
	if _, ok := CreditOf([]byte{0xff, 0xff, 0xff, 0xff}); ok {
		t.Error("an absurd credit was accepted")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Append(nil, OpenFinal, 1, []byte("x")))
	f.Add([]byte{0, 0, 0, 5, 4, 0, 0, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		rest := b
		var again []byte
		for {
			fr, after, more, err := Parse(rest)
			if err != nil || more {
				break
			}
			if len(after) >= len(rest) {
				t.Fatal("no progress")
			}
			again = Append(again, fr.Kind, fr.Stream, fr.Payload)
			rest = after
		}
		if !bytes.HasPrefix(b, again) {
			t.Fatal("parsed frames encode differently")
		}
	})
}
