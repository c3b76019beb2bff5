package dlms_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dlms"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
)

// part is what a frame carries, and when it comes.
type part struct {
	payload string // hexadecimal
	part    frame.Part
	after   time.Duration // since the part before
	want    string        // the message that it completes
}

var (
	more  = frame.Part{Number: -1, More: true, Split: true}
	last  = frame.Part{Number: -1, Split: true}
	other = frame.Part{Number: -1, Split: true, Sender: 7}
)

func mbus(number int, more bool) frame.Part {
	return frame.Part{Number: number, More: more, Split: true}
}

func TestJoiner(t *testing.T) {
	block := func(control, number, octets string) string {
		return "E0" + control + "00" + number + "0000" + "02" + octets
	}
	for name, parts := range map[string][]part{
		"no framing":                       {{"0F01", frame.Part{}, 0, "0F01"}},
		"one frame":                        {{"E6E7000F01", last, 0, "0F01"}},
		"segments":                         {{"E6E7000F01", more, 0, ""}, {"02", more, 0, ""}, {"03", last, 0, "0F010203"}},
		"a message interrupted by another": {{"E6E7000F01", more, 0, ""}, {"E6E7000F09", last, 0, "0F09"}},
		"the first segment is missing":     {{"02", more, 0, ""}, {"03", last, 0, "03"}}, // which is no message
		"a segment of another meter":       {{"E6E7000F01", more, 0, ""}, {"02", other, 0, "02"}, {"03", last, 0, "03"}},
		"a segment of the next message":    {{"E6E7000F01", more, 0, ""}, {"03", last, 10 * time.Second, "03"}},

		"segments without LLC header":      {{"0F01", more, 0, ""}, {"02", more, 0, ""}, {"03", last, 0, "0F010203"}},
		"segments with an LLC header each": {{"E6E7000F01", more, 0, ""}, {"E6E70002", more, 0, ""}, {"E6E70003", last, 0, "0F010203"}},
		"the LLC header of a command":      {{"E6E6000F01", more, 0, ""}, {"02", last, 0, "0F0102"}},
		"a block in segments":              {{"E0C00001000003", more, 0, ""}, {"0F0102", last, 0, "0F0102"}},
		"M-Bus":                            {{"0F01", mbus(0, true), 0, ""}, {"02", mbus(1, false), 0, "0F0102"}},
		"M-Bus, whole but not marked": {{"DB0853494D0000000001" + "21" + "2000000001" + strings.Repeat("00", 28), mbus(0, true), 0,
			"DB0853494D0000000001" + "21" + "2000000001" + strings.Repeat("00", 28)}},
		"M-Bus, alone":                {{"0F01", mbus(0, false), 0, "0F01"}},
		"M-Bus, the second alone":     {{"02", mbus(1, false), 0, ""}},
		"M-Bus, one is missing":       {{"0F01", mbus(0, true), 0, ""}, {"03", mbus(2, false), 0, ""}},
		"M-Bus, the first one twice":  {{"0F01", mbus(0, true), 0, ""}, {"0F09", mbus(0, true), 0, ""}, {"02", mbus(1, false), 0, "0F0902"}},
		"M-Bus, the second one twice": {{"0F01", mbus(0, true), 0, ""}, {"02", mbus(1, false), 0, "0F0102"}, {"02", mbus(1, false), 0, ""}},

		"blocks":             {{"E6E700" + block("40", "01", "0F01"), last, 0, ""}, {block("40", "02", "0203"), last, 0, ""}, {block("C0", "03", "0405"), last, 0, "0F0102030405"}},
		"one block":          {{"E6E700" + block("C0", "01", "0F01"), last, 0, "0F01"}},
		"a block is missing": {{block("40", "01", "0F01"), last, 0, ""}, {block("C0", "03", "0405"), last, 0, ""}},
		"a block came twice": {{block("40", "01", "0F01"), last, 0, ""}, {block("40", "01", "0F01"), last, 0, ""}, {block("C0", "02", "0203"), last, 0, "0F010203"}},
		"a block came twice, and was changed": {{block("40", "01", "0F01"), last, 0, ""}, {block("40", "02", "0203"), last, 0, ""},
			{block("40", "02", "0209"), last, 0, ""}, {block("C0", "03", "0405"), last, 0, ""}},
		"the end of one message, then another": {{block("C0", "03", "0405"), last, 0, ""}, {block("40", "01", "0F01"), last, 0, ""}, {block("C0", "02", "0203"), last, 0, "0F010203"}},
		"blocks of two messages":               {{block("40", "01", "0F01"), last, 0, ""}, {block("C0", "02", "0203"), last, 10 * time.Second, ""}},
		"a block of another meter":             {{block("40", "01", "0F01"), last, 0, ""}, {block("C0", "02", "0203"), other, 0, ""}},
		"a block whose length lies":            {{"E0C000010000050F01", last, 0, ""}},
		"a block without an octet":             {{"E0C00001", last, 0, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			var j dlms.Joiner
			var stream []byte
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			for i, p := range parts {
				at = at.Add(p.after)
				j.At = len(stream)
				stream = append(stream, octets(t, p.payload)...)
				got := j.Add(octets(t, p.payload), p.part, at)
				if !bytes.Equal(got, octets(t, p.want)) {
					t.Errorf("part %d completes % X, want %s", i, got, p.want)
				}
				var there []byte
				for _, s := range j.Spans() {
					there = append(there, stream[s.At:s.At+s.Size]...)
				}
				if got != nil && !bytes.Equal(there, got) {
					t.Errorf("part %d: % X stand at %v, want % X", i, there, j.Spans(), got)
				}
			}
		})
	}
}

// TestJoinerIsBounded adds parts without end.
func TestJoinerIsBounded(t *testing.T) {
	var j dlms.Joiner
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	j.Add(octets(t, "E6E7000F"), more, at)
	payload := make([]byte, 2000)
	for range 100 {
		j.Add(payload, more, at)
	}
	if got := j.Add(payload, last, at); len(got) > 2000 {
		t.Errorf("a message of %d octets", len(got))
	}
}
