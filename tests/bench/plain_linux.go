package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

// madeRows is how many rows one statement creates.
const madeRows = 20_000

// makeDatabase writes a database of at least so many bytes: rows of about 500
// bytes, partly compressible, and an index.
func makeDatabase(ctx context.Context, file string, size int64) error {
	db, err := sql.Open("sqlite3", "file:"+file+"?_journal_mode=OFF&_synchronous=OFF&_locking_mode=EXCLUSIVE")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, note TEXT, data BLOB); CREATE INDEX item_name ON item(name)")
	words := someWords()
	for have := int64(0); err == nil && have < size; {
		_, err = db.ExecContext(ctx, `INSERT INTO item(name, price, note, data) WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < ?)
			SELECT 'item ' || x || '-' || hex(randomblob(4)), x + 0.5, substr(?, 1 + abs(random() % 100000), 300), randomblob(150) FROM c`, madeRows, words)
		if err == nil {
			err = db.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&have)
		}
	}
	return errors.Join(err, db.Close())
}

// someWords returns a text that compresses about as well as a natural language.
func someWords() string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < 101_000 {
		word := make([]byte, 2+r.IntN(8))
		for i := range word {
			word[i] = "eeeettaaooiinnsshhrrddlucmfwypvbgk"[r.IntN(34)]
		}
		b.Write(word)
		b.WriteByte(' ')
	}
	return b.String()
}

// plain is the duration of the steps of a snapshot without ayb.
type plain struct {
	vacuum, check, pack time.Duration
	packer              string
}

func (p plain) sum() time.Duration { return p.vacuum + p.check + p.pack }

// measurePlain copies a database with VACUUM INTO, checks the copy, compresses
// it, and removes both.
func measurePlain(ctx context.Context, file string) (p plain, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(file), "plain-")
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	copied, packed := filepath.Join(dir, "copy"), filepath.Join(dir, "packed")
	p.vacuum, err = timed(func() error { return execute(ctx, file, "VACUUM INTO '"+copied+"'", "") })
	if err != nil {
		return p, err
	}
	if p.check, err = timed(func() error { return execute(ctx, copied, "PRAGMA integrity_check", "ok") }); err != nil {
		return p, err
	}
	p.packer = "zstd -3 -T1"
	pack := func() error {
		out, err := exec.CommandContext(ctx, "zstd", "-3", "-T1", "-q", "-o", packed, copied).CombinedOutput()
		if err != nil {
			return fmt.Errorf("zstd: %w: %s", err, out)
		}
		return nil
	}
	if _, missing := exec.LookPath("zstd"); missing != nil {
		p.packer = "zstd at level 3 in Go"
		pack = func() error { return compressInGo(copied, packed) }
	}
	p.pack, err = timed(pack)
	return p, err
}

// timed returns the duration of a function. Earlier writes are flushed to disk
// first.
func timed(do func() error) (time.Duration, error) {
	unix.Sync()
	begin := time.Now()
	err := do()
	return time.Since(begin), err
}

// execute runs a statement on a file. With want it must have that result.
func execute(ctx context.Context, file, statement, want string) error {
	db, err := sql.Open("sqlite3", "file:"+file)
	if err != nil {
		return err
	}
	defer db.Close()
	if want == "" {
		_, err := db.ExecContext(ctx, statement)
		return err
	}
	var got string
	if err := db.QueryRowContext(ctx, statement).Scan(&got); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%s gives %q", statement, got)
	}
	return nil
}

// compressInGo compresses a file on machines without the command zstd.
func compressInGo(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.Create(to)
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(dst, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(3)), zstd.WithEncoderConcurrency(1))
	if err == nil {
		_, err = src.WriteTo(z)
		err = errors.Join(err, z.Close())
	}
	return errors.Join(err, dst.Close())
}
