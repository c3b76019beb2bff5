package web_test

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
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
	total := 0
	for name, text := range files(t) {
		a := s.get(t, name, "Accept-Encoding", "br, gzip")
		if name != "/index.html" { // which is "/"
			total += len(a.body)
		}
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
	if most := 60 << 10; total > most {
		t.Errorf("the page has %d bytes compressed, want %d at most", total, most)
	}
	t.Logf("the page has %d bytes compressed", total)
}

// The page works below any prefix and asks no other machine for anything.
func TestPagesStayHere(t *testing.T) {
	foreign := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9-]+\.[a-z0-9.-]+|@import|url\(\s*['"]?(/|http)`)
	absolute := regexp.MustCompile(`(?i)\b(src|href|action|poster|data)\s*=\s*["']?/|(fetch|EventSource|import|Worker|Request|URL)\(\s*["'` + "`" + `]/|from\s+["']/`)
	for name, text := range files(t) {
		if !strings.Contains("/.html.css.js.svg.json.webmanifest", path.Ext(name)) {
			continue
		}
		text = strings.ReplaceAll(text, "http://www.w3.org/", "") // the names of SVG
		for _, found := range append(foreign.FindAllString(text, -1), absolute.FindAllString(text, -1)...) {
			t.Errorf("%s: %q leaves this server or the prefix", name, found)
		}
	}
}

// The strict policy allows no script or style inside of the page.
func TestPagesKeepThePolicy(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<script(\s[^>]*)?>\s*[^<\s]|<style|\sstyle\s*=|\son[a-z]+\s*=\s*["']|javascript:|\beval\(|new Function`)
	for name, text := range files(t) {
		if ext := path.Ext(name); ext != ".html" && ext != ".svg" && ext != ".js" && name != "/" {
			continue
		}
		for _, found := range inline.FindAllString(text, -1) {
			t.Errorf("%s: the Content-Security-Policy forbids %q", name, found)
		}
	}
}
