package verdict_test

import (
	"os"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/verdict"
)

// TestPageSpeaksOfEveryKind: the page has a text for each verdict in its four
// languages beside English.
func TestPageSpeaksOfEveryKind(t *testing.T) {
	page, err := os.ReadFile("../output/web/page/verdicts.js")
	if err != nil {
		t.Fatal(err)
	}
	for kind := range verdict.NumKinds {
		if n := strings.Count(string(page), "\n    "+kind.String()+": ["); n != 4 {
			t.Errorf("%s stands %d times in the page's table, want 4", kind, n)
		}
	}
}
