package daemonapi

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

func text(s string) Value   { return Value{Kind: Text, Bytes: []byte(s)} }
func integer(n int64) Value { return Value{Kind: Integer, Integer: n} }
func real(f float64) Value  { return Value{Kind: Real, Real: f} }
func blob(s string) Value   { return Value{Kind: Blob, Bytes: []byte(s)} }

func TestDecodeBatch(t *testing.T) {
	for body, want := range map[string]Batch{
		`{"sql":"SELECT 1"}`:                    {Statements: []Statement{{SQL: "SELECT 1"}}, Script: true, Atomic: true},
		`{"sql":"a","params":null}`:             {Statements: []Statement{{SQL: "a"}}, Script: true, Atomic: true},
		` {"sql":"\u00e9","params":[]} ` + "\n": {Statements: []Statement{{SQL: "é"}}, Script: true, Atomic: true},
		`{"params":[1],"sql":"a","max_rows":5,"timeout_ms":1500}`: {
			Statements: []Statement{{SQL: "a", Params: Params{Positional: []Value{integer(1)}}}}, Atomic: true, MaxRows: 5, Timeout: 1500 * time.Millisecond,
		},
		`{"statements":[],"atomic":true}`: {Statements: []Statement{}, Atomic: true},
		`{"statements":[{"sql":"a","params":{":x":1,"y":"z"}},{"sql":"b"}],"atomic":false}`: {
			Statements: []Statement{{SQL: "a", Params: Params{Named: []Named{{":x", integer(1)}, {"y", text("z")}}}}, {SQL: "b"}},
		},
	} {
		got, err := DecodeBatch([]byte(body))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", body, got, err, want)
		}
	}
}

// Values are neither rounded nor guessed.
func TestDecodeValues(t *testing.T) {
	for in, want := range map[string]Value{
		`null`: {}, `true`: integer(1), `false`: integer(0),
		`0`: integer(0), `-1`: integer(-1),
		`9223372036854775807`: integer(math.MaxInt64), `-9223372036854775808`: integer(math.MinInt64),
		`9007199254740993`: integer(9007199254740993),
		`1.0`:              real(1), `1e3`: real(1000), `-0.0`: real(math.Copysign(0, -1)), `1E-400`: real(0), `5e-324`: real(5e-324),
		`""`: text(""), `"a\u0000b"`: text("a\x00b"), `"\ud83d\ude00"`: text("😀"),
		`{"base64":""}`: blob(""), `{"base64":"/wA="}`: blob("\xff\x00"), `{"base64":"/w==","as":"text"}`: {Kind: Text, Bytes: []byte("\xff")},
		`{"integer":"9007199254740993"}`: integer(9007199254740993),
		`{"real":"Infinity"}`:            real(math.Inf(1)), `{"real":"-Infinity"}`: real(math.Inf(-1)),
		`{"real":"0.1"}`: real(0.1), `{"real":"1"}`: real(1),
	} {
		b, err := DecodeBatch([]byte(`{"sql":"a","params":[` + in + `]}`))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		got := b.Statements[0].Params.Positional[0]
		if got.Kind != want.Kind || got.Integer != want.Integer || math.Float64bits(got.Real) != math.Float64bits(want.Real) || string(got.Bytes) != string(want.Bytes) {
			t.Errorf("%s: got %+v, want %+v", in, got, want)
		}
	}
}

func TestBadBatches(t *testing.T) {
	param := func(v string) string { return `{"sql":"a","params":[1,` + v + `]}` }
	for body, want := range map[string]string{
		``: "not valid JSON", `{`: "not valid JSON", `{"sql":`: "not valid JSON", `[]`: "has to be a JSON object", `null`: "has to be a JSON object",
		`{}`: "either sql or statements", `{"sql":"a","statements":[]}`: "either sql or statements",
		`{"statements":[],"params":[]}`: "belong into each",
		`{"sql":"a"} {}`:                "after its JSON object", `{"sql":"a"}x`: "after its JSON object",
		`{"sql":1}`: "has to be a string", `{"SQL":"a"}`: "unknown name", `{"sql":"a","sql":"b"}`: "not valid JSON",
		"{\"sql\":\"\xff\"}":                                  "not valid JSON",
		`{"sql":"\ud800"}`:                                    "not valid JSON",
		`{"sql":"a","atomic":1}`:                              "true or false",
		`{"sql":"a","max_rows":-1}`:                           "whole number",
		`{"sql":"a","max_rows":1.5}`:                          "whole number",
		`{"sql":"a","timeout_ms":1e3}`:                        "whole number",
		`{"sql":"a","timeout_ms":99999999999}`:                "whole number",
		`{"sql":"a","params":"x"}`:                            "array, or an object",
		`{"sql":"a","params":[1`:                              "not valid JSON",
		`{"sql":"a","params":{"x":1,"x":2}}`:                  "not valid JSON",
		`{"statements":{}}`:                                   "an array",
		`{"statements":["a"]}`:                                "sql and params (at \"/statements/0\")",
		`{"statements":[{}]}`:                                 "no sql",
		`{"statements":[{"sql":"a","x":1}]}`:                  "unknown name",
		param(`[1]`):                                          `A value has to be`,
		param(`{}`):                                           `A value has to be`,
		param(`{"integer":"1","real":"1"}`):                   `A value has to be`,
		param(`{"integer":1}`):                                `A value has to be`,
		param(`{"blob":"1"}`):                                 `A value has to be`,
		param(`{"integer":"1.0"}`):                            `no integer of 64 bits`,
		param(`9223372036854775808`):                          `no integer of 64 bits; write a larger number as {"real":"…"} or as a string (at "/params/1")`,
		param(`1e999`):                                        `REAL can hold`,
		param(`{"real":"NaN"}`):                               `REAL can hold`,
		param(`{"real":"inf"}`):                               `REAL can hold`,
		param(`{"real":"0x1p4"}`):                             `REAL can hold`,
		param(`{"base64":"_w=="}`):                            `not base64`,
		param(`{"base64":"/w"}`):                              `not base64`,
		param(`{"integer":"1","as":"text"}`):                  `A value has to be`,
		param(`{"base64":"/w==","as":"blob"}`):                `A value has to be`,
		param(`{"as":"text"}`):                                `A value has to be`,
		strings.Repeat(`{"sql":`, 100_000):                    "string",
		`{"sql":"a","params":` + strings.Repeat("[", 100_000): "A value has to be",
	} {
		_, err := DecodeBatch([]byte(body))
		if errs.CodeOf(err) != errs.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", body, err, want)
		}
	}
}

// A small body must not need much memory.
func TestBatchesAreBounded(t *testing.T) {
	values := func(n int) string { return "[" + strings.Repeat("0,", n-1) + "0]" }
	statements := func(n int, s string) string { return `{"statements":[` + strings.Repeat(s+",", n-1) + s + "]}" }
	for name, c := range map[string]struct {
		body, want string
	}{
		"as many values as may":     {`{"sql":"a","params":` + values(maxValues) + `}`, ""},
		"one value more":            {`{"sql":"a","params":` + values(maxValues+1) + `}`, "at most 500000 values"},
		"many in each statement":    {statements(11, `{"sql":"a","params":`+values(50_000)+`}`), "at most 500000 values"},
		"as many statements as may": {statements(maxStatements, `{"sql":""}`), ""},
		"one statement more":        {statements(maxStatements+1, `{"sql":""}`), "at most 100000 statements"},
	} {
		_, err := DecodeBatch([]byte(c.body))
		if (err == nil) != (c.want == "") || err != nil && (errs.CodeOf(err) != errs.Invalid || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeBatch(f *testing.F) {
	f.Add([]byte(`{"sql":"SELECT ?","params":[1,"a",null,1.5,{"base64":"AA=="}],"max_rows":1}`))
	f.Add([]byte(`{"statements":[{"sql":"a","params":{":x":{"real":"-Infinity"}}},{"sql":""}],"atomic":false,"timeout_ms":7}`))
	for _, s := range []string{
		``, `{`, `[]`, `{"sql":"a"}{}`, `{"sql":"a","sql":"b"}`, `{"sql":"a","params":[1e999,-0,9223372036854775808]}`, `{"sql":"a","params":[{"base64":"A"}]}`,
		`{"sql":"a","params":[{"integer":"1","real":"1"}]}`, `{"sql":"a","params":{"x":{},"x":1}}`, `{"sql":"\ud800"}`, "{\"sql\":\"\xff\"}", `{"sql":"a\u0000b","max_rows":-1}`,
		`{"statements":[{"sql":"a","params":[[[[]]]]}]}`, `{"sql":"a","timeout_ms":4294967296}`, `{"sql":null}`, "\ufeff{}", `{"sql":"a","params":[{"real":"NaN"},{"real":"0x1p4"}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := DecodeBatch(body)
		if err != nil {
			if errs.CodeOf(err) != errs.Invalid {
				t.Fatalf("%v", err)
			}
			return
		}
		if b.Script && (len(b.Statements) != 1 || !b.Statements[0].Params.Empty()) {
			t.Fatalf("a script of %+v", b.Statements)
		}
		for _, s := range b.Statements {
			for _, v := range s.Params.Positional {
				if math.IsNaN(v.Real) {
					t.Fatal("NaN")
				}
			}
		}
	})
}
