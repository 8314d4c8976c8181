package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Bytes is a size in bytes. In a configuration it is a number, or text with a
// unit: 67108864, "64MiB", "64 MB".
type Bytes int64

// The units. A unit that is the end of another one comes after it.
var units = []struct {
	name  string
	bytes int64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1},
}

// ParseBytes reads a size. The error is a phrase that follows the name of the key.
func ParseBytes(text string) (Bytes, error) {
	number, unit := strings.ToLower(strings.TrimSpace(text)), int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 63)
	if err != nil || n > math.MaxInt64/uint64(unit) {
		return 0, fmt.Errorf("must be a number of bytes or a size such as \"64MiB\"")
	}
	return Bytes(int64(n) * unit), nil
}

// String returns the size in the largest binary unit that divides it.
func (b Bytes) String() string {
	for _, u := range []struct {
		name  string
		bytes Bytes
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if b != 0 && b%u.bytes == 0 {
			return strconv.FormatInt(int64(b/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// The types of keys.
var (
	typeString   = reflect.TypeFor[string]()
	typeBool     = reflect.TypeFor[bool]()
	typeInt      = reflect.TypeFor[int]()
	typeBytes    = reflect.TypeFor[Bytes]()
	typeDuration = reflect.TypeFor[time.Duration]()
)

// fromText parses text by the type of its key. Text for a string key is never
// changed: a password 00123 keeps its zeros. The error is a phrase that follows
// the name of the key.
func fromText(t reflect.Type, text string) (any, error) {
	trimmed := strings.TrimSpace(text)
	switch t {
	case typeBool:
		switch strings.ToLower(trimmed) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, fmt.Errorf("must be true or false")
	case typeInt:
		n, err := strconv.Atoi(trimmed)
		if err != nil {
			return nil, fmt.Errorf("must be a whole number")
		}
		return n, nil
	case typeBytes:
		return ParseBytes(trimmed)
	case typeDuration:
		d, err := time.ParseDuration(trimmed)
		if err != nil {
			return nil, fmt.Errorf("must be a duration such as \"30s\", \"5m\" or \"1h30m\"")
		}
		return d, nil
	}
	return text, nil
}

// fromTyped converts a value of TOML, which has a type already. Text is accepted
// for strings, sizes and durations, but not for numbers and booleans.
func fromTyped(t reflect.Type, v any) (any, error) {
	switch v := v.(type) {
	case string:
		if t == typeString || t == typeBytes || t == typeDuration {
			return fromText(t, v)
		}
	case bool:
		if t == typeBool {
			return v, nil
		}
	case int:
		return fromTyped(t, int64(v))
	case int64:
		switch {
		case t == typeInt && v >= math.MinInt32 && v <= math.MaxInt32:
			return int(v), nil
		case t == typeInt:
			return nil, fmt.Errorf("is out of range")
		case t == typeBytes:
			return ParseBytes(strconv.FormatInt(v, 10))
		}
	case time.Duration:
		if t == typeDuration {
			return v, nil
		}
	}
	return nil, fmt.Errorf("must be %s", expected(t))
}

// expected describes the values of a type, for error messages.
func expected(t reflect.Type) string {
	switch t {
	case typeBool:
		return "true or false, without quotes"
	case typeInt:
		return "a whole number, without quotes"
	case typeBytes:
		return "a number of bytes or a size such as \"64MiB\""
	case typeDuration:
		return "a duration in quotes, such as \"30s\", \"5m\" or \"1h30m\""
	}
	return "text in quotes"
}
