package prose

import (
	"flag"
	"strings"
	"testing"
)

var root = flag.String("root", "../..", "the root of the tree")

var dirs = flag.String("dirs", ".", "directories of the tree to check, with commas between")

// TestProse checks the tree. To check some rooms alone:
//
//	go test ./tests/prose -args -dirs querynode/pool,docs
func TestProse(t *testing.T) {
	n := 0
	for dir := range strings.SplitSeq(*dirs, ",") {
		found, err := Check(*root, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			t.Error(f)
		}
		n += len(found)
	}
	if n > 0 {
		t.Logf("%d findings", n)
	}
}

func TestRules(t *testing.T) {
	for words, want := range map[string]string{
		"open reports whether the file is open.":                    "",
		"open tells whether the file is open.":                      "tells whether,gives, tells",
		"The limit returns in a minute. What is read is kept here.": "clause as a subject",
		"What is this?":                           "",
		"size gives the size.":                    "gives, tells",
		"A snapshot goes to S3 (S22).":            "number of a pitfall outside tests",
		"It is closed, as ruling 30 asks.":        "number of a document that is not here",
		"by somebody, who is nobody here":         "person without a name,person without a name",
		"There are 3, which is as many as may be": "as many as may",
	} {
		var got []string
		for _, f := range check("x.go", text{words: words, comment: true}) {
			got = append(got, f.Rule)
		}
		if s := strings.Join(got, ","); s != want {
			t.Errorf("%q: %q, want %q", words, s, want)
		}
	}
}
