package mux

import (
	"io"
	"sync/atomic"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
)

// script turns bytes into well-formed frames on a few streams, so that a fuzzer
// explores the order and the sizes of frames. The remaining bytes are parsed as
// frames.
func script(data []byte, do func(Frame)) {
	for len(data) >= 3 {
		n := min(int(data[2]), len(data)-3)
		do(Frame{Kind(data[0] % 13), uint32(data[1] % 4), append([]byte(nil), data[3:3+n]...)})
		data = data[3+n:]
	}
	_ = EachFrame(data, do) // what follows a malformed frame is not looked at
}

func seeds(f *testing.F) {
	for _, s := range []string{
		"\x02\x01\x03abc", "\x01\x01\x02ab\x03\x01\x02cd\x04\x01\x00", // a request in one frame and in three
		"\x01\x01\x03Lab\x03\x01\x02cd\x04\x01\x00", "\x01\x01\x03Lab\x07\x01\x00", // a streamed request, and its cancellation
		"\x01\x01\x00\x01\x01\x00\x02\x01\x00", "\x02\x00\x00\x02\x01\x00\x02\x02\x00\x02\x03\x00\x02\x00\x00", // numbers used twice, too many
		"\x03\x02\x01x\x04\x02\x00\x07\x02\x00\x06\x02\x04\xff\xff\xff\xff",                                      // unknown streams, absurd credit
		"\x0a\x00\x08\x00\x00\x00\x01\x00\x00\x00\x09\x0b\x00\x04\xff\xff\xff\xff\x0b\x00\x01x",                  // check, reset
		"\x05\x01\x12{\"code\":\"internal\"}\x05\x02\x02no", "\x08\x00\x00\x09\x00\x00\x0c\x01\x01x\x00\x01\x00", // failures, pings, unknown kinds
		"\x01\x01\x03Lab\x03\x01\x00\x03\x01\x00\x04\x01\x00\x04\x01\x00\x03\x01\x01x", // pieces after the end
	} {
		f.Add([]byte(s))
	}
}

// endings is a link that counts how streams end.
type endings struct{ n atomic.Int64 }

func (e *endings) Send(k Kind, _ uint32, _ []byte) {
	if k == Final || k == Fail {
		e.n.Add(1)
	}
}

// With any frames of a client, every request is answered once, the kept bytes
// stay within the limits, and no request is left open.
func FuzzServer(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var link endings
		limits := Limits{MaxOpen: 3, MaxRequest: 300, MaxBuffered: 500, StreamsBody: func(first []byte) bool { return len(first) > 0 && first[0] == 'L' }}
		s := NewServer(&link, limits, func(c *Call) {
			if c.Body() != nil {
				_, _ = io.Copy(io.Discard, c.Body()) // the error does not matter
			}
			if len(c.Request())%2 == 1 {
				c.Fail(errs.E(errs.Invalid, "odd"))
				return
			}
			_ = c.Write(c.Request(), true) // fails when the client has canceled
		})
		opened, asked := int64(0), int64(0)
		script(data, func(fr Frame) {
			switch fr.Kind {
			case Open, OpenFinal:
				opened++
			case Check:
				asked += int64(len(fr.Payload) / 4)
			}
			s.Handle(fr)
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.buffered < 0 || s.buffered > limits.MaxBuffered || len(s.calls) > limits.MaxOpen {
				t.Fatalf("%d bytes are held, %d requests are open", s.buffered, len(s.calls))
			}
		})
		s.CancelAll()
		if n := link.n.Load(); n < opened || n > opened+asked || s.buffered != 0 || len(s.calls) != 0 {
			t.Fatalf("%d requests ended %d times; %d bytes are still held, %d requests open", opened, n, s.buffered, len(s.calls))
		}
	})
}

// With any frames of a server, each stream ends once, and the kept bytes stay
// within the credit.
func FuzzClient(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		c := NewClient(&endings{})
		var streams []*Stream
		for range 3 { // 1 to 3
			s, err := c.Open(t.Context(), nil, []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			streams = append(streams, s)
		}
		script(data, c.Handle)
		c.FailAll(errs.E(errs.Unavailable, "gone"))
		for _, s := range streams {
			ends, kept := 0, 0
			for ends == 0 {
				p, last, err := s.Next(t.Context())
				if kept += len(p); kept > Window {
					t.Fatalf("%d bytes were kept", kept)
				}
				if last || err != nil {
					ends++
				}
				if err != nil && errs.CodeOf(err) == "" {
					t.Fatalf("ended with %v", err)
				}
			}
		}
		if c.Active() != 0 {
			t.Fatalf("%d streams are left", c.Active())
		}
	})
}
