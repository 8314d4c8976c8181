package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// compatible writes rows as they come, all values as text; net/http sends small
// answers at once.
func compatible(out *bufio.Writer, rows *sql.Rows) error {
	fields, err := rows.Columns()
	if err != nil {
		return err
	}
	head, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, `{"fields":%s,"rows":[`, head) // Flush returns the error
	cells := make([]sql.RawBytes, len(fields))
	places := make([]any, len(fields))
	for i := range cells {
		places[i] = &cells[i]
	}
	var line []byte
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		if line != nil {
			line = append(line[:0], ',')
		}
		line = appendRow(line, cells)
		_, _ = out.Write(line) // Flush returns the error
	}
	_, _ = out.WriteString(`]}`) // Flush returns the error
	return nil
}

func appendRow(b []byte, cells []sql.RawBytes) []byte {
	b = append(b, '[')
	for i, c := range cells {
		if i > 0 {
			b = append(b, ',')
		}
		if c == nil {
			b = append(b, "null"...)
			continue
		}
		b = appendText(b, c)
	}
	return append(b, ']')
}

// appendText writes a JSON string. Nearly all texts need no escape.
func appendText[T string | sql.RawBytes](b []byte, text T) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			quoted, err := json.Marshal(string(text))
			if err != nil {
				return append(b, `""`...) // strings can always be encoded
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

// lines writes a line for the columns, for each row and for the end, with typed
// values.
func lines(out *bufio.Writer, rows *sql.Rows) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	line := append([]byte(nil), `{"statement":0,"columns":[`...)
	for i, t := range types {
		if i > 0 {
			line = append(line, ',')
		}
		line = appendText(append(line, `{"name":`...), t.Name())
		line = append(appendText(append(line, `,"type":`...), t.DatabaseTypeName()), '}')
	}
	_, _ = out.Write(append(line, "]}\n"...)) // Flush returns the error
	cells := make([]any, len(types))
	places := make([]any, len(types))
	for i := range cells {
		places[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		line = append(line[:0], '[')
		for i, c := range cells {
			if i > 0 {
				line = append(line, ',')
			}
			line = appendValue(line, c)
		}
		_, _ = out.Write(append(line, "]\n"...)) // Flush returns the error
	}
	_, _ = out.WriteString(`{"statement":0,"rows_affected":0,"last_insert_rowid":null,"truncated":false}` + "\n" +
		`{"cost":{}}` + "\n") // Flush returns the error
	return nil
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		form := byte('f')
		if math.Abs(v) >= 1e15 {
			form = 'e'
		}
		return strconv.AppendFloat(b, v, form, -1, 64)
	case string:
		return appendText(b, v)
	case nil:
		return append(b, "null"...)
	}
	return appendText(b, fmt.Sprint(v)) // not in these tables
}

// batch runs a JSON batch as one transaction, with each text prepared once.
func (db *floorDB) batch(w io.Writer, body []byte) (err error) {
	var in struct {
		Statements []struct {
			SQL    string
			Params []any
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	ctx := context.Background()
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	prepared := map[string]*sql.Stmt{}
	out := append([]byte(nil), `{"results":[`...)
	for i, s := range in.Statements {
		stmt := prepared[s.SQL]
		if stmt == nil {
			if stmt, err = tx.PrepareContext(ctx, s.SQL); err != nil {
				return err
			}
			defer func() { _ = stmt.Close() }() // its error does not matter any more
			prepared[s.SQL] = stmt
		}
		result, err := stmt.ExecContext(ctx, s.Params...)
		if err != nil {
			return err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = appendResult(out, result)
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = w.Write(append(out, `],"cost":{}}`...))
	return err
}

func appendResult(b []byte, r sql.Result) []byte {
	n, _ := r.RowsAffected() // this driver always knows
	id, _ := r.LastInsertId()
	b = strconv.AppendInt(append(b, `{"columns":[],"rows":[],"rows_affected":`...), n, 10)
	b = strconv.AppendInt(append(b, `,"last_insert_rowid":`...), id, 10)
	return append(b, `,"truncated":false}`...)
}
