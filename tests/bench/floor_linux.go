package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	_ "github.com/mattn/go-sqlite3" // the engine
)

// floorCommand makes this program the floor; the argument is a directory.
const floorCommand = "floor"

// floorDB is the floor's only database: readers of their own, one writer.
type floorDB struct {
	read, write *sql.DB
	buffers     sync.Pool
}

// floorReaders is how many connections read at once; 4 to 64 gave the same
// figures on two cores.
const floorReaders = 8

// serveFloor serves until the process is ended, and says where on stdout.
func serveFloor(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	dsn := "file:" + dir + "/floor.sqlite?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_foreign_keys=on"
	db := &floorDB{buffers: sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 64<<10) }}}
	var err error
	if db.write, err = sql.Open("sqlite3", dsn); err != nil {
		return err
	}
	if db.read, err = sql.Open("sqlite3", dsn); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	db.read.SetMaxOpenConns(floorReaders)
	db.read.SetMaxIdleConns(floorReaders)
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, at once
	if err != nil {
		return err
	}
	fmt.Println("listening on", l.Addr())
	return http.Serve(l, http.HandlerFunc(db.query))
}

func (db *floorDB) query(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	text := string(body)
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	if !strings.HasPrefix(text, "SELECT") {
		if _, err = db.write.ExecContext(context.Background(), text); err == nil {
			_, err = io.WriteString(w, `{"fields":[],"rows":[]}`)
		}
	} else {
		err = db.selected(w, text)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// selected runs a SELECT and writes its rows as they come; net/http sends
// small answers whole.
func (db *floorDB) selected(w io.Writer, text string) error {
	rows, err := db.read.QueryContext(context.Background(), text)
	if err != nil {
		return err
	}
	defer rows.Close()
	fields, err := rows.Columns()
	if err != nil {
		return err
	}
	head, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	out := db.buffers.Get().(*bufio.Writer)
	defer db.buffers.Put(out)
	out.Reset(w)
	_, _ = fmt.Fprintf(out, `{"fields":%s,"rows":[`, head) // Flush tells of errors
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
		_, _ = out.Write(line) // Flush tells of errors
	}
	if err := rows.Err(); err != nil {
		return err
	}
	_, _ = out.WriteString(`]}`) // Flush tells of errors
	return out.Flush()
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

// appendText writes a JSON string. Nearly all text needs no escape.
func appendText(b, text []byte) []byte {
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
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
