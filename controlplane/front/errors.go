package front

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// writeError answers with an error in the form of the API.
func writeError(w http.ResponseWriter, err error) {
	httpapi.SetRetryAfter(w.Header(), err)
	status, body := httpapi.FromError(err)
	w.Header().Set("Content-Type", httpapi.ContentType)
	w.WriteHeader(status)
	_, _ = w.Write(encode(body)) // it fails only when the client has gone
}

// encode returns the JSON of an error.
func encode(body httpapi.ErrorBody) []byte {
	text, err := httpapi.Marshal(body)
	if err != nil { // error bodies consist of texts, which always encode
		panic(err)
	}
	return text
}

// recovered logs the panic of a handler and answers with an error. If the answer
// has begun, it closes the connection instead.
func (f *Front) recovered(w http.ResponseWriter) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	f.deps.Log.Error("request handler panicked", "err", v, "stack", string(debug.Stack()))
	if len(w.Header()["Content-Type"]) > 0 {
		panic(http.ErrAbortHandler)
	}
	writeError(w, fmt.Errorf("panic: %v", v))
}
