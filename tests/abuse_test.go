//go:build linux

package tests

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

const (
	abuseDisk        = 300 << 20
	abuseMemory      = 512 << 20
	abuseDescriptors = 256
)

// memoryGroups is the directory in which version 1 of control groups limits
// memory.
const memoryGroups = "/sys/fs/cgroup/memory"

// unbounded returns why this machine cannot limit a server's resources; empty if
// it can.
func unbounded() string {
	if _, err := os.Stat(memoryGroups + "/memory.limit_in_bytes"); err != nil {
		return "a server in a control group for memory, which version 1 of control groups gives"
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		return "a server on a small disk, for which there are no loop devices"
	}
	return ""
}

// If this machine cannot run the test of abuse, `make test` reports that.
func TestSmallMachine(t *testing.T) {
	if why := unbounded(); why != "" {
		t.Skip("not tested here: " + why)
	}
}

// smallDisk mounts a file system of its own. Unlike on a tmpfs, memory for its
// files counts only as cache.
func smallDisk(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	image, at := filepath.Join(dir, "image"), filepath.Join(dir, "disk")
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(image)
	if err == nil {
		err = f.Truncate(abuseDisk)
	}
	if err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"mkfs.ext4", "-q", "-m", "0", image}, {"mount", "-o", "loop", image, at}} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", command, err, out)
		}
	}
	t.Cleanup(func() {
		harness.Until(t, "the small disk to be unmounted", func() bool { return exec.Command("umount", at).Run() == nil })
	})
	return at
}

// memoryGroup creates a control group with a memory limit.
func memoryGroup(t testing.TB) string {
	t.Helper()
	group := filepath.Join(memoryGroups, fmt.Sprintf("ayb-abuse-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		harness.Until(t, "the control group to be empty", func() bool {
			below, _ := filepath.Glob(group + "/*/*/cgroup.procs") // the pattern is fine
			for _, f := range below {
				_ = os.Remove(filepath.Dir(f))
			}
			below, _ = filepath.Glob(group + "/*/cgroup.procs") // the pattern is fine
			for _, f := range below {
				_ = os.Remove(filepath.Dir(f))
			}
			return os.Remove(group) == nil
		})
	})
	if err := os.WriteFile(group+"/memory.limit_in_bytes", []byte(strconv.Itoa(abuseMemory)), 0); err != nil {
		t.Fatal(err)
	}
	return group
}

// startSmall starts a server with little disk, memory and descriptors.
func startSmall(t testing.TB) (srv *harness.Server, group string) {
	t.Helper()
	if why := unbounded(); why != "" {
		t.Skip("not tested here: " + why)
	}
	disk := smallDisk(t)
	group = memoryGroup(t)
	shell := fmt.Sprintf("echo $$ > %s/cgroup.procs && ulimit -n %d", group, abuseDescriptors)
	return harness.Start(t, harness.AllInOne, harness.WithDir(disk), harness.WithShellBefore(shell)), group
}

// attackers attack a server from several addresses until ctx ends.
type attackers struct {
	t     testing.TB
	w     *harness.Server
	ctx   context.Context
	users []*harness.User
	// told counts requests that were refused with an answer, cut those that
	// ended without one.
	told, cut atomic.Int64
	working   sync.WaitGroup
}

// repeat calls a function again and again.
func (c *attackers) repeat(times int, f func(i int)) {
	for i := range times {
		c.working.Go(func() {
			for c.ctx.Err() == nil {
				f(i)
				harness.Pause()
			}
		})
	}
}

// holdRequest sends the beginning of a request from an address, then more of it
// bit by bit, until the server ends it.
func (c *attackers) holdRequest(from, begin, bit string) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	conn, err := d.DialContext(c.ctx, "tcp", strings.TrimPrefix(c.w.URL, "http://"))
	if err != nil {
		c.cut.Add(1)
		return
	}
	defer conn.Close()
	ended := make(chan struct{})
	defer context.AfterFunc(c.ctx, func() { _ = conn.Close() })()
	go func() {
		defer close(ended)
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil && strings.HasPrefix(line, "HTTP/1.1 ") {
			c.told.Add(1)
		} else {
			c.cut.Add(1)
		}
	}()
	if _, err := io.WriteString(conn, begin); err != nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-c.ctx.Done():
			return
		case <-tick.C:
			if bit != "" {
				_, _ = io.WriteString(conn, bit) // an answer says why not
			}
		}
	}
}

// head returns the head of a request with a body, from a user or without a
// token.
func head(u *harness.User, method, path, more string) string {
	auth := ""
	if u != nil {
		auth = "Authorization: Bearer " + u.Token + "\r\n"
	}
	return method + " " + path + " HTTP/1.1\r\nHost: ayb\r\n" + auth + more + "\r\n\r\n"
}

// bomb returns 16 KB that unpack to 16 MB, without their end.
func bomb(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(bytes.Repeat([]byte(" "), 15<<20)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.String()[:b.Len()-8]
}

// attack begins all attacks.
func (c *attackers) attack() {
	packed := bomb(c.t)
	length := fmt.Sprintf("Content-Length: %d\r\nContent-Encoding: gzip", len(packed)+8)
	for n, u := range c.users {
		u.Create("target")
		for i := range 12 {
			u.Create(fmt.Sprintf("place%d", i))
		}
		from := fmt.Sprintf("127.0.1.%d", n+1)
		c.repeat(30, func(i int) { // memory
			path := []string{"target", "none"}[i%2]
			c.holdRequest(from, head(u, "POST", "/v1/"+u.Name+"/"+path+"/query", length)+packed, "")
		})
		c.repeat(12, func(i int) { // places
			path := fmt.Sprintf("/v1/%s/place%d/import?format=csv&table=t", u.Name, i)
			c.holdRequest(from, head(u, "POST", path, "Transfer-Encoding: chunked")+"4\r\na,b\n\r\n", "2\r\n1,\r\n")
		})
	}
	c.repeat(200, func(int) { // connections
		c.holdRequest("127.0.2.1", head(nil, "POST", "/v1/log_in", "Content-Length: 100"), "x")
	})
	c.repeat(100, func(int) { c.holdRequest("127.0.2.2", "POST /v1/log_in HTTP/1.1\r\nHost: a", "b") })
	c.repeat(100, func(int) {
		c.holdRequest("127.0.2.3", head(c.users[0], "POST", "/v1/"+c.users[0].Name+"/target/query", "Content-Length: 100000"), "x")
	})
}

// wantClearError checks that a refusal says what is wrong: it has a code and a
// sentence, and is not an internal error.
func wantClearError(t testing.TB, what string, err error) {
	t.Helper()
	for _, code := range []errs.Code{errs.Unavailable, errs.DiskFull, errs.RateLimited, errs.Timeout} {
		if errs.Is(err, code) {
			return
		}
	}
	t.Errorf("%s: %v", what, err)
}

// A server with 300 MB of disk, 512 MB of memory and 256 descriptors keeps
// working while two accounts and several addresses take as much as they can.
// Refusals of other accounts have a clear reason. After the attack everything
// works without a restart, and no acknowledged change is lost.
func TestAbuse(t *testing.T) {
	srv, group := startSmall(t)
	server := srv.Process("ayb")
	if !strings.Contains(server.Output(), "room for fewer daemons than querynode.max_daemons") {
		t.Errorf("nothing is said of the descriptors:\n%s", server.Output())
	}
	nora := srv.Register("nora")
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.9")}} // that of another machine
	from, err := httpapi.NewClient(httpapi.ClientConfig{URL: srv.URL, Token: nora.Token}, httpapi.ClientDeps{Transport: &http.Transport{DialContext: d.DialContext}})
	if err != nil {
		t.Fatal(err)
	}
	n := &neighbourWriter{User: nora, t: t}
	n.Create("shop")
	n.Exec("shop", "CREATE TABLE t(id INTEGER PRIMARY KEY, x)")
	nora.Client = from
	before := harness.RSS(server.PID())

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := &attackers{t: t, w: srv, ctx: ctx}
	for i := range 2 {
		c.users = append(c.users, srv.Register(fmt.Sprintf("mallory%d", i)))
	}
	c.attack()
	filler := srv.Register("filler")
	stop, filled, full := make(chan struct{}), make(chan struct{}), &atomic.Int64{}
	go func() {
		defer close(filled)
		attackDisk(t, srv, []*harness.User{filler}, stop, full)
	}()
	harness.Until(t, "the server to have had enough", func() bool { return c.told.Load() >= 300 && full.Load() > 0 })

	var took []time.Duration
	refused := map[string]int{}
	for i := range 200 {
		begun := time.Now()
		err := n.write()
		if err == nil && i%2 == 0 {
			_, err = n.Query(t.Context(), "nora", "shop", "SELECT count(*) FROM t")
		}
		took = append(took, time.Since(begun))
		if err != nil {
			refused[err.Error()]++
			wantClearError(t, "a request under attack", err)
		}
	}
	close(stop)
	cancel()
	c.working.Wait()
	<-filled
	ended := time.Now()
	harness.Until(t, "writes to work again", func() bool { return n.write() == nil })
	t.Logf("of %d requests were refused %v; the p99 is %v, the longest took %v; works %v after the attack; %d attacks told, %d cut; memory %d MB, at most %d MB",
		len(took), refused, p99(took), longest(took), time.Since(ended), c.told.Load(), c.cut.Load(), before>>20, harness.PeakRSS(server.PID())>>20)
	n.check()
	harness.Until(t, "a place for another database", func() bool {
		_, err := c.users[0].Query(t.Context(), c.users[0].Name, "place0", "SELECT 1")
		return err == nil
	})
	if server.Ended() {
		t.Fatalf("the server has ended:\n%s", server.Output())
	}
	if text, err := os.ReadFile(group + "/memory.oom_control"); err != nil || strings.Contains(string(text), "under_oom 1") {
		t.Errorf("memory: %s, %v", text, err)
	}
}

func longest(all []time.Duration) time.Duration { return slices.Max(all) }

func p99(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)*99/100]
}
