package config

import (
	"reflect"
	"strings"
)

// hidden stands where a secret was.
const hidden = "(hidden)"

// Redacted is a copy that may be printed: no key, no password.
func (s Server) Redacted() Server {
	v := reflect.ValueOf(&s).Elem()
	redact(v)
	return s
}

func redact(v reflect.Value) {
	for f, value := range v.Fields() {
		switch {
		case value.Kind() == reflect.Pointer && !value.IsNil():
			c := reflect.New(value.Type().Elem()) // leave the original's alone
			c.Elem().Set(value.Elem())
			redact(c.Elem())
			value.Set(c)
		case value.Kind() == reflect.Struct:
			redact(value)
		case value.Kind() != reflect.String || value.String() == "":
		case f.Tag.Get("secret") == "all":
			value.SetString(hidden)
		case f.Tag.Get("secret") == "url":
			value.SetString(redactURL(value.String()))
		}
	}
}

// redactURL hides what stands before the last @ and after a question mark,
// where passwords are. A password may hold any character, a comma too, so of a
// list of URLs with passwords only the end is left.
func redactURL(list string) string {
	scheme, rest, ok := strings.Cut(list, "://")
	if !ok {
		return hidden
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = hidden + rest[at:]
	}
	if before, _, cut := strings.Cut(rest, "?"); cut {
		rest = before + "?" + hidden
	}
	return scheme + "://" + rest
}
