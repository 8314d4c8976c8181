package encode

// Sizes of the pieces in which an answer leaves.
const (
	FlushBytes = 32 << 10 // a buffer is passed on when it holds this much
	ChunkBytes = 64 << 10 // a buffer never holds more than this
	pieceBytes = 4 << 10  // long values are encoded in pieces of this size
)

// Output is the buffer of an answer. It passes its bytes to Next when there are
// enough.
type Output struct {
	Buf  []byte
	Next func(p []byte) error
}

// FlushIfFull passes the buffer on if it holds FlushBytes, so that a piece fits
// after it.
func (o *Output) FlushIfFull() error {
	if len(o.Buf) < FlushBytes {
		return nil
	}
	return o.Flush()
}

// Flush passes the buffer on and empties it.
func (o *Output) Flush() error {
	err := o.Next(o.Buf)
	o.Buf = o.Buf[:0]
	return err
}

// Add appends text without any escape. Callers flush often enough.
func (o *Output) Add(s string) { o.Buf = append(o.Buf, s...) }
