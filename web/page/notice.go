package page

import (
	"encoding/base64"
	"net/http"
)

// noticeCookie keeps a notice for the next page, and noticeSeconds is how long.
const (
	noticeCookie  = "notice"
	noticeSeconds = 60
)

// maxNotice is the longest notice, in bytes. Names are short, so that no sentence of
// a page is longer.
const maxNotice = 1 << 10

// Notify shows a sentence on the next page of this browser: after a form has been
// carried out and the answer is a redirect.
func (s *Site) Notify(w http.ResponseWriter, sentence string) {
	if len(sentence) > maxNotice {
		sentence = sentence[:maxNotice]
	}
	s.setNotice(w, base64.RawURLEncoding.EncodeToString([]byte(sentence)), noticeSeconds)
}

func (s *Site) setNotice(w http.ResponseWriter, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{Name: noticeCookie, Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: s.public.Scheme == "https", SameSite: http.SameSiteLaxMode})
}

// noticeOf returns the sentence of Notify, or an empty text.
func noticeOf(r *http.Request) string {
	c, err := r.Cookie(noticeCookie)
	if err != nil || len(c.Value) > 2*maxNotice {
		return ""
	}
	sentence, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return ""
	}
	return string(sentence)
}

// clearNotice removes a notice that a page shows.
func (s *Site) clearNotice(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie(noticeCookie); err == nil {
		s.setNotice(w, "", -1)
	}
}
