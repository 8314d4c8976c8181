package encode

import "strconv"

// Objects writes rows as JSON objects: an array of them, or one per line.
// Values are those of the typed forms. A name that occurs twice gets a number,
// because an object holds each name once.
type Objects struct {
	typed
	lines bool
	names []string
	rows  bool
}

// NewObjects makes the encoder of one export: a JSON array, or lines.
func NewObjects(lines bool) *Objects { return &Objects{typed: typed{exact: true}, lines: lines} }

// HasRows reports whether a row was written.
func (e *Objects) HasRows() bool { return e.rows }

// EveryResult implements Encoder.
func (*Objects) EveryResult() bool { return true }

// Begin implements Encoder.
func (e *Objects) Begin(o *Output, _ int, columns []Column) error {
	e.columns, e.names = len(columns), distinct(columns)
	if !e.lines {
		o.Add("[")
	}
	return nil
}

// Cell implements Encoder.
func (e *Objects) Cell(o *Output, column int, v Value) error {
	if column > 0 {
		o.Add(",")
	} else {
		if e.rows && !e.lines {
			o.Add(",")
		}
		if !e.lines {
			o.Add("\n")
		}
		e.rows = true
		o.Add("{")
	}
	if err := AppendJSONText(o, []byte(e.names[column])); err != nil {
		return err
	}
	o.Add(":")
	if err := e.value(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.Add("}")
		if e.lines {
			o.Add("\n")
		}
	}
	return o.FlushIfFull()
}

// End implements Encoder.
func (e *Objects) End(o *Output, _ Outcome) {
	switch {
	case e.lines:
	case e.rows:
		o.Add("\n]\n")
	default:
		o.Add("]\n")
	}
}

// Close implements Encoder.
func (*Objects) Close(*Output, int, Cost) {}

// distinct returns names for the columns of which no two are equal. The first
// column of a name keeps it.
func distinct(columns []Column) []string {
	taken := map[string]int{} // the column of each name
	for i, c := range columns {
		if _, again := taken[c.Name]; !again {
			taken[c.Name] = i
		}
	}
	names := make([]string, len(columns))
	next := map[string]int{}
	for i, c := range columns {
		name := c.Name
		for n := max(next[c.Name], 2); ; n++ {
			if by, ok := taken[name]; !ok || by == i {
				break
			}
			name = c.Name + "_" + strconv.Itoa(n)
			next[c.Name] = n + 1
		}
		names[i], taken[name] = name, i
	}
	return names
}
