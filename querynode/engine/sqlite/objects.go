package sqlite

import "strconv"

// objects writes rows as JSON objects: an array of them, or one per line.
// Values are those of the typed forms. A name that comes twice is told apart
// by a number, for in an object it could not be read twice.
type objects struct {
	typed
	lines bool
	names []string
	rows  bool
}

func (*objects) every() bool { return true }

func (e *objects) begin(o *output, _ int, columns []column) error {
	e.columns, e.names = len(columns), distinct(columns)
	if !e.lines {
		o.add("[")
	}
	return nil
}

func (e *objects) cell(o *output, column int, v value) error {
	if column > 0 {
		o.add(",")
	} else {
		if e.rows && !e.lines {
			o.add(",")
		}
		if !e.lines {
			o.add("\n")
		}
		e.rows = true
		o.add("{")
	}
	if err := appendText(o, []byte(e.names[column])); err != nil {
		return err
	}
	o.add(":")
	if err := e.value(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.add("}")
		if e.lines {
			o.add("\n")
		}
	}
	return o.room()
}

func (e *objects) end(o *output, _ ending) {
	switch {
	case e.lines:
	case e.rows:
		o.add("\n]\n")
	default:
		o.add("]\n")
	}
}

func (*objects) close(*output, int, cost) {}

// distinct gives names to columns of which no two are equal. A column that is
// the first of its name keeps it.
func distinct(columns []column) []string {
	taken := map[string]int{} // by whom
	for i, c := range columns {
		if _, again := taken[c.name]; !again {
			taken[c.name] = i
		}
	}
	names := make([]string, len(columns))
	next := map[string]int{}
	for i, c := range columns {
		name := c.name
		for n := max(next[c.name], 2); ; n++ {
			if by, ok := taken[name]; !ok || by == i {
				break
			}
			name = c.name + "_" + strconv.Itoa(n)
			next[c.name] = n + 1
		}
		names[i], taken[name] = name, i
	}
	return names
}
