//go:build cgo && (linux || darwin)

package sqlite

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// keptParams is the size limit of a buffer for values that a run leaves to the
// next.
const keptParams = 64 << 10

// pack encodes the values of the current entry for the C layer: those of
// parameters 1 to n, one after another. It rejects a statement whose parameters
// differ from the given ones.
func (r *execution) pack(st *stmt) ([]byte, int, error) {
	p := r.body[r.entry].Params
	switch {
	case p.Empty() && (st.params == 0 || st.explain):
		return nil, 0, nil
	case p.Empty() && r.isCompatible():
		return nil, 0, errs.E(errs.Invalid, "The statement has %s, and no values were given: give them as params of a JSON request, with --param in a command, or with .param set in a session", plural(st.params, "parameter"))
	case len(p.Named) > 0:
		return r.packNamed(st, p.Named)
	case len(p.Positional) != st.params:
		return nil, 0, errs.E(errs.Invalid, "The statement has %s, and %s given", plural(st.params, "parameter"), were(len(p.Positional)))
	}
	r.b.params = r.b.params[:0]
	for i := range p.Positional {
		r.b.params = appendPacked(r.b.params, &p.Positional[i])
	}
	return r.b.params, st.params, nil
}

func (r *execution) packNamed(st *stmt, given []daemonapi.Named) ([]byte, int, error) {
	names, numbers := st.parameters()
	values := make([]*daemonapi.Value, len(names))
	for i := range given {
		found := false
		for _, n := range numbersOf(given[i].Name, len(names), numbers) {
			if n == 0 {
				continue
			}
			if values[n-1] != nil {
				return nil, 0, errs.E(errs.Invalid, "The parameter %s is given twice", nameOf(names, n-1))
			}
			values[n-1], found = &given[i].Value, true
		}
		if !found {
			return nil, 0, errs.E(errs.Invalid, "The statement has no parameter %s", quoted(given[i].Name))
		}
	}
	r.b.params = r.b.params[:0]
	for i, v := range values {
		if v == nil {
			return nil, 0, errs.E(errs.Invalid, "The parameter %s has no value", nameOf(names, i))
		}
		r.b.params = appendPacked(r.b.params, v)
	}
	return r.b.params, len(values), nil
}

// numbersOf returns the numbers of the parameters with a name. Ignore entries
// that are 0.
func numbersOf(name string, count int, numbers map[string]int) (found [3]int) {
	if name == "" {
		return found
	}
	if n, err := strconv.Atoi(strings.TrimPrefix(name, "?")); err == nil {
		if n > 0 && n <= count {
			found[0] = n
		}
		return found
	}
	if strings.ContainsRune(":@$", rune(name[0])) {
		found[0] = numbers[name]
		return found
	}
	for i, sign := range [...]string{":", "@", "$"} {
		found[i] = numbers[sign+name]
	}
	return found
}

// nameOf returns the name of a parameter for messages.
func nameOf(names []string, i int) string {
	if names[i] == "" {
		return strconv.Itoa(i + 1)
	}
	return quoted(names[i])
}

// quoted limits the length of a user's text in a message.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func plural(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func were(n int) string {
	if n == 1 {
		return "1 value was"
	}
	return plural(n, "value") + " were"
}

func appendPacked(dst []byte, v *daemonapi.Value) []byte {
	switch v.Kind {
	case daemonapi.Integer:
		return binary.NativeEndian.AppendUint64(append(dst, byte(encode.Integer)), uint64(v.Integer))
	case daemonapi.Real:
		return binary.NativeEndian.AppendUint64(append(dst, byte(encode.Real)), math.Float64bits(v.Real))
	case daemonapi.Text:
		dst = binary.NativeEndian.AppendUint32(append(dst, byte(encode.Text)), uint32(len(v.Bytes)))
		return append(dst, v.Bytes...)
	case daemonapi.Blob:
		dst = binary.NativeEndian.AppendUint32(append(dst, byte(encode.Blob)), uint32(len(v.Bytes)))
		return append(dst, v.Bytes...)
	}
	return append(dst, byte(encode.Null))
}
