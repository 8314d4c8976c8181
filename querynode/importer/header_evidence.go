package importer

import (
	"bytes"
	"strconv"
	"strings"
)

// headerEvidence counts the differences between the first row and the rows
// below, for and against a header.
type headerEvidence struct {
	pro, contra  int
	gaps         int // empty cells between the first and the last
	names, equal int
	repeated     int // cells that occur again in their column
	long         int
}

// header decides. If rows do not differ because all of them are texts, the
// first row is a header if its cells can be names; but not if the table has
// other names.
func (c headerEvidence) header(others bool) bool {
	switch {
	case c.contra > 0:
		return c.pro >= 3*c.contra
	case c.pro > 0:
		return true
	}
	return !others && c.names > 0 && c.gaps+c.equal+c.repeated+c.long == 0
}

const longName = 1000 // bytes; a longer cell is no name, unless numbers stand below it

func headerEvidenceOf(head []cell, body []sampled) (c headerEvidence) {
	seen := map[string]bool{}
	var numbers []int
	for i, h := range head {
		name := foldCase(strings.TrimSpace(string(h.data)))
		if name == "" {
			if i > 0 && i < len(head)-1 {
				c.gaps++
			}
			continue
		}
		c.names++
		if seen[name] {
			c.equal++
		}
		seen[name] = true
		if len(name) > longName {
			c.long++
		}
		below, bare, again := columnLook(head, body, i)
		switch own := lookOf(h.data); {
		case own == looksNull:
			c.contra++
		case own == looksText && below != looksText && below != looksNull, own == looksBoolean && (below == looksNumber || below == looksDate):
			c.pro++
		case own == looksText || own == looksBoolean && below == looksText:
			if again {
				c.repeated++
			}
		case h.kind == enclosed && bare && below == looksNumber:
			c.pro++
		case own == looksDate && below == looksNumber:
			c.pro++
		case own == looksNumber && (below == looksNumber || below == looksNull):
			numbers = append(numbers, i)
		case below != looksText && below != looksNull:
			c.contra++
		}
	}
	if len(numbers) > 0 {
		if counted(head, body, numbers) {
			c.pro++
		} else {
			c.contra += len(numbers)
		}
	}
	return c
}

// columnLook returns the common look of all cells in a column that are not
// empty, whether all of them are without quotes, and whether the head occurs
// among them.
func columnLook(head []cell, body []sampled, i int) (k cellLook, bare, again bool) {
	k, bare = looksNull, true
	for _, r := range body {
		if i >= len(r.cells) || len(r.cells) != len(head) {
			continue
		}
		cell := r.cells[i]
		bare = bare && cell.kind != enclosed
		switch own := lookOf(cell.data); {
		case own == looksNull || k == own:
		case k == looksNull:
			k = own
		default:
			k = looksText
		}
		again = again || bytes.Equal(cell.data, head[i].data) && !same(r.cells, head)
	}
	return k, bare, again
}

func same(a, b []cell) bool {
	for i := range a {
		if !bytes.Equal(a[i].data, b[i].data) {
			return false
		}
	}
	return true
}

// counted reports whether numbers above numbers are names: years, where values
// are not, or three or more numbers in equal steps, which no row has.
func counted(head []cell, body []sampled, at []int) bool {
	values := func(cells []cell) (all []int) {
		for _, i := range at {
			if i >= len(cells) {
				return nil
			}
			n, err := strconv.Atoi(string(cells[i].data))
			if err != nil {
				return nil
			}
			all = append(all, n)
		}
		return all
	}
	names := values(head)
	if names == nil || len(at) == len(head) || len(body) == 0 {
		return false
	}
	if years(names) {
		like := 0
		for _, r := range body {
			for _, i := range at {
				if i < len(r.cells) {
					if n, err := strconv.Atoi(string(r.cells[i].data)); err == nil && years([]int{n}) {
						like++
					}
				}
			}
		}
		if like*2 < len(body)*len(at) {
			return true
		}
	}
	if len(names) < 3 || !steps(names) {
		return false
	}
	for _, r := range body {
		if steps(values(r.cells)) {
			return false
		}
	}
	return true
}

// years reports whether all numbers may be years and all differ.
func years(all []int) bool {
	seen := map[int]bool{}
	for _, n := range all {
		if n < 1500 || n > 2200 || seen[n] {
			return false
		}
		seen[n] = true
	}
	return true
}

// steps reports whether numbers rise or fall in equal steps.
func steps(all []int) bool {
	for i := 2; i < len(all); i++ {
		if all[i]-all[i-1] != all[1]-all[0] {
			return false
		}
	}
	return len(all) > 1 && all[0] != all[1]
}
