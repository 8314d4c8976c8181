package mux

// KeepAlive sends an empty frame, which uses no credit. It shows the client and
// every hop between that the request is still running. Any goroutine may call
// it; after the end of the call it does nothing.
func (c *Call) KeepAlive() {
	if c.server.find(c.id) == c {
		c.server.link.Send(Data, c.id, nil)
	}
}
