package tests

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A file of the corpus is SQL. Statements are separated by blank lines; lines
// that begin with "--!" say something about the statement that follows:
//
//	--! script             several statements, each beginning on its own line
//	--! alone WHY          not inside a batch
//	--! text               a value that is not UTF-8 is TEXT, not a BLOB
//	--! params [...]       values of its parameters, as the API takes them
//	--! since 3.44.0 WHY   older shells do something else
//	--! differs WHY        the shell does something else
//	--! want [[...],...]   the rows, as the API gives them
//	--! want error TEXT    the message
//	--! code N             SQLite's extended result code of the error
//
// An entry with since or differs also has a want, which is compared in place of
// the shell's output. <<name# 3>> stands for name1,name2,name3.
type corpusEntry struct {
	name    string // file and line
	sql     string
	script  bool
	alone   bool
	text    bool
	params  json.RawMessage
	since   string
	differs bool
	rows    json.RawMessage // wanted
	message string          // wanted
	code    int             // wanted
}

func (e corpusEntry) wanted() bool { return e.rows != nil || e.message != "" }

// corpusTopics reads all files of the corpus.
func corpusTopics(t *testing.T) map[string][]corpusEntry {
	t.Helper()
	files, err := filepath.Glob("corpus/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("there is no corpus", err)
	}
	topics := map[string][]corpusEntry{}
	for _, file := range files {
		b, err := os.ReadFile(file) //nolint:gosec // found above
		if err != nil {
			t.Fatal(err)
		}
		topic := strings.TrimSuffix(filepath.Base(file), ".sql")
		line := 1
		for _, block := range strings.Split(string(b), "\n\n") {
			e := corpusEntry{name: fmt.Sprintf("%s:%d", topic, line+strings.Count(block, "\n")-strings.Count(strings.TrimLeft(block, "\n"), "\n"))}
			line += strings.Count(block, "\n") + 2
			for text := range strings.Lines(strings.Trim(block, "\n") + "\n") {
				if about, ok := strings.CutPrefix(text, "--! "); ok {
					e.describe(t, strings.TrimSpace(about))
				} else {
					e.sql += text
				}
			}
			e.sql = strings.TrimSuffix(expandLists(e.sql), "\n")
			if onlyComments.MatchString(e.sql) {
				continue
			}
			if (e.since != "" || e.differs) && !e.wanted() {
				t.Fatalf("%s: what the shell is not asked for has to be written", e.name)
			}
			topics[topic] = append(topics[topic], e)
		}
	}
	return topics
}

func (e *corpusEntry) describe(t *testing.T, about string) {
	t.Helper()
	word, rest, _ := strings.Cut(about, " ")
	var err error
	switch word {
	case "script":
		e.script = true
	case "alone":
		e.alone = true
	case "text":
		e.text = true
	case "params":
		e.params = json.RawMessage(rest)
	case "since":
		e.since, _, _ = strings.Cut(rest, " ")
	case "differs":
		e.differs = true
	case "code":
		e.code, err = strconv.Atoi(rest)
	case "want":
		if text, ok := strings.CutPrefix(rest, "error "); ok {
			e.message = text
		} else {
			e.rows = json.RawMessage(rest)
			_, err = typedRows(e.rows)
		}
	default:
		err = fmt.Errorf("unknown directive %q", word)
	}
	if err != nil {
		t.Fatalf("%s: %s: %v", e.name, about, err)
	}
}

var onlyComments = regexp.MustCompile(`^(--[^\n]*\n?)*$`)

var listInText = regexp.MustCompile(`<<(.*?) ([0-9]+)>>`)

func expandLists(sql string) string {
	return listInText.ReplaceAllStringFunc(sql, func(found string) string {
		part := listInText.FindStringSubmatch(found)
		n, _ := strconv.Atoi(part[2]) // digits
		items := make([]string, n)
		for i := range items {
			items[i] = strings.ReplaceAll(part[1], "#", strconv.Itoa(i+1))
		}
		return strings.Join(items, ",")
	})
}

// corpusCell is a value with its type, in a notation that is different for
// different values: "null", "i:1", "r:0.5", "t:text" or "b:00ff".
type corpusCell string

func intCell(n int64) corpusCell { return corpusCell("i:" + strconv.FormatInt(n, 10)) }

func realCell(f float64) corpusCell {
	return corpusCell("r:" + strconv.FormatFloat(f, 'g', -1, 64))
}

func textCell(s string) corpusCell { return corpusCell("t:" + s) }

func blobCell(b []byte) corpusCell { return corpusCell("b:" + hex.EncodeToString(b)) }

// asShown returns the value as the shell shows it: a text ends at a NUL, and a
// zero has no sign.
func (c corpusCell) asShown() corpusCell {
	if c == "r:-0" {
		return "r:0"
	}
	if text, ok := strings.CutPrefix(string(c), "t:"); ok {
		text, _, _ = strings.Cut(text, "\x00")
		return textCell(text)
	}
	return c
}

// typedRows reads the rows of a typed answer.
func typedRows(raw json.RawMessage) ([][]corpusCell, error) {
	var rows [][]json.RawMessage
	if err := json.Unmarshal(raw, &rows); err != nil {
		return nil, err
	}
	out := make([][]corpusCell, len(rows))
	for i, row := range rows {
		for _, cell := range row {
			c, err := typedCell(cell)
			if err != nil {
				return nil, err
			}
			out[i] = append(out[i], c)
		}
	}
	return out, nil
}

// typedCell reads a value of a typed answer. TEXT that is not UTF-8 looks like a
// BLOB; see the corpus of text.
func typedCell(raw json.RawMessage) (corpusCell, error) {
	switch raw[0] {
	case 'n':
		return "null", nil
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return textCell(s), err
	case '{':
		return taggedCell(raw)
	}
	if !strings.ContainsAny(string(raw), ".eE") {
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err == nil && (n > 1<<53 || n < -1<<53) {
			err = fmt.Errorf("%d is too large for a number", n)
		}
		return intCell(n), err
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return realCell(f), err
}

func taggedCell(raw json.RawMessage) (corpusCell, error) {
	var v struct{ Integer, Real, Base64 *string }
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", err
	}
	switch {
	case v.Integer != nil:
		n, err := strconv.ParseInt(*v.Integer, 10, 64)
		return intCell(n), err
	case v.Real != nil && *v.Real == "Infinity":
		return realCell(math.Inf(1)), nil
	case v.Real != nil && *v.Real == "-Infinity":
		return realCell(math.Inf(-1)), nil
	case v.Base64 != nil:
		b, err := base64.StdEncoding.DecodeString(*v.Base64)
		return blobCell(b), err
	}
	return "", fmt.Errorf("no value: %s", raw)
}
