package mux

// mergeLimit is the size up to which waiting pieces are merged. It is far below
// the size into which senders cut long data.
const mergeLimit = 16 << 10

// pieceQueue holds the unread pieces of a stream. Credit bounds their bytes,
// but not their number. Small pieces are merged, because each has a cost of its
// own and may keep the entire batch alive in which it arrived.
type pieceQueue [][]byte

// add appends a piece, without a copy if it is the only one or large. It never
// writes behind the end of a piece, which may be part of a batch.
func (q *pieceQueue) add(p []byte) {
	if n := len(*q); n > 0 && len((*q)[n-1])+len(p) <= mergeLimit {
		(*q)[n-1] = append((*q)[n-1], p...)
		return
	}
	*q = append(*q, p[:len(p):len(p)])
}

// pop removes and returns the oldest piece.
func (q *pieceQueue) pop() []byte {
	p := (*q)[0]
	(*q)[0] = nil // otherwise the array would keep it alive
	*q = (*q)[1:]
	return p
}
