//go:build emulate

package emulate_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// found is what python-zeroconf finds.
type found struct {
	What, Type, Server string
	Addresses          []string
	Port               int
	Text               map[string]string
}

// TestFound: the services of all kinds are found where they are, with the text
// that clients want to see, and seen to leave.
func TestFound(t *testing.T) {
	p := start(t, time.Second, shelly, "EMULATE_0_PORT=HOST:8082", "EMULATE_1_KIND=homewizard", "EMULATE_1_PORT=HOST:8081",
		"EMULATE_2_KIND=ecotracker", "EMULATE_2_PORT=HOST:8083")
	serials := p.serials()
	pro3em, p1 := "shellypro3em-"+serials["shelly_pro_3em"], "p1meter-"+strings.ToUpper(serials["homewizard"][6:])
	tracker := "ecotracker-" + serials["ecotracker"]
	want := []found{
		{"add", "_everhome._tcp", tracker + ".local.", []string{p.host}, 8083, map[string]string{
			"serial": serials["ecotracker"], "productid": "1137", "ip": p.host}},
		{"add", "_http._tcp", pro3em + ".local.", []string{p.host}, 8082, map[string]string{"gen": "2", "app": "Pro3EM"}},
		{"add", "_hwenergy._tcp", p1 + ".local.", []string{p.host}, 8081, map[string]string{
			"api_enabled": "1", "path": "/api/v1", "serial": serials["homewizard"], "product_name": "P1 Meter", "product_type": "HWE-P1"}},
		{"add", "_shelly._tcp", pro3em + ".local.", []string{p.host}, 8082, map[string]string{"gen": "2", "app": "Pro3EM", "ver": "1.4.4"}},
	}
	list := python(t, "find.py", strings.Join([]string{pro3em, p1, tracker}, ","), "_shelly._tcp", "_http._tcp", "_hwenergy._tcp", "_everhome._tcp")
	var got []found
	for range want {
		got = append(got, next[found](t, list))
	}
	slices.SortFunc(got, func(a, b found) int { return strings.Compare(a.Type, b.Type) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	p.stop()
	for range want {
		if s := next[found](t, list); s.What != "remove" {
			t.Errorf("after the end: %+v", s)
		}
	}
}

// serials returns those of the emulated meters, by their kinds.
func (p *program) serials() map[string]string {
	p.t.Helper()
	answer, err := http.Get("http://" + p.host + ":8080/api/status")
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	var status struct {
		Emulated []struct{ Kind, Serial string }
	}
	if err := json.Unmarshal(body, &status); err != nil || len(status.Emulated) == 0 {
		p.t.Fatalf("%v: %s", err, body)
	}
	serials := make(map[string]string)
	for _, e := range status.Emulated {
		serials[e.Kind] = e.Serial
	}
	return serials
}
