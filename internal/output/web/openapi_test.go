package web_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/explain"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/output/web"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

var rewrite = flag.Bool("update", false, "write the tables of docs/openapi.yaml and the golden files anew")

const description = "../../../docs/openapi.yaml"

// quantities are the members of a reading that are rows of a table.
func quantities() (list []string) {
	at := make(map[string]int) // three quantities are a limit
	for _, q := range meter.Quantities {
		help := q.Help()
		if q.Unit != meter.UnitNone {
			help += ", " + q.Unit.String()
		}
		if i, ok := at[q.JSON]; ok {
			list[i] = strings.TrimSuffix(list[i], "\"}\n") + "; or " + help + "\"}\n"
		} else if q.JSON != "" {
			at[q.JSON] = len(list)
			list = append(list, fmt.Sprintf("        %s: {type: number, description: %q}\n", q.JSON, help))
		}
		if q.Traits.Alias != "" {
			list = append(list, fmt.Sprintf("        %s: {type: number, description: %q}\n", q.Traits.Alias,
				"the same as "+q.JSON+", by the name that smartmeter2mqtt's beta had; where the meter itself reports it"))
		}
	}
	return list
}

func solarQuantities() (list []string) {
	for _, q := range meter.SolarQuantities {
		what := q.What
		if q.Phase > 0 {
			what += fmt.Sprintf(", L%d", q.Phase)
		}
		list = append(list, fmt.Sprintf("        %s: {type: number, description: \"%s, %s\"}\n", q.JSON, what, q.Unit))
	}
	return list
}

// TestOpenAPITables holds the description against the code's tables. With
// -update it writes them.
func TestOpenAPITables(t *testing.T) {
	old, err := os.ReadFile(description)
	if err != nil {
		t.Fatal(err)
	}
	text := string(old)
	for name, lines := range map[string][]string{"quantities": quantities(), "inverter": solarQuantities()} {
		section := regexp.MustCompile(`(?s)( *# ` + name + `:[^\n]*\n).*?( *# end of ` + name + `\n)`)
		if !section.MatchString(text) {
			t.Fatalf("no section %s", name)
		}
		parts := section.FindStringSubmatch(text)
		text = strings.Replace(text, parts[0], parts[1]+strings.Join(lines, "")+parts[2], 1)
	}
	if *rewrite {
		if err := os.WriteFile(description, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(old, []byte(text)) {
		t.Errorf("%s is stale: go test ./internal/output/web -run OpenAPI -update", description)
	}
}

// openAPI is the description, as far as the test looks into it.
type openAPI struct {
	Paths      map[string]map[string]operation
	Components struct {
		Responses map[string]response
		Schemas   map[string]any
	}

	compiler *jsonschema.Compiler
}

type operation struct {
	OperationID string `yaml:"operationId"`
	Summary     string
	Responses   map[string]response
}

type response struct {
	Ref     string `yaml:"$ref"`
	Content map[string]struct {
		Schema map[string]any
	}
}

func readOpenAPI(t *testing.T) *openAPI {
	t.Helper()
	text, err := os.ReadFile(description)
	if err != nil {
		t.Fatal(err)
	}
	doc := new(openAPI)
	var whole any
	if err := yaml.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, doc); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	resource, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	doc.compiler = jsonschema.NewCompiler()
	doc.compiler.DefaultDraft(jsonschema.Draft2020) // which OpenAPI 3.1 is
	doc.compiler.AssertFormat()
	if err := doc.compiler.AddResource("api.json", resource); err != nil {
		t.Fatal(err)
	}
	return doc
}

// check tells whether the text is what the schema at the pointer says.
func (doc *openAPI) check(t *testing.T, pointer, what, text string) {
	t.Helper()
	schema, err := doc.compiler.Compile("api.json#" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Errorf("%s: %v: %s", what, err, text)
		return
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s is not what docs/openapi.yaml says: %v", what, err)
	}
}

// answered checks an answer of the server.
func (doc *openAPI) answered(t *testing.T, path string, a answer) {
	t.Helper()
	what := fmt.Sprintf("GET %s: %d", path, a.StatusCode)
	address, _, _ := strings.Cut(path, "?")
	code := fmt.Sprint(a.StatusCode)
	at := doc.Paths[address]["get"].Responses[code]
	pointer := "/paths/" + strings.ReplaceAll(address, "/", "~1") + "/get/responses/" + code
	if at.Ref != "" {
		pointer = strings.TrimPrefix(at.Ref, "#")
		at = doc.Components.Responses[filepath.Base(at.Ref)]
	}
	kind := a.Header.Get("Content-Type")
	if _, ok := at.Content[kind]; !ok {
		t.Errorf("%s %s is not in docs/openapi.yaml", what, kind)
		return
	}
	if kind == "application/json" {
		doc.check(t, pointer+"/content/application~1json/schema", what, a.body)
	}
}

// Every address of the server is described, every described one is there, and
// what it answers in every state is as described.
func TestOpenAPI(t *testing.T) {
	doc := readOpenAPI(t)
	if diff := cmp.Diff(web.Paths(), slices.Sorted(maps.Keys(doc.Paths))); diff != "" {
		t.Fatalf("addresses (-server +docs/openapi.yaml):\n%s", diff)
	}
	var operations []string
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if method != "get" || op.OperationID == "" || op.Summary == "" || slices.Contains(operations, op.OperationID) {
				t.Errorf("%s %s: %+v", method, path, op)
			}
			operations = append(operations, op.OperationID)
		}
	}
	w := newWorld()
	sun := new(meter.Solar)
	for _, o := range []web.Options{{Page: true}, {}} {
		t.Run(fmt.Sprintf("page %v, nothing yet", o.Page), func(t *testing.T) {
			s := serve(t, newWorld(), o)
			for path := range doc.Paths {
				if path != "/api/events" {
					doc.answered(t, path, s.get(t, path))
				}
			}
			doc.answered(t, "/api/telegram?decoded", s.get(t, "/api/telegram?decoded"))
		})
	}
	t.Run("all there", func(t *testing.T) {
		w.Solar = func(time.Time) (*meter.Solar, bool) { return sun, true }
		sun.Received, sun.Status, sun.Manufacturer = time.Now(), 4, "Sun"
		for q := range meter.NumSolarQuantities {
			sun.Set(q, meter.NewValue(int64(q), 1))
		}
		w.text = "/ISK5TEST\r\n\r\n1-0:1.8.0(000001.000*kWh)\r\n9-9:9.9.9()\r\n0-0:1.0.0(260203050506W)\r\n!\r\n"
		w.Explain = func(meter.Language) ([]byte, bool) {
			telegram, _ := explain.Text([]byte(w.text), false, time.Now())
			text, err := json.Marshal(telegram)
			return text, err == nil
		}
		w.board.Output("mqtt").Failed(errDead)
		w.board.Emulated(func(time.Time) status.Emulated { return asked })
		w.board.Emulated(func(time.Time) status.Emulated {
			return status.Emulated{Name: "ecotracker_p1", Clients: []status.Asker{}}
		})
		s := serve(t, w, page)
		w.publish(t, time.Now(), "1-0:1.8.0(000001.000*kWh)", "1-0:1.7.0(01.000*kW)", "0-1:24.1.0(003)", "0-1:24.2.1(260203050000W)(00012.345*m3)")
		await(t, "the history has it", func() bool { return strings.Contains(s.get(t, "/api/history").body, "today") })
		for path := range doc.Paths {
			if path != "/api/events" {
				doc.answered(t, path, s.get(t, path))
			}
		}
		doc.answered(t, "/api/telegram?decoded", s.get(t, "/api/telegram?decoded"))
		doc.check(t, "/components/schemas/Reading", "event reading", s.listen(t).next("reading").data)
		doc.check(t, "/components/schemas/Status", "event status", s.listen(t).next("status").data)
		w.Samples.Publish(sun)
		doc.check(t, "/components/schemas/Solar", "event solar", s.listen(t).next("solar").data)
	})
	t.Run("not alive", func(t *testing.T) {
		w := newWorld()
		w.dead, w.lost = errDead, errDead
		doc.answered(t, "/api/capture", serve(t, w, page).get(t, "/api/capture"))
		doc.answered(t, "/healthz", serve(t, w, page).get(t, "/healthz"))
	})
	t.Run("too many streams", func(t *testing.T) {
		s := serve(t, newWorld(), page)
		for range 50 {
			s.listen(t)
		}
		a := s.get(t, "/api/events")
		if a.StatusCode != http.StatusServiceUnavailable {
			t.Fatal(a.Status)
		}
		doc.answered(t, "/api/events", a)
	})
}

// Every telegram that we have gives a reading and an explanation as described.
func TestOpenAPIReadings(t *testing.T) {
	doc := readOpenAPI(t)
	names, err := filepath.Glob("../../dsmr/testdata/telegrams/*")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d telegrams, %v", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		reader := decode.NewReader(decode.Options{Lax: true})
		reader.Reset(bytes.NewReader(text))
		for m, more := reader.Next(); more; m, more = reader.Next() {
			explained, err := json.Marshal(explain.Of(m, m.Err))
			if err != nil {
				t.Fatal(err)
			}
			doc.check(t, "/components/schemas/Reading", name, string(m.Reading.AppendJSON(nil, time.UTC)))
			doc.check(t, "/components/schemas/Telegram", name, string(explained))
		}
	}
}
