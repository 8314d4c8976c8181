package linkcheck

import (
	"io"
	"strings"

	"golang.org/x/net/html"
)

// hasLinkTo reports whether a page has an anchor to the profile with the
// relation "me": <a rel="me" href="PROFILE">. It reads tokens and builds no
// tree, so that its work grows linearly with the page. It skips comments and
// scripts.
func hasLinkTo(page io.Reader, profile string) bool {
	z := html.NewTokenizer(page)
	z.SetMaxBuf(pageBytes)
	for {
		switch z.Next() {
		case html.ErrorToken: // the end of the page, or of its readable part
			return false
		case html.StartTagToken, html.SelfClosingTagToken:
			if name, more := z.TagName(); more && string(name) == "a" && isProfileLink(z, profile) {
				return true
			}
		}
	}
}

// isProfileLink checks the attributes of an anchor. If an attribute is given
// twice, the first one counts.
func isProfileLink(z *html.Tokenizer, profile string) bool {
	var href, rel *string
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch text := string(value); {
		case string(key) == "href" && href == nil:
			href = &text
		case string(key) == "rel" && rel == nil:
			rel = &text
		}
	}
	return href != nil && rel != nil && *href == profile && hasToken(*rel, "me")
}

// hasToken reports whether a list that is separated by spaces contains a word, in
// upper or lower case.
func hasToken(list, word string) bool {
	for token := range strings.FieldsSeq(list) {
		if strings.EqualFold(token, word) {
			return true
		}
	}
	return false
}
