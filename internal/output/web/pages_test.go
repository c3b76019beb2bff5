package web_test

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"
)

// files are the page's files by address.
func files(t *testing.T) map[string]string {
	t.Helper()
	list := make(map[string]string)
	err := fs.WalkDir(os.DirFS("page"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile("page/" + name)
		list["/"+name] = string(text)
		return err
	})
	if err != nil || list["/index.html"] == "" {
		t.Fatalf("%v, %d files", err, len(list))
	}
	list["/"] = list["/index.html"]
	return list
}

func TestPages(t *testing.T) {
	s := serve(t, newWorld(), page)
	kinds := map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	for name, text := range files(t) {
		a := s.get(t, name)
		if a.StatusCode != http.StatusOK || a.body != text || a.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %s, %d bytes, want %d", name, a.Status, len(a.body), len(text))
		}
		kind := kinds[path.Ext(name)]
		if name == "/" {
			kind = kinds[".html"]
		}
		if got := a.Header.Get("Content-Type"); kind != "" && got != kind || got == "" {
			t.Errorf("%s is %q, want %q", name, got, kind)
		}
		tag := a.Header.Get("ETag")
		if again := s.get(t, name, "If-None-Match", `"other", `+tag); tag == "" || again.StatusCode != http.StatusNotModified || again.body != "" {
			t.Errorf("%s with its tag %s: %s, %d bytes", name, tag, again.Status, len(again.body))
		}
		if again := s.get(t, name, "If-None-Match", `W/"other"`); again.StatusCode != http.StatusOK {
			t.Errorf("%s with another tag: %s", name, again.Status)
		}
	}
}

func TestPagesCompressed(t *testing.T) {
	s := serve(t, newWorld(), page)
	for name, text := range files(t) {
		a := s.get(t, name, "Accept-Encoding", "br, gzip")
		if a.Header.Get("Content-Encoding") == "" { // it would be no smaller
			if a.body != text {
				t.Errorf("%s: %d bytes, want %d", name, len(a.body), len(text))
			}
			continue
		}
		r, err := gzip.NewReader(strings.NewReader(a.body))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != text || a.Header.Get("Vary") != "Accept-Encoding" || len(a.body) >= len(text) {
			t.Errorf("%s: %v, %d bytes, want %d", name, err, len(got), len(text))
		}
		// Home Assistant takes compression off and compresses itself.
		if a := s.get(t, name, "Accept-Encoding", "gzip", "X-Ingress-Path", "/api/hassio_ingress/x"); a.body != text {
			t.Errorf("%s is compressed under ingress", name)
		}
	}
}
