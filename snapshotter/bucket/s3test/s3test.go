// Package s3test runs a real S3 server (versitygw) for tests, on a free port
// and in a directory of its own. The server can be stopped and started again.
// Without the program the test fails; tests/setup.sh installs it.
package s3test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/ayb-go/ayb/shared/porttest"
	"github.com/ayb-go/ayb/snapshotter/bucket"
)

// Version is the version that tests/setup.sh installs.
const Version = "v1.8.0"

// The keys of every server.
const (
	AccessKeyID     = "testkey"
	SecretAccessKey = "testsecret"
)

const startTimeout = 60 * time.Second

// Server is a running S3 server. Its methods are for one goroutine; Admin is
// safe for concurrent use.
type Server struct {
	// URL is the endpoint.
	URL string
	// Dir holds a directory for each bucket, with a file for each object.
	Dir string
	// Admin has all rights.
	Admin *minio.Client

	t      testing.TB
	listen string
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start starts a server and stops it with t.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, Dir: filepath.Join(t.TempDir(), "buckets"), listen: freeAddress(t)}
	s.URL = "http://" + s.listen
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	s.Admin, err = minio.New(s.listen, &minio.Options{
		Creds: credentials.NewStaticV4(AccessKeyID, SecretAccessKey, ""), Region: "us-east-1", BucketLookup: minio.BucketLookupPath, MaxRetries: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd != nil {
			s.Stop()
		}
	})
	s.StartAgain()
	return s
}

// Bucket makes an empty bucket and returns a configuration for it.
func (s *Server) Bucket(name string) bucket.Config {
	s.t.Helper()
	if err := s.Admin.MakeBucket(s.t.Context(), name, minio.MakeBucketOptions{}); err != nil {
		s.t.Fatal(err)
	}
	return bucket.Config{
		Endpoint: s.URL, Region: "us-east-1", AccessKeyID: AccessKeyID, SecretAccessKey: SecretAccessKey,
		Bucket: name, Prefix: "sqlite", PathStyle: true,
	}
}

// Keys returns the keys in a bucket, in order.
func (s *Server) Keys(bucket string) []string {
	s.t.Helper()
	var out []string
	for o := range s.Admin.ListObjects(s.t.Context(), bucket, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			s.t.Fatal(o.Err)
		}
		out = append(out, o.Key)
	}
	return out
}

// Put puts an object into a bucket.
func (s *Server) Put(bucket, key, content string) {
	s.t.Helper()
	_, err := s.Admin.PutObject(s.t.Context(), bucket, key, strings.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

// Remove removes an object.
func (s *Server) Remove(bucket, key string) {
	s.t.Helper()
	if err := s.Admin.RemoveObject(s.t.Context(), bucket, key, minio.RemoveObjectOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// Unfinished returns the keys of unfinished uploads in parts.
func (s *Server) Unfinished(bucket string) []string {
	s.t.Helper()
	var out []string
	for u := range s.Admin.ListIncompleteUploads(s.t.Context(), bucket, "", true) {
		if u.Err != nil {
			s.t.Fatal(u.Err)
		}
		out = append(out, u.Key)
	}
	return out
}

// Stop kills the server.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
	<-s.exited
	s.cmd = nil
}

// StartAgain starts the server at the same address, with the same directory.
func (s *Server) StartAgain() {
	s.t.Helper()
	cmd, err := Command(s.listen, s.Dir)
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = s.t.Output(), s.t.Output()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is always killed
	}()
	s.cmd, s.exited = cmd, ended
	s.wait()
}

func (s *Server) wait() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), startTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.t.Fatal("the S3 server did not start")
		case <-s.exited:
			s.t.Fatal("the S3 server ended during its start")
		case <-tick.C:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		if resp, err := http.DefaultTransport.RoundTrip(req); err == nil { // any answer will do
			_ = resp.Body.Close()
			return
		}
	}
}

// Command returns a command that serves the buckets of a directory at
// HOST:PORT, with the keys above; each bucket is a directory in it. The error
// says how to install the program.
func Command(listen, dir string) (*exec.Cmd, error) {
	bin, err := program()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(bin, "--quiet", "--port", listen, "posix", dir) //nolint:noctx // ended by its caller
	cmd.Env = []string{"ROOT_ACCESS_KEY=" + AccessKeyID, "ROOT_SECRET_KEY=" + SecretAccessKey, "HOME=" + dir}
	return cmd, nil
}

// program returns the server's program: in bin/tools, else on the path.
var program = sync.OnceValues(func() (string, error) {
	name := "versitygw-" + Version
	if out, err := exec.Command("go", "env", "GOMOD").Output(); err == nil {
		path := filepath.Join(filepath.Dir(strings.TrimSpace(string(out))), "bin", "tools", name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	if path, err := exec.LookPath("versitygw"); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("no %s: run tests/setup.sh, which installs it", name)
})

func freeAddress(t testing.TB) string {
	t.Helper()
	port, err := porttest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}
