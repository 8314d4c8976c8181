package front

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/ayb-go/ayb/shared/httpapi"
)

const (
	// refusalTime is the longest time for the answer to a refused connection.
	refusalTime = time.Second
	// maxRefusals limits the refused connections that get an answer at a time,
	// maxRefusalsPerAddress those of one address. Others are only closed.
	maxRefusals           = 32
	maxRefusalsPerAddress = 4
)

// refuse answers a connection with an error, whatever its request is, and closes
// it.
func (l *connections) refuse(c *countedConn, err error) {
	conn := c.Conn
	if !l.countRefusal(c.key, 1) {
		_ = conn.Close() // too many answers at a time
		return
	}
	go func() {
		defer l.countRefusal(c.key, -1)
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(refusalTime))
		if _, err := conn.Write(refusal(err)); err != nil {
			return
		}
		if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			// Closing with unread data would destroy the answer.
			_, _ = io.Copy(io.Discard, io.LimitReader(conn, maxHeaderBytes))
		}
	}()
}

// countRefusal counts a refusal with an answer. It returns false at the limit.
func (l *connections) countRefusal(key string, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n > 0 && (l.refused >= maxRefusals || l.refusedBy[key] >= maxRefusalsPerAddress) {
		return false
	}
	l.refused += n
	if l.refusedBy[key] += n; l.refusedBy[key] == 0 {
		delete(l.refusedBy, key)
	}
	return true
}

// refusal returns an error as a complete HTTP answer.
func refusal(err error) []byte {
	status, body := httpapi.FromError(err)
	text := encode(body)
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nRetry-After: 5\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(text), text)
}
