package daemonapi

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// maxTimeout is the largest timeout_ms.
	maxTimeout = math.MaxUint32
	// maxStatements and maxValues bound the memory for a body: two bytes of
	// JSON can be a value, which takes many more bytes in memory.
	maxStatements = 100_000
	maxValues     = 500_000
)

// DecodeBatch reads the JSON form of a query:
//
//	{"sql": "…", "params": […] or {…}}
//	{"statements": [{"sql": "…", "params": …, "expect_rows_affected": 1}, …], "atomic": true}
//
// with "max_rows" and "timeout_ms" beside either. "atomic" is true unless the
// body says otherwise. A value is null, a string, a number, a boolean (1 or
// 0), or one of {"base64":"…"} (with "as":"text" a TEXT that need not be UTF-8),
// {"integer":"…"}, {"real":"…"}; a number
// without fraction and exponent is an INTEGER and has to fit, every other a
// REAL. The error is Invalid and names the place, as a JSON pointer.
func DecodeBatch(body []byte) (Batch, error) {
	d := decoder{jsontext.NewDecoder(bytes.NewBuffer(body)), new(int)}
	b, err := d.batch()
	if err != nil {
		return Batch{}, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return Batch{}, errs.E(errs.Invalid, "The request has something after its JSON object")
	}
	return b, nil
}

// decoder reads a body token by token, so that a large batch needs no second
// copy. The library refuses invalid UTF-8 and duplicate names.
type decoder struct {
	*jsontext.Decoder
	values *int // number of values so far
}

// mistake is an error at the last read or open value.
func (d decoder) mistake(format string, args ...any) error {
	e := errs.E(errs.Invalid, format, args...)
	if at := string(d.StackPointer()); at != "" {
		e.Message += " (at " + shortened(at) + ")"
	}
	return e
}

// shortened bounds how much of a caller's text a message repeats.
func shortened(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strconv.QuoteToASCII(s)
}

func (d decoder) syntaxError(err error) error {
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return errs.Wrap(errs.Invalid, err, "The request is not valid JSON: %v at byte %d", s.Err, s.ByteOffset)
	}
	return errs.Wrap(errs.Invalid, err, "The request is not valid JSON: it ends too early")
}

// token reads the next token, which must have this kind.
func (d decoder) token(kind jsontext.Kind, what string) (jsontext.Token, error) {
	t, err := d.ReadToken()
	if err != nil {
		return t, d.syntaxError(err)
	}
	if t.Kind() != kind {
		return t, d.mistake("%s", what)
	}
	return t, nil
}

// object reads an object. member reads the value after a name.
func (d decoder) object(what string, member func(name string) error) error {
	if _, err := d.token('{', what); err != nil {
		return err
	}
	for {
		t, err := d.ReadToken()
		if err != nil {
			return d.syntaxError(err)
		}
		if t.Kind() == '}' {
			return nil
		}
		if err := member(t.String()); err != nil {
			return err
		}
	}
}

// array reads the rest of an array after its bracket.
func (d decoder) array(element func() error) error {
	for d.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return d.syntaxError(err)
	}
	return nil
}

func (d decoder) batch() (Batch, error) {
	b := Batch{Atomic: true}
	var one Statement
	var single, list, params bool
	err := d.object("The request has to be a JSON object", func(name string) (err error) {
		switch name {
		case "sql":
			single = true
			one.SQL, err = d.sql()
		case "params":
			params = true
			one.Params, err = d.params()
		case "statements":
			list = true
			b.Statements, err = d.statements()
		case "atomic":
			b.Atomic, err = d.boolean()
		case "max_rows":
			b.MaxRows, err = d.count(math.MaxInt64)
		case "timeout_ms":
			var ms int64
			ms, err = d.count(maxTimeout)
			b.Timeout = time.Duration(ms) * time.Millisecond
		default:
			err = d.mistake("The request has an unknown name; known are sql, params, statements, atomic, max_rows and timeout_ms")
		}
		return err
	})
	switch {
	case err != nil:
		return b, err
	case single == list:
		return b, errs.E(errs.Invalid, "The request has to have either sql or statements")
	case list && params:
		return b, errs.E(errs.Invalid, "The params of statements belong into each of them")
	}
	if single {
		b.Statements = []Statement{one}
		b.Script = one.Params.Empty()
	}
	return b, nil
}

func (d decoder) statements() ([]Statement, error) {
	if _, err := d.token('[', "The statements have to be an array"); err != nil {
		return nil, err
	}
	list := []Statement{}
	err := d.array(func() error {
		if len(list) == maxStatements {
			return d.mistake("A request may have at most %d statements; split it", maxStatements)
		}
		s, err := d.statement()
		list = append(list, s)
		return err
	})
	return list, err
}

func (d decoder) statement() (Statement, error) {
	var s Statement
	has := false
	err := d.object("A statement has to be an object with sql and params", func(name string) (err error) {
		switch name {
		case "sql":
			has = true
			s.SQL, err = d.sql()
		case "params":
			s.Params, err = d.params()
		case "expect_rows_affected":
			var n int64
			n, err = d.count(math.MaxInt64)
			s.Expect = &n
		default:
			err = d.mistake("A statement has an unknown name; known are sql, params and expect_rows_affected")
		}
		return err
	})
	if err == nil && !has {
		err = d.mistake("A statement has no sql")
	}
	return s, err
}

func (d decoder) sql() (string, error) {
	t, err := d.token('"', "The SQL has to be a string")
	if err != nil {
		return "", err
	}
	return t.String(), nil
}

func (d decoder) boolean() (bool, error) {
	t, err := d.ReadToken()
	if err != nil {
		return false, d.syntaxError(err)
	}
	if k := t.Kind(); k != 't' && k != 'f' {
		return false, d.mistake("This has to be true or false")
	}
	return t.Bool(), nil
}

func (d decoder) count(most int64) (int64, error) {
	const what = "This has to be a whole number, 0 or more"
	t, err := d.token('0', what)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(t.String(), 10, 64)
	if err != nil || n < 0 || n > most {
		return 0, d.mistake(what)
	}
	return n, nil
}

func (d decoder) params() (Params, error) {
	var p Params
	switch d.PeekKind() {
	case 'n':
		if _, err := d.ReadToken(); err != nil {
			return p, d.syntaxError(err)
		}
		return p, nil
	case '[':
		if _, err := d.ReadToken(); err != nil {
			return p, d.syntaxError(err)
		}
		err := d.array(func() error {
			v, err := d.value()
			p.Positional = append(p.Positional, v)
			return err
		})
		return p, err
	case '{':
		err := d.object("", func(name string) error {
			v, err := d.value()
			p.Named = append(p.Named, Named{Name: name, Value: v})
			return err
		})
		return p, err
	}
	if _, err := d.ReadToken(); err != nil {
		return p, d.syntaxError(err)
	}
	return p, d.mistake("The params have to be an array, or an object for named ones")
}
