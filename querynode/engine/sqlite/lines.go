package sqlite

import (
	"strconv"

	"github.com/ayb-go/ayb/shared/errs"
)

// lines writes a line for the columns of each result, for each row, for the
// end of each result, and for the cost.
type lines struct {
	typed
	index int
}

func (*lines) every() bool { return true }

func (e *lines) next(o *output, index int) {
	e.index = index
	o.add(`{"statement":`)
	o.buf = append(strconv.AppendInt(o.buf, int64(index), 10), ',')
}

func (e *lines) begin(o *output, index int, columns []column) error {
	e.next(o, index)
	if err := e.describe(o, columns); err != nil {
		return err
	}
	o.add("}\n")
	return nil
}

func (e *lines) cell(o *output, column int, v value) error {
	if column > 0 {
		o.buf = append(o.buf, ',')
	} else {
		o.buf = append(o.buf, '[')
	}
	e.inRow = true
	if err := e.value(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.buf = append(o.buf, ']', '\n')
		e.inRow = false
	}
	return o.room()
}

func (e *lines) end(o *output, end ending) {
	e.next(o, e.index)
	e.ending(o, end)
	o.add("}\n")
}

func (e *lines) failed(o *output, index int, sent bool, err *errs.Error) bool {
	if sent && e.inRow {
		return false
	}
	e.next(o, index)
	e.err(o, err)
	o.add("}\n")
	return true
}

func (e *lines) close(o *output, _ int, c cost) {
	o.add(`{`)
	e.cost(o, c)
	o.add("}\n")
}
