package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/web"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// asked is an emulated meter that two clients ask.
var asked = func() status.Emulated {
	told := meter.NewValue(-3125, 1)
	last := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	return status.Emulated{
		Name: "homewizard_p1", Kind: "homewizard", Meter: "p1", Serial: "02abcdef0123", Offset: -500, Fresh: true,
		Clients: []status.Asker{
			{Client: "192.168.1.7 (evcc)", What: "/api/v1/data", Power: &told, Age: 0.25, Count: 7, Last: last},
			{Client: "192.168.1.8", What: "GET /x", Why: "there is nothing at this address", Refused: 1, Last: last.Add(-time.Hour)},
		},
	}
}()

// TestEmulated: the page shows who asks, a port without a password does not.
func TestEmulated(t *testing.T) {
	w := newWorld()
	w.board.Emulated(func(time.Time) status.Emulated { return asked })
	onPage := serve(t, w, page).get(t, "/api/status").body
	const all = `"emulated":[{"name":"homewizard_p1","kind":"homewizard","meter":"p1","serial":"02abcdef0123","offset":-500,"fresh":true,"clients":[` +
		`{"client":"192.168.1.7 (evcc)","what":"/api/v1/data","power":-312.5,"age":0.25,"count":7,"refused":0,"last":"2026-02-03T04:05:06Z"},` +
		`{"client":"192.168.1.8","what":"GET /x","age":0,"why":"there is nothing at this address","count":0,"refused":1,"last":"2026-02-03T03:05:06Z"}]}]`
	if !strings.Contains(onPage, all) {
		t.Errorf("the page is told %s, want %s", onPage, all)
	}
	public := w.board.Snapshot(time.Now()).Public().Emulated
	if len(public) != 1 || len(public[0].Clients) != 2 || public[0].Clients[0].Client != "client 1" ||
		public[0].Clients[1].Client != "client 2" || public[0].Clients[0].Count != 7 {
		t.Errorf("everybody is told %+v", public)
	}
	if asked.Clients[0].Client != "192.168.1.7 (evcc)" {
		t.Error("what is shown in public was changed in place")
	}

	var got []string
	for _, line := range values(serve(t, w, web.Options{}).get(t, "/metrics").body) {
		if strings.HasPrefix(line, "smartmeter_emulated") {
			got = append(got, line)
		}
	}
	want := []string{
		`smartmeter_emulated_fresh{name="homewizard_p1",kind="homewizard"} 1`,
		`smartmeter_emulated_offset_watts{name="homewizard_p1",kind="homewizard"} -500`,
		`smartmeter_emulated_clients{name="homewizard_p1",kind="homewizard"} 2`,
		`smartmeter_emulated_last_question_timestamp_seconds{name="homewizard_p1",kind="homewizard"} 1770091506`,
		`smartmeter_emulated_told_age_seconds{name="homewizard_p1",kind="homewizard"} 0.25`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if text := serve(t, newWorld(), web.Options{}).get(t, "/metrics").body; strings.Contains(text, "emulated") {
		t.Errorf("without emulated meters:\n%s", text)
	}
}
