package querynode

import "time"

// RemoveStale removes the versions that were staged before a time, as the node
// does now and then.
func (n *Node) RemoveStale(before time.Time) { n.removeStale(before) }

// TempBytes is what temporary files take.
func (n *Node) TempBytes() int64 { return n.space.Held() }
