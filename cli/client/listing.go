package client

import (
	"errors"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// printListing prints records: as a JSON array of the API's objects, as CSV or
// as a table. In CSV and tables, none is printed for an empty list.
func (a *app) printListing(as format.Kind, objects any, rows [][]string, header []string, none string) error {
	if as == format.JSON {
		text, err := httpapi.Marshal(objects)
		if err != nil {
			return err
		}
		return a.printLine("%s", text)
	}
	if len(rows) == 0 {
		return a.printLine("%s", none)
	}
	if as == format.Table {
		return localFailure(format.WriteTable(a.Stdout, header, rows), "write the answer")
	}
	w := format.NewCSVWriter(a.Stdout)
	err := w.Write(header)
	for _, row := range rows {
		err = errors.Join(err, w.Write(row))
	}
	return localFailure(errors.Join(err, w.Flush()), "write the answer")
}
