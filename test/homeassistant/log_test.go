//go:build homeassistant

package homeassistant_test

import (
	"bufio"
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	// complaint is a line of Core's log that a user would see.
	complaint = regexp.MustCompile(`^\S+ \S+ (WARNING|ERROR|CRITICAL) \(.*?\) \[(.*?)\]`)

	// aboutUs are parts of Core that have to do with what we announce: a
	// complaint of theirs is about us.
	aboutUs = regexp.MustCompile(`^homeassistant\.(components\.(mqtt|sensor|binary_sensor|recorder|energy|dsmr|edl21)|helpers\.(entity|template|device_registry|translation))\b`)

	// named is something of ours, wherever it is complained of.
	named = regexp.MustCompile(`(?i)smartmeter|value_json|homeassistant/device`)

	// expected are complaints about what the test does, or about how busy the
	// machine is. When a user deletes a device, Core empties its announcement
	// once for each entity and then finds it empty.
	expected = regexp.MustCompile(`Disconnected from MQTT server|Error returned from MQTT server|Failed to connect to MQTT server|Unable to connect to the MQTT broker|Updating state for .* took .* seconds` +
		`|Cannot (migrate history for entity_id|rename statistic_id) .* already in use` +
		`|No device components to cleanup`)
)

// readLog looks through all that Core logged, over all of its starts, and
// through its repairs, for complaints about us. The others are shown.
func readLog(t *testing.T, h *house) {
	file, err := os.Open(h.core.log)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20) // a payload may be quoted
	seen := make(map[string]int)
	for lines.Scan() {
		line := lines.Text()
		match := complaint.FindStringSubmatch(line)
		switch {
		case match == nil || expected.MatchString(line):
		case aboutUs.MatchString(match[2]) || named.MatchString(line) || h.names(line):
			t.Errorf("Core complains: %s", line)
		default:
			seen[strings.TrimPrefix(line, strings.Join(strings.Fields(line)[:2], " "))]++
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	var repairs struct {
		Issues []struct {
			Domain string `json:"domain"`
			ID     string `json:"issue_id"`
		} `json:"issues"`
	}
	h.core.api.call(t, "repairs/list_issues", nil, &repairs)
	for _, issue := range repairs.Issues {
		if aboutUs.MatchString("homeassistant.components."+issue.Domain) || h.names(issue.ID) {
			t.Errorf("Core wants repaired: %s: %s", issue.Domain, issue.ID)
			continue
		}
		seen[" repair of "+issue.Domain+": "+issue.ID]++
	}
	for line, times := range seen {
		t.Logf("%d times, not about us:%s", times, line)
	}
}

// names tells whether the line names an entity of ours.
func (h *house) names(line string) bool {
	for _, m := range h.meters {
		if strings.Contains(line, "sensor."+m.slot+"_") {
			return true
		}
	}
	return false
}
