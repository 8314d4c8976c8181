package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// work is a request that is sent many times.
type work struct {
	name string
	// page is a page that is requested with GET and the cookie of a browser, in place of
	// a query; empty for a query.
	page string
	// head has lines of the request's head, each with CR LF.
	head string
	// body appends the body of request number n.
	body func(b []byte, n int) []byte
	// answer appends the expected answer to request number n. It is nil if a part
	// of the answer cannot be known; then check is used.
	answer func(b []byte, n int) []byte
	check  func(body []byte) error
	// top is the number of different n.
	top int
	// spread sends each request to a random one of the server's databases.
	spread bool
}

// pointRead reads one row by its key.
func pointRead() work {
	return work{
		name: "read", top: pointRows,
		body: func(b []byte, n int) []byte {
			return strconv.AppendInt(append(b, "SELECT id, name, price FROM point WHERE id = "...), int64(n), 10)
		},
		answer: func(b []byte, n int) []byte {
			b = strconv.AppendInt(append(b, `{"fields":["id","name","price"],"rows":[["`...), int64(n), 10)
			b = strconv.AppendInt(append(b, `","item `...), int64(n), 10)
			b = strconv.AppendInt(append(b, `","`...), int64(n), 10)
			return append(b, `.5"]]}`...)
		},
	}
}

// oneInsert inserts a row.
func oneInsert() work {
	return work{
		name: "insert", top: 1 << 30,
		body: func(b []byte, n int) []byte {
			b = strconv.AppendInt(append(b, "INSERT INTO log(k, v) VALUES ("...), int64(n), 10)
			b = strconv.AppendInt(append(b, ", 'this is the text of entry "...), int64(n), 10)
			return append(b, "')"...)
		},
		answer: func(b []byte, _ int) []byte { return append(b, `{"fields":[],"rows":[]}`...) },
	}
}

// batchRows is how many rows one request of the work batch inserts.
const batchRows = 1000

// insertBatch inserts many rows with one statement each and all values as
// parameters.
func insertBatch() work {
	return work{
		name: "batch", top: 1 << 30, head: "Content-Type: application/json\r\n",
		body: func(b []byte, n int) []byte {
			b = append(b, `{"statements":[`...)
			for i := range batchRows {
				if i > 0 {
					b = append(b, ',')
				}
				b = strconv.AppendInt(append(b, `{"sql":"INSERT INTO log(k, v) VALUES (?, ?)","params":[`...), int64(n+i), 10)
				b = strconv.AppendInt(append(b, `,"this is the text of entry `...), int64(n+i), 10)
				b = append(b, `"]}`...)
			}
			return append(b, `],"atomic":true}`...)
		},
		check: func(body []byte) error {
			if n := bytes.Count(body, []byte(`"rows_affected":1,`)); n != batchRows {
				return fmt.Errorf("%d of %d rows were inserted", n, batchRows)
			}
			return nil
		},
	}
}

func (b *bench) read(ctx context.Context) error {
	both, err := b.startBoth(ctx, "point")
	if err != nil {
		return err
	}
	for _, n := range b.conns {
		sides, err := b.compare(ctx, pointRead(), contender{s: both[0], conns: n}, contender{s: both[1], conns: n})
		if err != nil {
			return err
		}
		rate := sides.rates(fmt.Sprintf("point reads, %d connections", n), 1)
		p50 := sides.medians(fmt.Sprintf("point read, %d connections", n))
		switch n {
		case 1:
			p50 = p50.atMost(2.5)
		case 32:
			rate = rate.atLeast(0.5)
		}
		b.found.add(sides, rate, p50)
	}
	return nil
}

// insert also compares many connections with one connection to the floor, to
// show the effect of group commit.
func (b *bench) insert(ctx context.Context) error {
	both, err := b.startBoth(ctx, "log")
	if err != nil {
		return err
	}
	for _, n := range b.conns {
		rivals := []contender{{s: both[0], conns: n}, {s: both[1], conns: n}}
		if n != 1 {
			rivals = append(rivals, contender{s: both[0], conns: 1})
		}
		sides, err := b.compare(ctx, oneInsert(), rivals...)
		if err != nil {
			return err
		}
		rate := sides[:2].rates(fmt.Sprintf("durable inserts, %d connections", n), 1)
		if n == 1 {
			b.found.add(sides, rate.atLeast(0.5))
			continue
		}
		alone := comparison{sides[2], sides[1]}.rates(fmt.Sprintf("durable inserts, %d connections; the floor with 1", n), 1)
		if n == 32 {
			alone = alone.atLeast(6)
		}
		b.found.add(sides, rate, alone)
	}
	return nil
}

const spreadConns = 64

// spread reads points of many databases, so that successive requests often reach
// different daemons.
func (b *bench) spread(ctx context.Context) error {
	both, err := b.startBoth(ctx, "spread")
	if err != nil {
		return err
	}
	w := pointRead()
	w.name, w.spread = "spread", true
	sides, err := b.compare(ctx, w, contender{s: both[0], conns: spreadConns}, contender{s: both[1], conns: spreadConns})
	if err != nil {
		return err
	}
	b.found.add(sides, sides.rates(fmt.Sprintf("point reads over %d databases, %d connections", spreadDatabases, spreadConns), 1).atLeast(0.4))
	return nil
}

func (b *bench) batch(ctx context.Context) error {
	both, err := b.startBoth(ctx, "log")
	if err != nil {
		return err
	}
	sides, err := b.compare(ctx, insertBatch(), contender{s: both[0], conns: 1}, contender{s: both[1], conns: 1})
	if err != nil {
		return err
	}
	b.found.add(sides, sides.rates(fmt.Sprintf("rows inserted, %d in a request, 1 connection", batchRows), batchRows).atLeast(0.7))
	return nil
}

// contender is a server with a number of connections.
type contender struct {
	s     *server
	conns int
	// work replaces the common work, for another way to do the same.
	work *work
}

// compare runs a work on the contenders in alternating rounds; the first round
// is a warm-up.
func (b *bench) compare(ctx context.Context, w work, rivals ...contender) (comparison, error) {
	sides := make(comparison, len(rivals))
	for i, r := range rivals {
		sides[i] = &side{Work: cmp.Or(r.work, &w).name, Server: r.s.name, Conns: r.conns}
	}
	for round := -1; round < b.rounds; round++ {
		length := b.length
		if round < 0 {
			length = b.warm
		}
		for i, r := range rivals {
			took, spent, err := once(ctx, r, *cmp.Or(r.work, &w), length)
			if err != nil {
				return nil, fmt.Errorf("%s with %d connections: %w", r.s.name, r.conns, err)
			}
			if round >= 0 {
				sides[i].add(float64(len(took))/length.Seconds(), took, spent)
			}
		}
	}
	for _, s := range sides {
		slices.Sort(s.took)
	}
	return sides, nil
}

func once(ctx context.Context, r contender, w work, length time.Duration) ([]time.Duration, map[string]time.Duration, error) {
	g, err := newGenerator(r.s, w, r.conns)
	if err != nil {
		return nil, nil, err
	}
	defer g.close()
	before := r.s.processorTime()
	took, err := g.run(ctx, length)
	if err != nil {
		return nil, nil, err
	}
	return took, r.s.spentSince(before), nil
}
