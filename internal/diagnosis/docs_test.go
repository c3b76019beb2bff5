package diagnosis_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/config"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

var update = flag.Bool("update", false, "write the documents' table anew")

// The documents explain every verdict, in the words of the log and the page.
func TestDocs(t *testing.T) {
	const docs = "../../smartmeter-addon/DOCS.md"
	data, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), "<!-- verdicts -->\n")
	old, after, ended := strings.Cut(rest, "<!-- /verdicts -->")
	if !found || !ended {
		t.Fatal("DOCS.md has no place for the verdicts")
	}
	names := config.Names{Form: true} // who reads DOCS.md has the form
	var b strings.Builder
	b.WriteString("| what it says | what to do |\n|---|---|\n")
	for k := range diagnosis.NumCauses {
		if k.Problem() || k.Hint() {
			fmt.Fprintf(&b, "| %s | %s |\n", k.Text(meter.English), names.In(k.Next(meter.English)))
		}
	}
	switch table := b.String(); {
	case *update:
		if err := os.WriteFile(docs, []byte(before+"<!-- verdicts -->\n"+table+"<!-- /verdicts -->"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case old != table:
		t.Error("DOCS.md is stale: go test ./internal/diagnosis -run Docs -update")
	}
}

// TestOptions: what stands in braces in a sentence is an option, and it is the
// same in every language.
func TestOptions(t *testing.T) {
	braces := regexp.MustCompile(`\{[^}]*\}`)
	for _, c := range diagnosis.All() {
		want := braces.FindAllString(c.Next(meter.English), -1)
		for _, l := range meter.Languages {
			if left := braces.FindString(config.Names{}.In(c.Text(l) + c.Next(l))); left != "" {
				t.Errorf("%s in %s: %s is not an option", c, l, left)
			}
			if got := braces.FindAllString(c.Next(l), -1); !slices.Equal(got, want) {
				t.Errorf("%s in %s: names the options %q, want %q", c, l, got, want)
			}
		}
	}
}
