package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Bytes is a size. A configuration writes it as a whole number of bytes or
// with a unit: 67108864, "64MiB", "64 MB".
type Bytes int64

// The units, longest first where one is the end of another.
var units = []struct {
	name  string
	bytes int64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1},
}

// ParseBytes reads a size. The error is one sentence without the key's name.
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

// String is the size in the largest binary unit that divides it.
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

// The types a key can have.
var (
	typeString   = reflect.TypeFor[string]()
	typeBool     = reflect.TypeFor[bool]()
	typeInt      = reflect.TypeFor[int]()
	typeBytes    = reflect.TypeFor[Bytes]()
	typeDuration = reflect.TypeFor[time.Duration]()
)

// fromText reads text for a key of this type (pitfall O2): a string is taken
// as it is. The error is a phrase that follows the key's name.
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

// fromTyped takes a value that has a type of its own already, as TOML's have.
// Text stands for sizes and durations only, not for numbers and booleans.
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

// expected says in words what a key of this type takes.
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
