package mailer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// mailFile appends one JSON object a line. It is opened for each mail, so that
// an operator may rotate or remove it at any time.
type mailFile struct {
	path string
	mu   sync.Mutex
}

// openMailFile makes the directory and checks that the file can be written.
func openMailFile(path string) (*mailFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f := &mailFile{path: path}
	return f, f.with(func(*os.File) error { return nil })
}

// with opens the file for one use. Mails hold tokens, so only the owner reads.
func (f *mailFile) with(use func(*os.File) error) error {
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = use(file)
	return errors.Join(err, file.Close())
}

// append writes one line; on return it is complete and durable.
func (f *mailFile) append(m message) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return fmt.Errorf("encode a mail: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.with(func(file *os.File) error {
		torn, err := endsInLine(file)
		if err != nil {
			return err
		}
		text := line.Bytes()
		if torn { // a crash or a full disk cut the last line short
			text = append([]byte("\n"), text...)
		}
		if _, err := file.Write(text); err != nil {
			return err
		}
		return file.Sync()
	})
}

// endsInLine tells whether the last line lacks its end.
func endsInLine(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 || !info.Mode().IsRegular() {
		return false, err
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], info.Size()-1); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return last[0] != '\n', nil
}
