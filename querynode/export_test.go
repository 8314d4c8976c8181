package querynode

import "time"

// RemoveExpired removes the versions that were staged before a time, as the node
// does now and then.
func (n *Node) RemoveExpired(before time.Time) { n.removeExpired(before) }

// TempBytes is what temporary files take.
func (n *Node) TempBytes() int64 { return n.space.TempBytes() }
