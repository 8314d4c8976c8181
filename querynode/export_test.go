package querynode

import "time"

// RemoveExpired removes the versions whose lease was last renewed before a
// time.
func (n *Node) RemoveExpired(before time.Time) { n.removeExpired(before) }

// TempBytes is the size of all temporary files.
func (n *Node) TempBytes() int64 { return n.space.TempBytes() }
