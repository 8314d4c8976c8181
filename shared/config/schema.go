package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// schema is the list of allowed keys with their types, and of sections, by path.
// It is read from the struct Server.
type schema struct {
	keys     map[string]reflect.Type
	sections map[string]bool
}

func newSchema() schema {
	s := schema{keys: map[string]reflect.Type{}, sections: map[string]bool{}}
	s.walk(reflect.TypeFor[Server](), "")
	return s
}

func (s schema) walk(t reflect.Type, prefix string) {
	for f := range t.Fields() {
		path, ft := prefix+f.Tag.Get("koanf"), f.Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		if ft.Kind() == reflect.Struct {
			s.sections[path] = true
			s.walk(ft, path+".")
			continue
		}
		s.keys[path] = ft
	}
}

// nearest returns the known path that is most similar to an unknown one, or an
// empty text when all are too different.
func (s schema) nearest(path string) string {
	best, bestScore := "", len(lastPart(path))/2+2
	candidates := make([]string, 0, len(s.keys)+len(s.sections))
	for k := range s.keys {
		candidates = append(candidates, k)
	}
	for k := range s.sections {
		candidates = append(candidates, k)
	}
	slices.Sort(candidates)
	for _, c := range candidates {
		if score := difference(path, c); score < bestScore {
			best, bestScore = c, score
		}
	}
	return best
}

// difference returns the distance of the last parts of two paths, plus 2 for
// another section.
func difference(written, known string) int {
	w, k := lastPart(written), lastPart(known)
	score := distance(w, k)
	if strings.HasSuffix(k, "_"+w) || strings.HasPrefix(k, w+"_") {
		score = 1
	}
	if strings.TrimSuffix(written, w) != strings.TrimSuffix(known, k) {
		score += 2
	}
	return min(score, distance(written, known))
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// distance returns the number of letters to insert, delete or replace. Two
// swapped neighbours count as one.
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			replace := row[j]
			if a[i] != b[j] {
				replace++
			}
			next[j+1] = min(replace, next[j]+1, row[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}

// Keys returns the paths of all keys, sorted.
func Keys() []string {
	return slices.Sorted(maps.Keys(newSchema().keys))
}
