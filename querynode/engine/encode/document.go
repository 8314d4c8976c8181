package encode

import "github.com/ayb-go/ayb/shared/errs"

// document writes {"results":[…],"cost":{…}}.
type document struct {
	typed
	rows bool
}

func (*document) EveryResult() bool { return true }

func (e *document) next(o *Output, index int) {
	if index == 0 {
		o.Add(`{"results":[{`)
		return
	}
	o.Add(`,{`)
}

func (e *document) Begin(o *Output, index int, columns []Column) error {
	e.rows = false
	e.next(o, index)
	if err := e.describe(o, columns); err != nil {
		return err
	}
	o.Add(`,"rows":[`)
	return nil
}

func (e *document) Cell(o *Output, column int, v Value) error {
	switch {
	case column > 0:
		o.Buf = append(o.Buf, ',')
	case e.rows:
		o.Buf = append(o.Buf, ',', '[')
	default:
		o.Buf = append(o.Buf, '[')
		e.rows = true
	}
	e.inRow = true
	if err := e.value(o, v); err != nil {
		return err
	}
	if column == e.columns-1 {
		o.Buf = append(o.Buf, ']')
		e.inRow = false
	}
	return o.FlushIfFull()
}

func (e *document) End(o *Output, end Outcome) {
	o.Add(`],`)
	e.ending(o, end)
	o.Add(`}`)
}

func (e *document) ReportError(o *Output, index int, sent bool, err *errs.Error) bool {
	if sent && e.inRow {
		return false
	}
	if sent {
		o.Add(`],`)
	} else {
		e.next(o, index)
	}
	e.err(o, err)
	o.Add(`}`)
	return true
}

func (e *document) Close(o *Output, results int, c Cost) {
	if results == 0 {
		o.Add(`{"results":[`)
	}
	o.Add(`],`)
	e.cost(o, c)
	o.Add(`}`)
}
