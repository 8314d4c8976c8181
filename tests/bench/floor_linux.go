package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	_ "github.com/mattn/go-sqlite3" // the engine
)

// floorCommand makes this program the floor; its argument is a directory.
const floorCommand = "floor"

// floor serves every path from a file of its own.
type floor struct {
	dir     string
	buffers sync.Pool

	mu    sync.RWMutex
	files map[string]*floorDB
}

// floorDB is one of the floor's databases.
type floorDB struct{ read, write *sql.DB }

const (
	// mainPath is the database with several readers. The other databases, which
	// are many, have one connection each.
	mainPath = "/query"
	// floorReaders is the number of connections that read the main database; 4
	// to 64 gave the same figures on two cores.
	floorReaders = 8
)

// serveFloor serves until the process is ended, and prints its address on
// stdout.
func serveFloor(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f := &floor{dir: dir, files: map[string]*floorDB{}}
	f.buffers.New = func() any { return bufio.NewWriterSize(nil, 64<<10) }
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, at once
	if err != nil {
		return err
	}
	fmt.Println("listening on", l.Addr())
	return http.Serve(l, f)
}

// file returns the database of a path.
func (f *floor) file(path string) (*floorDB, error) {
	f.mu.RLock()
	db := f.files[path]
	f.mu.RUnlock()
	if db != nil {
		return db, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if db := f.files[path]; db != nil {
		return db, nil
	}
	db, err := openFloor(filepath.Join(f.dir, filepath.Base(path)), path == mainPath)
	if err == nil {
		f.files[path] = db
	}
	return db, err
}

func openFloor(file string, readers bool) (*floorDB, error) {
	dsn := "file:" + file + "?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_foreign_keys=on"
	write, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if !readers {
		return &floorDB{read: write, write: write}, nil
	}
	read, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, err
	}
	read.SetMaxOpenConns(floorReaders)
	read.SetMaxIdleConns(floorReaders)
	return &floorDB{read: read, write: write}, nil
}

// ServeHTTP runs one request: a batch if it is JSON, else SQL text.
func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has disconnected
	}
	db, err := f.file(r.URL.Path)
	if err == nil {
		err = f.answer(w, r, db, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (f *floor) answer(w http.ResponseWriter, r *http.Request, db *floorDB, body []byte) error {
	h, text := w.Header(), string(body)
	h["Content-Type"] = []string{"application/json"}
	switch {
	case r.Header.Get("Content-Type") == "application/json":
		return db.batch(w, body)
	case !strings.HasPrefix(text, "SELECT"):
		_, err := db.write.ExecContext(context.Background(), text)
		if err == nil {
			_, err = io.WriteString(w, `{"fields":[],"rows":[]}`)
		}
		return err
	}
	rows, err := db.read.QueryContext(context.Background(), text)
	if err != nil {
		return err
	}
	defer rows.Close()
	out := f.buffers.Get().(*bufio.Writer)
	defer f.buffers.Put(out)
	out.Reset(w)
	if r.Header.Get("Accept") == "application/x-ndjson" {
		h["Content-Type"] = []string{"application/x-ndjson"}
		err = lines(out, rows)
	} else {
		err = compatible(out, rows)
	}
	if err != nil {
		return err
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return out.Flush()
}
