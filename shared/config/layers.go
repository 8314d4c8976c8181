package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/file"
)

// EnvPrefix begins the name of every environment variable that is a key.
const EnvPrefix = "AYB__"

// reader turns each source into a layer: keys with values of the right type. It
// collects the faults.
type reader struct {
	schema schema
	faults *faults
}

// file reads the TOML file. readable is false for a file that cannot be read or
// has a syntax error; then the checks make no sense.
func (r reader) file(name string, required bool) (layer map[string]any, readable bool) {
	data, err := file.Provider(name).ReadBytes()
	switch {
	case errors.Is(err, fs.ErrNotExist) && !required:
		return nil, true
	case errors.Is(err, fs.ErrNotExist):
		r.faults.add("", "the file does not exist; \"ayb default_server_config\" prints one to start from")
		return nil, false
	case err != nil:
		r.faults.add("", "the file cannot be read: %v", withoutPath(err))
		return nil, false
	}
	raw, err := toml.Parser().Unmarshal(data)
	if err != nil {
		r.faults.add("", "%s", syntaxError(err))
		return nil, false
	}
	return r.typedValues(raw, ""), true
}

// withoutPath drops the path from a file system error, because the heading has it.
func withoutPath(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// syntaxError returns the text for a syntax error, with its line and column.
func syntaxError(err error) string {
	text := strings.TrimPrefix(err.Error(), "toml: ")
	if at, ok := errors.AsType[interface {
		error
		Position() (row, column int)
	}](err); ok {
		row, column := at.Position()
		return fmt.Sprintf("line %d, column %d is not valid TOML: %s", row, column, text)
	}
	return "not valid TOML: " + text
}

// typedValues checks a tree of typed values, as a TOML file has it, and returns
// the known keys. It keeps sections without keys: the header of an optional
// section alone enables it.
func (r reader) typedValues(tree map[string]any, prefix string) map[string]any {
	kept := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		key, value := prefix+name, tree[name]
		section, isSection := value.(map[string]any)
		t, isKey := r.schema.keys[key]
		switch {
		case strings.Contains(name, ".") || !isKey && !r.schema.sections[key]:
			r.unknown(key, "key "+key)
		case isKey:
			v, err := fromTyped(t, value)
			if err != nil {
				r.faults.add(key, "%s %v", key, err)
				continue
			}
			kept[name] = v
		case !isSection:
			r.faults.add(key, "%s is a section: write [%s] on a line of its own and its keys below", key, key)
		default:
			kept[name] = r.typedValues(section, key+".")
		}
	}
	return kept
}

// env reads a variable AYB__SECTION__KEY, in any case.
func (r reader) env(name, text string) (key string, value any) {
	if len(name) < len(EnvPrefix) || !strings.EqualFold(name[:len(EnvPrefix)], EnvPrefix) {
		return "", nil
	}
	key = strings.ToLower(strings.ReplaceAll(name[len(EnvPrefix):], "__", "."))
	return r.textValue(key, name, text)
}

// textValue parses text by the type of its key. source is the name that the user
// wrote.
func (r reader) textValue(key, source, text string) (string, any) {
	t, known := r.schema.keys[key]
	if !known && r.schema.sections[key] {
		r.faults.add(key, "%s names a section; add two underscores and a key of it", source)
		return "", nil
	}
	if !known {
		r.unknown(key, source)
		return "", nil
	}
	v, err := fromText(t, text)
	if err != nil {
		r.faults.add(key, "%s (from %s) %v", key, source, err)
		return "", nil
	}
	return key, v
}

// flags reads values of the command line, by the paths of their keys.
func (r reader) flags(values map[string]any) map[string]any {
	layer := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if text, ok := values[key].(string); ok {
			if key, v := r.textValue(key, "the command line", text); key != "" {
				layer[key] = v
			}
			continue
		}
		t, known := r.schema.keys[key]
		if !known {
			r.unknown(key, "key "+key)
			continue
		}
		v, err := fromTyped(t, values[key])
		if err != nil {
			r.faults.add(key, "%s (from the command line) %v", key, err)
			continue
		}
		layer[key] = v
	}
	return layer
}

func (r reader) unknown(key, source string) {
	near := r.schema.nearest(key)
	switch {
	case near == "":
		r.faults.add(key, "%s is not known; \"ayb default_server_config\" shows all keys", source)
	case strings.HasPrefix(strings.ToUpper(source), EnvPrefix):
		r.faults.add(key, "%s is not known; did you mean %s%s?", source,
			EnvPrefix, strings.ToUpper(strings.ReplaceAll(near, ".", "__")))
	default:
		r.faults.add(key, "%s is not known; did you mean %s?", source, near)
	}
}
