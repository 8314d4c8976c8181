package linkcheck

import (
	"strings"
	"testing"
)

func TestLinksBack(t *testing.T) {
	const profile = "https://ayb.example.com/alice"
	for _, tt := range []struct {
		name, page string
		want       bool
	}{
		{"plain", `<a rel="me" href="https://ayb.example.com/alice">ayb</a>`, true},
		{"other order, single quotes", `<p><a href='https://ayb.example.com/alice' rel='me'>ayb</a>`, true},
		{"no quotes", `<a href=https://ayb.example.com/alice rel=me>`, true},
		{"upper case", `<A REL="ME" HREF="https://ayb.example.com/alice">`, true},
		{"more relations", "<a rel='nofollow\n me noopener' href='https://ayb.example.com/alice'>", true},
		{"escaped", `<a rel="me" href="https&#58;//ayb.example.com/alice">`, true},
		{"self-closing", `<a rel="me" href="https://ayb.example.com/alice"/>`, true},
		{"after much else", strings.Repeat(`<p>x<a href="/">y</a>`, 1000) + `<a rel=me href=https://ayb.example.com/alice>`, true},
		{"no relation", `<a href="https://ayb.example.com/alice">`, false},
		{"longer relation", `<a rel="me-author" href="https://ayb.example.com/alice">`, false},
		{"longer address", `<a rel="me" href="https://ayb.example.com/alice/x">`, false},
		{"shorter address", `<a rel="me" href="https://ayb.example.com/alic">`, false},
		{"slash at the end", `<a rel="me" href="https://ayb.example.com/alice/">`, false},
		{"other scheme", `<a rel="me" href="http://ayb.example.com/alice">`, false},
		{"spaces around", `<a rel="me" href=" https://ayb.example.com/alice ">`, false},
		{"two anchors", `<a rel="me" href="/"></a><a href="https://ayb.example.com/alice">`, false},
		{"first of two counts", `<a rel="x" rel="me" href="https://ayb.example.com/alice">`, false},
		{"in a comment", `<!-- <a rel="me" href="https://ayb.example.com/alice"> -->`, false},
		{"in a script", `<script>"<a rel='me' href='https://ayb.example.com/alice'>"</script>`, false},
		{"in a text field", `<textarea><a rel="me" href="https://ayb.example.com/alice"></textarea>`, false},
		{"a link of the head", `<link rel="me" href="https://ayb.example.com/alice">`, false},
		{"no markup", `rel="me" href="https://ayb.example.com/alice"`, false},
		{"cut off", `<a rel="me" href="https://ayb.example.com/alice`, false},
		{"empty", "", false},
	} {
		if got := hasLinkTo(strings.NewReader(tt.page), profile); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// FuzzHasLinkTo reads pages with arbitrary bytes.
func FuzzHasLinkTo(f *testing.F) {
	f.Add(`<a rel="me" href="x">`)
	f.Add("<a <a <!-- \x00 <script>")
	f.Fuzz(func(t *testing.T, page string) {
		if hasLinkTo(strings.NewReader(page), "https://a.example/b") && !strings.Contains(strings.ToLower(page), "<a") {
			t.Error("found without an anchor")
		}
	})
}
