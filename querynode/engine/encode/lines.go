package encode

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

func (*lines) EveryResult() bool { return true }

func (e *lines) next(o *Output, index int) {
	e.index = index
	o.Add(`{"statement":`)
	o.Buf = append(strconv.AppendInt(o.Buf, int64(index), 10), ',')
}

func (e *lines) Begin(o *Output, index int, columns []Column) error {
	e.next(o, index)
	if err := e.describe(o, columns); err != nil {
		return err
	}
	o.Add("}\n")
	return nil
}

func (e *lines) Cell(o *Output, column int, v Value) error {
	if column > 0 {
		o.Buf = append(o.Buf, ',')
	} else {
		o.Buf = append(o.Buf, '[')
	}
	e.inRow = true
	if err := e.value(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.Buf = append(o.Buf, ']', '\n')
		e.inRow = false
	}
	return o.FlushIfFull()
}

func (e *lines) End(o *Output, end Outcome) {
	e.next(o, e.index)
	e.ending(o, end)
	o.Add("}\n")
}

func (e *lines) ReportError(o *Output, index int, sent bool, err *errs.Error) bool {
	if sent && e.inRow {
		return false
	}
	e.next(o, index)
	e.err(o, err)
	o.Add("}\n")
	return true
}

func (e *lines) Close(o *Output, _ int, c Cost) {
	o.Add(`{`)
	e.cost(o, c)
	o.Add("}\n")
}
