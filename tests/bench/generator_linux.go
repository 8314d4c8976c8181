package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// wire is one connection of the generator.
type wire struct {
	fd     int
	out    []byte // the request
	in     []byte // the received part of the answer
	expect []byte
	begun  time.Time
}

// generator drives connections to one server from one thread.
type generator struct {
	work  work
	heads [][]byte // of requests to each database, up to the length
	wires []wire
	poll  int
	body  []byte
	took  []time.Duration
}

func newGenerator(s *server, w work, conns int) (*generator, error) {
	g := &generator{work: w, took: make([]time.Duration, 0, 1<<19)}
	paths := s.paths[:1]
	if w.spread {
		paths = s.paths[1:]
	}
	for _, path := range paths {
		head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\n%s", path, s.addr, w.head)
		switch {
		case w.page != "":
			head = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: auth=x:%s\r\n", w.page, s.addr, s.token)
		case s.token != "":
			head = fmt.Appendf(head, "Authorization: Bearer %s\r\n", s.token)
		}
		g.heads = append(g.heads, append(head, "Content-Length: "...))
	}
	var err error
	if g.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	g.wires = make([]wire, 0, conns)
	for i := range conns {
		fd, err := dial(s.addr)
		if err == nil {
			g.wires = append(g.wires, wire{fd: fd, in: make([]byte, 0, 16<<10)})
			err = unix.EpollCtl(g.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)})
		}
		if err != nil {
			g.close()
			return nil, fmt.Errorf("connect to %s: %w", s.name, err)
		}
	}
	return g, nil
}

// dial connects a blocking socket: reads follow epoll, and requests are small
// enough for the socket's buffer.
func dial(addr string) (int, error) {
	to, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	sa := &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())}
	if err := errors.Join(unix.Connect(fd, sa), unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)); err != nil {
		return 0, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

func (g *generator) close() {
	for _, w := range g.wires {
		_ = unix.Close(w.fd) // nothing is left in it
	}
	_ = unix.Close(g.poll) // likewise
}

// run sends requests for a time and returns the duration of each. It waits for
// all answers.
func (g *generator) run(ctx context.Context, length time.Duration) ([]time.Duration, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	g.took = g.took[:0]
	end := time.Now().Add(length)
	for i := range g.wires {
		if err := g.send(&g.wires[i]); err != nil {
			return nil, err
		}
	}
	events := make([]unix.EpollEvent, len(g.wires))
	for open := len(g.wires); open > 0; {
		n, err := unix.EpollWait(g.poll, events, 10_000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return nil, fmt.Errorf("no answer for 10 s: %w", errors.Join(err, ctx.Err()))
		}
		for _, e := range events[:n] {
			w := &g.wires[e.Fd]
			whole, err := g.receive(w)
			if err != nil {
				return nil, err
			}
			if !whole {
				continue
			}
			now := time.Now()
			g.took = append(g.took, now.Sub(w.begun))
			if now.After(end) || ctx.Err() != nil {
				open--
			} else if err := g.send(w); err != nil {
				return nil, err
			}
		}
	}
	return g.took, ctx.Err()
}

// send sends the next request.
func (g *generator) send(w *wire) error {
	n := 1 + rand.IntN(g.work.top)
	g.body = g.work.body(g.body[:0], n)
	if g.work.answer != nil {
		w.expect = g.work.answer(w.expect[:0], n)
	}
	w.out = append(w.out[:0], g.heads[rand.IntN(len(g.heads))]...)
	w.out = strconv.AppendInt(w.out, int64(len(g.body)), 10)
	w.out = append(w.out, "\r\n\r\n"...)
	w.out = append(w.out, g.body...)
	w.in = w.in[:0]
	w.begun = time.Now()
	for out := w.out; len(out) > 0; {
		k, err := unix.Write(w.fd, out)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("send a request: %w", err)
		}
		out = out[k:]
	}
	return nil
}

var (
	blank  = []byte("\r\n\r\n")
	status = []byte("HTTP/1.1 200 ")
)

// receive reads the arrived data, and reports whether the answer is complete. A
// wrong answer is an error.
func (g *generator) receive(w *wire) (bool, error) {
	if len(w.in) == cap(w.in) {
		w.in = slices.Grow(w.in, cap(w.in))
	}
	n, err := unix.Read(w.fd, w.in[len(w.in):cap(w.in)])
	if err == unix.EINTR {
		return false, nil
	}
	if err != nil || n == 0 {
		return false, fmt.Errorf("the connection broke after %q: %w", w.in, err)
	}
	w.in = w.in[:len(w.in)+n]
	if g.work.answer != nil {
		return w.known()
	}
	body, whole, err := answer(w.in)
	if err != nil || !whole {
		return false, err
	}
	if !bytes.HasPrefix(w.in, status) {
		return false, fmt.Errorf("the answer is %.1000q", w.in)
	}
	return true, g.work.check(body)
}

// known handles an answer that is known in full: it reports whether all of it
// has arrived. Another answer is an error.
func (w *wire) known() (bool, error) {
	i := bytes.Index(w.in, blank)
	if i < 0 || bytes.HasPrefix(w.in, status) && len(w.in) < i+len(blank)+len(w.expect) {
		return false, nil
	}
	if !bytes.HasPrefix(w.in, status) || !bytes.Equal(w.in[i+len(blank):], w.expect) {
		return false, fmt.Errorf("the request %q got the answer %q", w.out[bytes.Index(w.out, blank)+len(blank):], w.in)
	}
	return true, nil
}
