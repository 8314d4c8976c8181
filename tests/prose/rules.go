package prose

import "regexp"

// rule is a way of writing that this project does not use, and what to write.
type rule struct {
	name    string
	pattern *regexp.Regexp
	instead string
}

// rules hold for every text. They are few, because each false alarm costs more
// than a missed word. CONTRIBUTING.md says what they are for.
func rules() []rule {
	return []rule{
		{"tells whether", regexp.MustCompile(`(?i)\b(tells?|telling|says|looks?) (whether|if)\b`), `"reports whether", "checks whether"`},
		{"person without a name", regexp.MustCompile(`(?i)\b(nobody|somebody|everybody|anybody|no one|someone|everyone)('s)?\b`), "a noun: the caller, a client, another account, no user"},
		{"sees to it", regexp.MustCompile(`(?i)\b(see|sees|seeing) to it\b`), `"ensures", "makes sure"`},
		{"as many as may", regexp.MustCompile(`(?i)\bas (many|much|long|large|often) as (may|there may|it may|they may)\b`), "the limit and its value"},
		{"is none", regexp.MustCompile(`(?i)\b(is|are|was|were) none\b`), `"there is no X"`},
		{"for those there are", regexp.MustCompile(`(?i)\bthose (there are|that there are)\b`), "the noun"},
		{"clause as a subject", regexp.MustCompile(`(^|[.:;] )(What|Who|Whoever|Whatever) [a-z][^?]*$`), "a noun as the subject"},
		{"metaphor", regexp.MustCompile(`(?i)\b(errands?|shel(f|ves|ve|ved|ving)|doomed|mischief|farewells?|gives way|give way|gave way)\b`), "the field's term (docs/architecture.md)"},
		{"number of a document that is not here", regexp.MustCompile(`(?i)\brulings? \d|\bissue \d|\bacceptance \d`), "the reason, in words"},
	}
}

// opening is the beginning of a comment on a function that says what it does in
// a word other than the standard library's.
var opening = regexp.MustCompile(`^(//|/\*)? ?[A-Za-z_][A-Za-z0-9_]* (gives|tells)\b`)

// pitfall is a number of docs/pitfalls.md. Tests name them; sources do not. S3 is
// a protocol.
var pitfall = regexp.MustCompile(`\b(S[12]?\d|[QNOPUJAC]\d\d?)\b`)
