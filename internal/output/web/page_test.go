package web

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
)

// pageFiles are the files that a browser gets, by name.
func pageFiles(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for name, f := range pages {
		if name = strings.TrimPrefix(name, "/"); name != "" {
			files[name] = string(f.plain)
		}
	}
	files["causes.js"] = string(causes(config.Names{}).plain)
	return files
}

// TestPageAsksNobodyElse: no other host, no address from the root, nothing
// that the policy forbids.
func TestPageAsksNobodyElse(t *testing.T) {
	namespace := strings.NewReplacer("http://www.w3.org/2000/svg", "")
	for _, forbidden := range []struct {
		what  string
		found *regexp.Regexp
	}{
		{"another host", regexp.MustCompile(`(?i)(https?:|wss?:)?//[a-z0-9][a-z0-9.-]*\.[a-z]{2,}`)},
		{"an address from the root", regexp.MustCompile(`(?i)(src|href|action)\s*[:=]\s*["']/|(fetch|get|EventSource|import)\(["'` + "`" + `]/|from ["']/|url\(["']?/`)},
		{"an inline style", regexp.MustCompile(`(?i)<style|\sstyle\s*=\s*["']|setAttribute\(["']style`)},
		{"an inline script", regexp.MustCompile(`(?i)<script(\s[^>]*)?>\s*[^<\s]|\son[a-z]+\s*=\s*["']|javascript:`)},
		{"text as markup", regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`)},
	} {
		for name, text := range pageFiles(t) {
			if found := forbidden.found.FindString(namespace.Replace(text)); found != "" {
				t.Errorf("%s has %s: %q", name, forbidden.what, found)
			}
		}
	}
}

// TestPageIsWhole: what a file names is there, and is asked for at once and
// not one after the other.
func TestPageIsWhole(t *testing.T) {
	files := pageFiles(t)
	index := files["index.html"]
	for _, named := range regexp.MustCompile(`(?:src|href)="([a-z.]+)"`).FindAllStringSubmatch(index, -1) {
		if _, ok := files[named[1]]; !ok {
			t.Errorf("index.html names %s, which is not there", named[1])
		}
	}
	imports := regexp.MustCompile(`(?m)^import .* from "\./([a-z.]+)";$`)
	for name, text := range files {
		for _, named := range imports.FindAllStringSubmatch(text, -1) {
			if _, ok := files[named[1]]; !ok {
				t.Errorf("%s imports %s, which is not there", name, named[1])
			}
			if !strings.Contains(index, `href="`+named[1]+`"`) {
				t.Errorf("%s imports %s, which index.html does not load beforehand", name, named[1])
			}
		}
	}
}

// TestPageIsSmall: below 60 KB in total, packed. Phones load it over the
// remote connection of Home Assistant.
func TestPageIsSmall(t *testing.T) {
	total := 0
	var sizes []string
	for name, f := range pages {
		if name == "/" {
			continue // index.html once more
		}
		size := len(f.plain)
		if packed := f.packed(); packed != nil {
			size = len(packed)
		}
		total += size
		sizes = append(sizes, name)
	}
	slices.Sort(sizes)
	if t.Logf("%d bytes: %s", total, strings.Join(sizes, " ")); total >= 60_000 {
		t.Errorf("the page has %d bytes packed, want less than 60,000", total)
	}
	if !bytes.Contains(pages["/"].plain, []byte("<!doctype html>")) {
		t.Error("the first file is no page")
	}
}
