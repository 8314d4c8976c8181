package config

import (
	"reflect"
	"strings"
)

// hidden replaces a secret.
const hidden = "(hidden)"

// Redacted returns a copy without keys and passwords, which may be printed.
func (s Server) Redacted() Server {
	v := reflect.ValueOf(&s).Elem()
	redact(v)
	return s
}

func redact(v reflect.Value) {
	for f, value := range v.Fields() {
		switch {
		case value.Kind() == reflect.Pointer && !value.IsNil():
			c := reflect.New(value.Type().Elem()) // the original stays unchanged
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

// redactURL hides the text before the last @ and after a question mark, where
// passwords are. A password may contain any character, also a comma. So only the
// end of a list of URLs with passwords stays visible.
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
