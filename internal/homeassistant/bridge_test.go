package homeassistant

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// TestDiagnosisLanguage: every cause is told in the language of the names; in
// English the status tells it, more closely.
func TestDiagnosisLanguage(t *testing.T) {
	bridge := Bridge("p1")
	for _, l := range meter.Languages {
		for c := range diagnosis.NumCauses {
			st := meter.Status{Verdict: c.String(), Text: "the words of the status", Next: strings.Repeat("and its advice ", 30)}
			wantText, wantNext := c.Text(l), c.Next(l)
			if l == meter.English {
				wantText, wantNext = st.Text, st.Next
			}
			v := &View{Language: l, Lines: []Line{{Status: &st}}}
			var got struct {
				Text string
				Next string `json:"next_step"`
			}
			if err := json.Unmarshal(find(t, bridge, "problem_p1").Details(nil, v), &got); err != nil {
				t.Fatal(err)
			}
			if got.Text != wantText || got.Next != wantNext {
				t.Errorf("%s in %s: got %q, %q, want %q, %q", c, l, got.Text, got.Next, wantText, wantNext)
			}
			value, ok := find(t, bridge, "diagnosis_p1").Value(nil, v)
			var state string
			if err := json.Unmarshal(value, &state); err != nil || !ok || state != wantText || len([]rune(state)) > maxText {
				t.Errorf("%s in %s: the state is %s (%v), want %q", c, l, value, err, wantText)
			}
		}
	}
	long := &View{Language: meter.French, Lines: []Line{{Status: &meter.Status{Verdict: "no such cause", Text: strings.Repeat("é", 300)}}}}
	if value, _ := find(t, bridge, "diagnosis_p1").Value(nil, long); string(value) != `"`+strings.Repeat("é", maxText)+`"` {
		t.Errorf("a long text becomes %s", value)
	}
}
