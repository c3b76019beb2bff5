package diagnosis_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

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
	var b strings.Builder
	b.WriteString("| what it says | what to do |\n|---|---|\n")
	for k := range diagnosis.NumCauses {
		if k.Problem() || k.Hint() {
			fmt.Fprintf(&b, "| %s | %s |\n", k.Text(meter.English), k.Next(meter.English))
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
