package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is one of the compared servers, as a running process.
type server struct {
	name  string
	addr  string   // HOST:PORT
	paths []string // for queries: of the main database, then of those of the work spread
	mails string   // the mail file of an ayb server
	token string
	cmd   *exec.Cmd
	out   *watchedOutput
	// client keeps a connection, without compression.
	client http.Client
}

// url returns the base URL.
func (s *server) url() string { return "http://" + s.addr }

// watchedOutput keeps the output of a server and reports a line.
type watchedOutput struct {
	mu    sync.Mutex
	text  bytes.Buffer
	sign  string
	found chan string
}

func (w *watchedOutput) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	_, after, ok := strings.Cut(w.text.String(), w.sign)
	line, _, whole := strings.Cut(after, "\n")
	if ok && whole {
		select {
		case w.found <- line:
		default: // reported already
		}
	}
	return len(p), nil
}

func (w *watchedOutput) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// start runs a program until stop, and waits for the line with its address.
func start(ctx context.Context, name, sign string, cmd *exec.Cmd) (*server, error) {
	s := &server{name: name, cmd: cmd, out: &watchedOutput{sign: sign, found: make(chan string, 1)}}
	s.client.Transport = &http.Transport{DisableCompression: true, ReadBufferSize: 256 << 10, MaxIdleConnsPerHost: creators}
	cmd.Stdout, cmd.Stderr = s.out, s.out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	select {
	case line := <-s.out.found:
		s.addr = strings.TrimRight(line, ".\r")
		return s, nil
	case <-ctx.Done():
		s.stop()
		return nil, fmt.Errorf("%s does not start; it says: %s", name, s.out)
	}
}

func (s *server) stop() {
	s.client.CloseIdleConnections()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	_ = s.cmd.Wait()                          // ended by a signal
}

func startFloor(ctx context.Context, dir string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, "floor", "listening on ", exec.Command(self, floorCommand, dir)) //nolint:noctx // ended by stop
	if err != nil {
		return nil, err
	}
	s.paths = []string{"/query"}
	return s, nil
}

// open posts SQL and returns the body of the answer.
func (s *server) open(ctx context.Context, path, accept, sql string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url()+path, strings.NewReader(sql))
	if err != nil {
		return nil, err
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body) // possibly incomplete
		return nil, fmt.Errorf("status %d: %s", resp.StatusCode, text)
	}
	return resp.Body, nil
}

// ask posts SQL and returns the complete answer.
func (s *server) ask(ctx context.Context, path, sql string) ([]byte, error) {
	body, err := s.open(ctx, path, "", sql)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}
