package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ayb-go/ayb/snapshotter/bucket/s3test"
)

// store is an S3 server with a bucket, on the same machine and disk.
type store struct {
	url string
	cmd *exec.Cmd
}

const bucketName = "bench"

// startStore starts an S3 server that stores objects in a directory.
func startStore(ctx context.Context, dir string) (*store, error) {
	if err := os.MkdirAll(filepath.Join(dir, bucketName), 0o700); err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &store{url: "http://" + addr}
	if s.cmd, err = s3test.Command(addr, dir); err != nil {
		return nil, err
	}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the S3 server: %w", err)
	}
	client := http.Client{Timeout: time.Second}
	err = until(ctx, 30*time.Second, "the S3 server", func() (bool, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
		if err != nil {
			return false, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return false, nil //nolint:nilerr // it does not listen yet
		}
		return true, resp.Body.Close() // any answer means that it runs
	})
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *store) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	_ = s.cmd.Wait()                          // ended by a signal
}

// env returns the configuration of an ayb server with its snapshots there.
func (s *store) env() []string {
	return []string{
		"AYB__SNAPSHOTS__ENDPOINT_URL=" + s.url, "AYB__SNAPSHOTS__BUCKET=" + bucketName, "AYB__SNAPSHOTS__REGION=us-east-1",
		"AYB__SNAPSHOTS__ACCESS_KEY_ID=" + s3test.AccessKeyID, "AYB__SNAPSHOTS__SECRET_ACCESS_KEY=" + s3test.SecretAccessKey,
		"AYB__SNAPSHOTS__PATH_PREFIX=bench", "AYB__SNAPSHOTS__FORCE_PATH_STYLE=true",
	}
}
