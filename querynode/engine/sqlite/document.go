package sqlite

import "github.com/ayb-go/ayb/shared/errs"

// document writes {"results":[…],"cost":{…}}.
type document struct {
	typed
	rows bool
}

func (*document) every() bool { return true }

func (e *document) next(o *output, index int) {
	if index == 0 {
		o.add(`{"results":[{`)
		return
	}
	o.add(`,{`)
}

func (e *document) begin(o *output, index int, columns []column) error {
	e.rows = false
	e.next(o, index)
	if err := e.describe(o, columns); err != nil {
		return err
	}
	o.add(`,"rows":[`)
	return nil
}

func (e *document) cell(o *output, column int, v value) error {
	switch {
	case column > 0:
		o.buf = append(o.buf, ',')
	case e.rows:
		o.buf = append(o.buf, ',', '[')
	default:
		o.buf = append(o.buf, '[')
		e.rows = true
	}
	e.inRow = true
	if err := e.value(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.buf = append(o.buf, ']')
		e.inRow = false
	}
	return o.room()
}

func (e *document) end(o *output, end ending) {
	o.add(`],`)
	e.ending(o, end)
	o.add(`}`)
}

func (e *document) failed(o *output, index int, sent bool, err *errs.Error) bool {
	if sent && e.inRow {
		return false
	}
	if sent {
		o.add(`],`)
	} else {
		e.next(o, index)
	}
	e.err(o, err)
	o.add(`}`)
	return true
}

func (e *document) close(o *output, results int, c cost) {
	if results == 0 {
		o.add(`{"results":[`)
	}
	o.add(`],`)
	e.cost(o, c)
	o.add(`}`)
}
