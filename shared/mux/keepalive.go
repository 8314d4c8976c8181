package mux

// KeepAlive shows the client, and every hop between, that the request is being
// worked on while there is nothing to send: an empty frame, which costs no
// credit. It may be called by any goroutine; after the end it does nothing.
func (c *Call) KeepAlive() {
	if c.server.find(c.id) == c {
		c.server.link.Send(Data, c.id, nil)
	}
}
