package mailer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// mailFile is the backend that appends mails to a file, one JSON object per line.
// It opens the file for each mail, so that an operator can rotate or remove it at
// any time.
type mailFile struct {
	path string
	mu   sync.Mutex
	// tail contains the hashes of the last lines at the start. A mailer that was
	// killed right after it wrote a line gets the same job again. The token in
	// the mail makes each line unique.
	tail map[[sha256.Size]byte]bool
}

var _ backend = (*mailFile)(nil)

// tailBytes is the length of the tail. It is far more than the mails that are
// written before the ledger has recorded them.
const tailBytes = 256 << 10

// openMailFile creates the directory and checks that the file can be written.
func openMailFile(path string) (*mailFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f := &mailFile{path: path, tail: map[[sha256.Size]byte]bool{}}
	return f, f.withFile(f.readTail)
}

func (f *mailFile) name() string { return "File" }

func (f *mailFile) close() {}

// withFile opens the file for one use. Mails contain tokens, so only the owner of
// the file may read it.
func (f *mailFile) withFile(use func(*os.File) error) error {
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = use(file)
	return errors.Join(err, file.Close())
}

func (f *mailFile) readTail(file *os.File) error {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	text := make([]byte, min(info.Size(), tailBytes))
	if _, err := file.ReadAt(text, info.Size()-int64(len(text))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for line := range bytes.Lines(text) {
		f.tail[sha256.Sum256(line)] = true
	}
	return nil
}

// deliver writes one line and syncs the file.
func (f *mailFile) deliver(_ context.Context, m message) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return fmt.Errorf("encode a mail: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tail[sha256.Sum256(line.Bytes())] {
		return nil
	}
	err := f.withFile(func(file *os.File) error {
		torn, err := lastLineIncomplete(file)
		if err != nil {
			return err
		}
		text := line.Bytes()
		if torn { // a crash or a full disk has cut off the last line
			text = append([]byte("\n"), text...)
		}
		if _, err := file.Write(text); err != nil {
			return err
		}
		return file.Sync()
	})
	if err != nil {
		return fmt.Errorf("write the mail file: %w", err)
	}
	return nil
}

// lastLineIncomplete reports whether the file does not end with a line break.
func lastLineIncomplete(file *os.File) (bool, error) {
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
