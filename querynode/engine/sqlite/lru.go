package sqlite

// lru keeps the most recently used values by key, at most max of them, and
// passes dropped values to drop. It is not safe for concurrent use.
type lru[V any] struct {
	max  int
	drop func(V)
	m    map[string]*node[V]
	root node[V] // a ring; root.next is the newest
}

type node[V any] struct {
	key        string
	v          V
	prev, next *node[V]
}

func newLRU[V any](limit int, drop func(V)) *lru[V] {
	l := &lru[V]{max: limit, drop: drop, m: make(map[string]*node[V])}
	l.root.prev, l.root.next = &l.root, &l.root
	return l
}

func (l *lru[V]) get(key string) (V, bool) {
	n, ok := l.m[key]
	if !ok {
		var none V
		return none, false
	}
	l.unlink(n)
	l.link(n)
	return n.v, true
}

// put adds a value under a new key.
func (l *lru[V]) put(key string, v V) {
	n := &node[V]{key: key, v: v}
	l.m[key] = n
	l.link(n)
	if len(l.m) > l.max {
		l.remove(l.root.prev)
	}
}

// delete drops the value of a key, if there is one.
func (l *lru[V]) delete(key string) {
	if n, ok := l.m[key]; ok {
		l.remove(n)
	}
}

func (l *lru[V]) clear() {
	for len(l.m) > 0 {
		l.remove(l.root.prev)
	}
}

func (l *lru[V]) remove(n *node[V]) {
	l.unlink(n)
	delete(l.m, n.key)
	l.drop(n.v)
}

func (l *lru[V]) unlink(n *node[V]) {
	n.prev.next, n.next.prev = n.next, n.prev
}

func (l *lru[V]) link(n *node[V]) {
	n.prev, n.next = &l.root, l.root.next
	n.prev.next, n.next.prev = n, n
}
