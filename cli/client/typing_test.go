//go:build linux

package client_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// awkward returns texts that terminals and line editors often change.
func awkward() map[string]string {
	var latin strings.Builder
	for r := ' '; r <= 0xff; r++ {
		if r < 0x7f || r >= 0xa0 {
			latin.WriteRune(r)
		}
	}
	return map[string]string{
		"ASCII and Latin-1":    strings.ReplaceAll(latin.String(), "'", "''"),
		"Latin extended":       "ĀāŁłŒœŠšŽž ẞ ȘșȚț ƒ İı",
		"Greek and Cyrillic":   "Ωμέγα Ёжик Їжак",
		"combining characters": "e\u0301 a\u0308\u0323 n\u0303 o\u0302\u0301 Z\u0351\u036b\u0343 \u1100\u1161\u11a8",
		"right to left":        "שלום مرحبا \u200f\u200e",
		"Indic and Thai":       "नमस्ते क्षि ที่นี่",
		"wide characters":      "中文字符 日本語かな 한국어 ｆｕｌｌ",
		"emoji":                "😀 👍🏽 👩‍👩‍👧‍👦 🇩🇪🇫🇷 ❤️ 1️⃣ 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
		"blanks":               "a\u00a0b\u2003c\u3000d\u200be",
	}
}

// arrives waits for a statement at the server and for the prompt after it.
func (c *console) arrives(s *server, want, prompt string) {
	c.t.Helper()
	c.await("a statement", func() bool { return s.statements() != "" })
	if got := s.statements(); got != want {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		c.t.Errorf("sent %d bytes, not %d; from byte %d on\n%.60q, not\n%.60q", len(got), len(want), at, got[at:], want[at:])
	}
	c.rows++
	c.await("the answer", func() bool { return strings.Count(c.text(), "Rows: 1") == c.rows })
	c.ready("Rows: 1", prompt)
	s.set(withSchema(echo))
}

func (c *console) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.master, text); err != nil {
		c.t.Fatal(err)
	}
}

// paste returns the bytes that a terminal sends for pasted text.
func paste(text string) string {
	return "\x1b[200~" + strings.ReplaceAll(text, "\n", "\r") + "\x1b[201~"
}

// The server gets exactly the typed text, for all kinds of characters and of
// input.
func TestTypedOnTerminal(t *testing.T) {
	const prompt = "a/b> "
	s := newServer(t, withSchema(echo))
	c := openConsole(t, atServer(t, s), "query", "a/b")
	c.ready("Launching", prompt)
	for name, text := range awkward() {
		t.Run(name, func(t *testing.T) {
			c.t = t
			sql := "SELECT '" + text + "';"
			chars := uniseg.NewGraphemes(sql)
			var keys []string
			for chars.Next() {
				keys = append(keys, chars.Str())
			}
			c.keys(keys...)
			c.write("\r")
			c.arrives(s, sql, prompt)
			c.write(sql + "\r") // faster than the editor draws
			c.arrives(s, sql, prompt)
			c.keys(paste(sql))
			c.write("\r")
			c.arrives(s, sql, prompt)
			for _, r := range sql { // an input method may send code points one by one
				c.write(string(r))
			}
			c.write("\r")
			c.arrives(s, sql, prompt)
		})
	}
	c.t = t
	c.exit("\x04")
}

// A paste is text: a tab in it does not complete, and a line break does not
// send.
func TestPasteOnTerminal(t *testing.T) {
	const prompt = "a/b> "
	s := newServer(t, withSchema(echo))
	c := openConsole(t, atServer(t, s), "query", "a/b")
	c.ready("Launching", prompt)
	c.await("the schema", func() bool { return strings.Contains(s.seen(), "/schema") })
	s.set(withSchema(echo))
	for _, lines := range []int{1, 40, 400} {
		var b strings.Builder
		b.WriteString("INSERT INTO fruit\tVALUES\n")
		for i := range lines {
			fmt.Fprintf(&b, "\t(%d,\t'Müller; %d é',\t\"fru\t\")\t,\n", i, i)
		}
		b.WriteString("\t(0,\t'',\t'')\t;")
		sql := b.String()
		c.keys(paste(sql))
		if got := s.statements(); got != "" {
			t.Fatalf("a paste of %d lines was sent: %q", lines, got)
		}
		c.write("\r")
		c.arrives(s, sql, prompt)
		// A terminal without bracketed paste.
		for part := range chunks(strings.ReplaceAll(sql, "\n", "\r"), 700) {
			c.write(part)
		}
		c.write("\r")
		c.arrives(s, sql, prompt)
	}
	// Several statements go one after another.
	c.keys(paste("SELECT 1;\nSELECT\t2;\n"))
	c.write("\r")
	c.await("both", func() bool { return s.statements() == "SELECT 1;|SELECT\t2;" })
	c.rows += 2
	c.await("the answers", func() bool { return strings.Count(c.text(), "Rows: 1") == c.rows })
	c.ready("Rows: 1", prompt)
	c.exit("\x04")
}

// Editing keys act on a character, whatever its number of code points and its
// width.
func TestEditingOnTerminal(t *testing.T) {
	const (
		prompt                     = "a/b> "
		left, right, home, end, up = "\x1b[D", "\x1b[C", "\x01", "\x05", "\x1b[A"
		back, del                  = "\x7f", "\x1b[3~"
	)
	s := newServer(t, withSchema(echo))
	c := openConsole(t, atServer(t, s), "query", "a/b")
	c.ready("Launching", prompt)
	for _, tt := range []struct {
		name string
		keys []string
		want string
	}{
		{"backspace over Latin-1", []string{"S ä", "ö", back, ";"}, "S ä;"},
		{"backspace over combining characters", []string{"S a", "e\u0301\u0323", back, "o;"}, "S ao;"},
		{"backspace over wide characters", []string{"S 中文", back, back, "字;"}, "S 字;"},
		{"backspace over a family and a flag", []string{"S 👩‍👩‍👧‍👦🇩🇪", back, back, "x;"}, "S x;"},
		{"insert between wide characters", []string{"S 中文;", left, left, "日", "本"}, "S 中日本文;"},
		{"insert beside combining characters", []string{"S e\u0301o\u0308;", left, left, "x", right, "y"}, "S e\u0301xo\u0308y;"},
		{"delete ahead", []string{"S é👍🏽x;", left, left, left, left, del, del}, "S x;"},
		{"begin and end", []string{"é;", home, "ü ", end, " "}, "ü é; "},
		{"paste in between", []string{"S 中;", left, left, paste("ä\tö\n")}, "S ä\tö\n中;"},
		{"the last once more", []string{up}, "S ä\tö\n中;"},
		{"the last changed", []string{up, end, back, back, "国;"}, "S ä\tö\n国;"},
		{"two lines", []string{"S 'é", "\r", "ü", back, "ö';"}, "S 'é\nö';"},
		{"over the end of the row", []string{"S '" + strings.Repeat("中", 80) + "x", back, "é';"}, "S '" + strings.Repeat("中", 80) + "é';"},
		{"given up", []string{"S 'nö", "\x03", "S 'jö';"}, "S 'jö';"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c.t = t
			c.keys(tt.keys...)
			c.write("\r")
			c.arrives(s, strings.TrimSpace(tt.want), prompt)
		})
	}
	c.t = t
	// Ctrl-D deletes in a text and ends the session without one.
	c.keys("S éx;", left, left, left, "\x04")
	c.write("\r")
	c.arrives(s, "S x;", prompt)
	c.exit("\x04")
}

// A text of which a part of a character was lost is not sent.
func TestCutCharacterOnTerminal(t *testing.T) {
	const prompt = "a/b> "
	s := newServer(t, withSchema(echo))
	c := openConsole(t, atServer(t, s), "query", "a/b")
	c.ready("Launching", prompt)
	c.keys("SELECT 'M\xc3", "\xbcller';")
	c.write("\r")
	c.ready("arrived in parts", prompt)
	c.keys("SELECT 'Müller';")
	c.write("\r")
	c.arrives(s, "SELECT 'Müller';", prompt)
	c.exit("\x04")
}

// chunks splits a text into parts of complete characters.
func chunks(text string, n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for len(text) > n {
			at := n
			for text[at]&0xc0 == 0x80 {
				at--
			}
			if !yield(text[:at]) {
				return
			}
			text = text[at:]
		}
		yield(text)
	}
}
