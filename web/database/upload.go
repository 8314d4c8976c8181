package database

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// maxUploadFields is the most bytes that the fields of a form with a file may have.
const maxUploadFields = 64 << 10

// upload is a form with a file. The fields come before the file, which is read as it
// arrives.
type upload struct {
	fields map[string]string
	name   string // of the file
	file   io.Reader
}

// readUpload reads a form up to the contents of its field `file`. Errors: Invalid for
// a broken form and for one without a file, TooLarge for the other fields. The fields
// are set after an error, too, as far as they were read.
func readUpload(r *http.Request) (upload, error) {
	u := upload{fields: map[string]string{}}
	reader, err := r.MultipartReader()
	if err != nil {
		return u, errs.Wrap(errs.Invalid, err, "The form must be sent as multipart/form-data")
	}
	left := int64(maxUploadFields)
	for {
		part, err := reader.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return u, errs.E(errs.Invalid, "Choose a file to import")
		case err != nil:
			return u, errs.Wrap(errs.Invalid, err, "The form is broken or incomplete")
		case part.FormName() == "file":
			return u.withFile(part)
		}
		value, err := io.ReadAll(io.LimitReader(part, left+1))
		if err != nil {
			return u, errs.Wrap(errs.Invalid, err, "The form is broken or incomplete")
		}
		if left -= int64(len(value)); left < 0 {
			return u, errs.E(errs.TooLarge, "The fields of the form are larger than the %d bytes that are allowed", maxUploadFields)
		}
		u.fields[part.FormName()] = strings.TrimSpace(string(value))
	}
}

func (u upload) withFile(part *multipart.Part) (upload, error) {
	u.name, u.file = part.FileName(), part
	if u.name == "" {
		return u, errs.E(errs.Invalid, "Choose a file to import")
	}
	return u, nil
}

// options returns the options of the import. The format and the table follow from the
// name of the file where the form has none. Present contents are only replaced if the
// form says so twice.
func (u upload) options(dryRun bool) (daemonapi.ImportOptions, error) {
	o, err := u.parsed()
	o.DryRun = dryRun
	if o.Format == daemonapi.TransferSQLite {
		if o.Mode != daemonapi.ImportReplace && !dryRun && err == nil {
			err = errs.E(errs.Invalid, "A SQLite file replaces the whole database: choose “Replace its present contents”. Nothing has changed")
		}
		o.Mode = daemonapi.ImportReplace
	}
	if err == nil && !dryRun && o.Mode == daemonapi.ImportReplace && u.fields["confirm_replace"] == "" {
		err = errs.E(errs.Invalid, "To replace the present contents, tick “Delete the present contents” and choose the file again. Nothing has changed")
	}
	return o, err
}

// parsed returns the options as the form has them.
func (u upload) parsed() (daemonapi.ImportOptions, error) {
	f := u.fields
	o := daemonapi.ImportOptions{
		Format: daemonapi.TransferFormat(f["format"]), Table: f["table"], Mode: f["mode"], OnError: f["on_error"],
		Header: f["header"], Delimiter: f["delimiter"], Encoding: f["encoding"], Null: f["null"], Trim: f["trim"] != "",
	}
	name := strings.TrimSuffix(strings.TrimSuffix(path.Base(strings.ReplaceAll(u.name, `\`, "/")), ".gz"), ".zst")
	if o.Format == "" {
		if o.Format = formatByName(name); o.Format == "" {
			return o, errs.E(errs.Invalid, "The name of the file does not show its format: choose the format in the form")
		}
	}
	rows := o.Format != daemonapi.TransferSQLite && o.Format != daemonapi.TransferSQL
	if rows && o.Table == "" {
		o.Table = strings.TrimSuffix(name, path.Ext(name))
	} else if !rows {
		o.Table = ""
	}
	if lines := f["skip_lines"]; lines != "" {
		var err error
		if o.SkipLines, err = strconv.ParseInt(lines, 10, 64); err != nil || o.SkipLines < 0 {
			return o, errs.E(errs.Invalid, "The number of lines to skip must be 0 or more")
		}
	}
	var err error
	if o.Types, err = daemonapi.ParseTypes(f["types"]); err != nil {
		return o, errs.Wrap(errs.Invalid, err, "The types of columns must be a list such as id=INTEGER,price=REAL")
	}
	return o, nil
}

// formatByName returns the format for the extension of a name; empty for an unknown
// one.
func formatByName(name string) daemonapi.TransferFormat {
	return map[string]daemonapi.TransferFormat{
		".sqlite": daemonapi.TransferSQLite, ".sqlite3": daemonapi.TransferSQLite, ".db": daemonapi.TransferSQLite, ".db3": daemonapi.TransferSQLite,
		".sql": daemonapi.TransferSQL, ".csv": daemonapi.TransferCSV, ".psv": daemonapi.TransferCSV, ".txt": daemonapi.TransferCSV,
		".tsv": daemonapi.TransferTSV, ".tab": daemonapi.TransferTSV,
		".json": daemonapi.TransferJSON, ".ndjson": daemonapi.TransferNDJSON, ".jsonl": daemonapi.TransferNDJSON,
	}[strings.ToLower(path.Ext(name))]
}
