package page

import "net/http"

// Theme is a colour scheme of the pages.
type Theme string

// The themes. ThemeSystem is that of the user's system.
const (
	ThemeSystem Theme = ""
	ThemeLight  Theme = "light"
	ThemeDark   Theme = "dark"
)

// themeCookie keeps the theme of a browser, and themeSeconds is how long: a year.
const (
	themeCookie  = "theme"
	themeSeconds = 365 * 24 * 60 * 60
)

// SetTheme chooses the theme of this browser. An unknown one is that of the system.
func (s *Site) SetTheme(w http.ResponseWriter, theme Theme) {
	c := &http.Cookie{Name: themeCookie, Value: string(theme), Path: "/", MaxAge: themeSeconds,
		HttpOnly: true, Secure: s.public.Scheme == "https", SameSite: http.SameSiteLaxMode}
	if theme != ThemeLight && theme != ThemeDark {
		c.Value, c.MaxAge = "", -1
	}
	http.SetCookie(w, c)
}

// themeOf returns the theme of a browser.
func themeOf(r *http.Request) Theme {
	c, err := r.Cookie(themeCookie)
	if err != nil || c.Value != string(ThemeLight) && c.Value != string(ThemeDark) {
		return ThemeSystem
	}
	return Theme(c.Value)
}
