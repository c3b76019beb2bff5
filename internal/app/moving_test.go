package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/testkit"
)

// seedFields are the fields of the JSON sample in smartmeter2mqtt's document
// that its raw sample gives, in the order of that document.
var seedFields = []string{
	"header", "p1Version", "powerTs", "powerSn", "totalT1Use", "totalT2Use", "totalT1Delivered", "totalT2Delivered", "currentTarrif",
	"currentUsage", "currentDelivery", "powerFailures", "longPowerFailures", "voltageSagsL1", "voltageSwellsL1", "currentL1", "currentUsageL1",
	"currentDeliveryL1", "deviceType", "gasSn", "gas", "calculatedUsage", "solarProduction", "houseUsage",
}

// keys lists the names of a JSON object in order.
func keys(t *testing.T, object string) (names []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatalf("%v: %s", err, object)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
	}
	return names
}

// TestMovingFromSmartmeter2mqtt runs the set-ups that smartmeter2mqtt
// documents, as variables and as the file of its beta, and looks for all that
// it documents of its outputs. The deliberate differences stand in DOCS.md.
func TestMovingFromSmartmeter2mqtt(t *testing.T) {
	type surroundings struct{ meter, broker, inverter, hook string }
	for _, test := range []struct {
		name      string
		variables func(s surroundings) []string
		file      func(s surroundings) string
	}{
		{name: "variables", variables: func(s surroundings) []string {
			return []string{
				"socket=" + s.meter, "web-server=127.0.0.1:0", "mqtt-url=mqtt://" + s.broker, "mqtt-topic=smartmeter", "mqtt-distinct=true",
				"mqtt-distinct-fields=currentUsage,currentDelivery,gas", "mqtt-discovery=true", "mqtt-discovery-prefix=homeassistant",
				"post-url=" + s.hook, "post-interval=300", "post-json=true", "sunspec-modbus=" + host(s.inverter), "sunspec-modbus-port=" + port(s.inverter), "sunspec-interval=1000",
			}
		}},
		{name: "the beta's file", variables: func(surroundings) []string { return []string{"WEB_SERVER=127.0.0.1:0"} }, file: func(s surroundings) string {
			return `{"socket":"` + s.meter + `","outputs":{"mqtt":{"url":"mqtt://` + s.broker + `","prefix":"smartmeter","discovery":true,"discoveryPrefix":"homeassistant",
				"distinct":true,"distinctFields":["currentUsage","currentDelivery","gas"]},"post":{"url":"` + s.hook + `","interval":300,"json":true}},
				"solar":{"host":"` + host(s.inverter) + `","port":` + port(s.inverter) + `,"interval":1000}}`
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			posted := make(chan string, 1)
			hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				posted <- r.Header.Get("Content-Type") + " " + string(body)
			}))
			defer hook.Close()
			meter, broker, inverter := newLine(t), newBroker(t, testkit.Addr(t)), testkit.FreeAddr(t)
			defer startInverter(t, inverter)()
			s := surroundings{meter.listener.Addr().String(), broker.addr, inverter, hook.URL}
			variables := test.variables(s)
			if test.file != nil {
				file := filepath.Join(t.TempDir(), "options.json")
				if err := os.WriteFile(file, []byte(test.file(s)), 0o600); err != nil {
					t.Fatal(err)
				}
				variables = append(variables, "OPTIONS="+file)
			}
			p := startAs(t, manner{warned: true}, variables...)
			lines, raw := p.dial("json"), p.dial("raw")
			conn := meter.accept()
			waitFor(t, "clients and the inverter", func() bool {
				return p.log.Count("client connected") == 2 && p.log.Count("the solar inverter answers") == 1
			})
			broker.wait("smartmeter/connected", "1") // what is not retained would be missed

			// Sockets: one object a line, \r\n; the raw bytes as they come.
			sample := seed(t)
			write(t, conn, sample)
			if got := raw.bytes(len(sample)); got != sample {
				t.Errorf("raw socket: %s", cmp.Diff(sample, got))
			}
			line := lines.line()
			if !strings.HasSuffix(line, "}\r\n") {
				t.Errorf("the line ends in %q", line[max(len(line)-3, 0):])
			}
			reading := strings.TrimSuffix(line, "\r\n")
			got := keys(t, reading)
			if got[0] == "crc" {
				got = got[1:]
			}
			if len(got) < len(seedFields) {
				t.Fatalf("got %q", got)
			}
			if diff := cmp.Diff(seedFields, got[:len(seedFields)]); diff != "" {
				t.Errorf("fields of the document: -want +got:\n%s", diff)
			}

			// MQTT
			if got := broker.wait("smartmeter/status/energy", "{"); got != reading {
				t.Errorf("status/energy: got %s, want the line of the socket", got)
			}
			broker.wait("smartmeter/connected", "2")
			if diff := cmp.Diff([]string{"previousUsage", "relative", "message", "val", "tc"}, keys(t, broker.wait("smartmeter/status/usage", "{"))); diff != "" {
				t.Errorf("status/usage: -want +got:\n%s", diff)
			}
			for topic, want := range map[string]string{
				"currentUsage": `"val":0.329}`, "currentDelivery": `"val":0}`, "gas": `"val":{"ts":"2019-05-14T21:00:00","totalUse":1543.012}}`,
			} {
				broker.wait("smartmeter/status/"+topic, want)
			}
			solar := broker.wait("smartmeter/status/solar", "{")
			for _, name := range []string{"manufacturer", "model", "version", "serial", "did", "lifetimeProduction", "temperature", "status", "acTotalCurrent", "acPower", "acFrequency"} {
				if !strings.Contains(solar, `"`+name+`":`) {
					t.Errorf("status/solar: %s is missing in %s", name, solar)
				}
			}
			broker.wait("homeassistant/device/smartmeter_p1/config", "energy_import_tariff_1")

			// Post
			if got, want := <-posted, `application/json {"powerTs":"2019-05-14T21:36:20","totalT1Use":2000.123,"totalT1Delivered":1000.456,"totalT2Use":1000.456,`+
				`"gas_totalUse":1543.012,"gas_ts":"2019-05-14T21:00:00"}`; got != want {
				t.Errorf("posted %s, want %s", got, want)
			}

			// HTTP
			p.dial("page")
			p.mu.Lock()
			base := "http://" + p.addresses["page"]
			p.mu.Unlock()
			for path, want := range map[string]string{"/api/reading": reading, "/api/solar": `"acPower":`, "/": "<html"} {
				answer, err := http.Get(base + path)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
					t.Errorf("%s: got %s, %v: %.200s", path, answer.Status, err, body)
				}
			}
		})
	}
}

func host(addr string) string { return addr[:strings.LastIndexByte(addr, ':')] }

func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }
