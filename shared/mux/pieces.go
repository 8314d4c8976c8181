package mux

// mergeLimit is the size up to which pieces that wait are put together. It is far
// less than what senders cut long data into.
const mergeLimit = 16 << 10

// pieceQueue are what has come of a stream and was not read yet. Credit bounds
// their bytes and not their number: small ones are put together, since each
// costs more than its bytes, and may keep the whole batch alive that it came in.
type pieceQueue [][]byte

// add takes a piece, without a copy if it waits alone or is large. Nothing is
// written behind the end of a piece that is a part of a batch.
func (q *pieceQueue) add(p []byte) {
	if n := len(*q); n > 0 && len((*q)[n-1])+len(p) <= mergeLimit {
		(*q)[n-1] = append((*q)[n-1], p...)
		return
	}
	*q = append(*q, p[:len(p):len(p)])
}

// pop returns the oldest piece of those there are.
func (q *pieceQueue) pop() []byte {
	p := (*q)[0]
	(*q)[0] = nil // else the array keeps it alive
	*q = (*q)[1:]
	return p
}
