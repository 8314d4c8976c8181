package mux

import "testing"

// links passes on the frames of a link.
type links chan Frame

func (l links) Send(k Kind, stream uint32, payload []byte) {
	l <- Frame{k, stream, append([]byte(nil), payload...)}
}

// KeepAlive sends empty frames until the call has ended.
func TestAlive(t *testing.T) {
	link, done := make(links, 10), make(chan struct{})
	s := NewServer(link, Limits{MaxOpen: 1, MaxRequest: 10, MaxBuffered: 10}, func(c *Call) {
		c.KeepAlive()
		if err := c.Write([]byte("x"), true); err != nil {
			t.Error(err)
		}
		c.KeepAlive()
		close(done)
	})
	s.Handle(Frame{OpenFinal, 7, nil})
	<-done
	if f := <-link; f.Kind != Data || f.Stream != 7 || len(f.Payload) != 0 {
		t.Errorf("first %+v", f)
	}
	if f := <-link; f.Kind != Final || string(f.Payload) != "x" {
		t.Errorf("then %+v", f)
	}
	if len(link) != 0 {
		t.Errorf("after the end %+v", <-link)
	}
}
