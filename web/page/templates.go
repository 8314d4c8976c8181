package page

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"sync"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/web/assets"
)

//go:embed *.html
var frameFiles embed.FS

// Templates are the templates of one package of pages, together with those of the
// frame. It is safe for concurrent use.
type Templates struct {
	site *Site
	set  *template.Template
	// buffers are used again, because pages make most of the memory to collect.
	buffers sync.Pool // of *bytes.Buffer
}

// Templates parses the *.html files of a package; nil stands for none. Its pages are
// rendered by the name in `define`.
func (s *Site) Templates(files fs.FS) (*Templates, error) {
	set := template.New("").Funcs(template.FuncMap{"asset": s.deps.Assets.URL})
	// An icon is on most lines of a list, so its address is part of the template.
	icon := `{{define "icon"}}<svg class="icon" aria-hidden="true"><use href="` + s.deps.Assets.URL("icons.svg") + `#{{.}}"></use></svg>{{end}}`
	if _, err := set.Parse(icon); err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The template of icons can't be parsed")
	}
	for _, from := range []fs.FS{frameFiles, files} {
		if from == nil {
			continue
		}
		if _, err := set.ParseFS(from, "*.html"); err != nil {
			return nil, errs.Wrap(errs.Internal, err, "The templates of the pages can't be parsed")
		}
	}
	return &Templates{site: s, set: set}, nil
}

// Frame is the data of the frame. The view of each page embeds it.
type Frame struct {
	// Title is shown by the browser, followed by the name of the server.
	Title  string
	Viewer Viewer
	// Narrow pages have two halves and no menu: logging in, registering.
	Narrow bool
	// Scripts are the names of further scripts, such as database.js.
	Scripts []string
	// Notice is the sentence of Notify, or empty.
	Notice string
	// Theme is the colour scheme that was chosen in this browser.
	Theme Theme
}

// NewFrame returns the frame of a page with the menu.
func NewFrame(r *http.Request, title string) Frame {
	return Frame{Title: title, Viewer: ViewerOf(r), Notice: noticeOf(r), Theme: themeOf(r)}
}

// Render writes a page. The template is executed into memory first, so that the
// browser gets either the complete page or an error. The view embeds a Frame.
func (t *Templates) Render(w http.ResponseWriter, r *http.Request, status int, name string, view any) {
	page, ok := t.buffers.Get().(*bytes.Buffer)
	if !ok {
		page = new(bytes.Buffer)
	}
	page.Reset()
	defer t.buffers.Put(page)
	if err := t.set.ExecuteTemplate(page, name, view); err != nil {
		t.site.deps.Log.Error("could not render a page", "err", err, "page", name)
		http.Error(w, "Something went wrong on our side.", http.StatusInternalServerError)
		return
	}
	t.site.clearNotice(w, r)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(page.Bytes()) // it fails only when the browser is gone
	}
}

// Redirect sends the browser to another address, which the caller has checked.
func Redirect(w http.ResponseWriter, status int, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}

// Assets is the handler of the files below assets.Prefix.
func (s *Site) Assets() *assets.Assets { return s.deps.Assets }
