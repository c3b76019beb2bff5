package dsmr_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/derive"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// parse reads the one telegram of text.
func parse(t testing.TB, text string) (*meter.Reading, error) {
	t.Helper()
	s := frame.NewScanner(strings.NewReader(text))
	if !s.Scan() {
		t.Fatalf("no telegram in %q", text)
	}
	return new(dsmr.Parser).Parse(s.Frame().Telegram, time.Time{})
}

var amsterdam = time.FixedZone("CET", 3600)

func load(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/telegrams/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// signed ends a telegram with its checksum.
func signed(text string) string {
	body := strings.ReplaceAll(text, "\n", "\r\n") + "!"
	return fmt.Sprintf("%s%04X\r\n", body, frame.Checksum([]byte(body)))
}

const small = "/ISK5\\2M550T-1012\n\n1-3:0.2.8(50)\n1-0:1.7.0(00.111*kW)\n"

// parity is how 7E1 looks to who reads 8N1.
func parity(text string) string { return string(simulate.EvenParity([]byte(text))) }

// wrongParity has one parity bit wrong, behind the identification.
func wrongParity(text string) string {
	p := []byte(parity(text))
	p[len(p)-20] ^= 0x80
	return string(p)
}

// reading is the JSON of a telegram that holds these lines, without what all
// of them have.
func reading(t testing.TB, lines string) string {
	t.Helper()
	r, err := parse(t, signed("/A\n\n"+lines+"\n"))
	if err != nil {
		t.Fatalf("%s: %v", lines, err)
	}
	return strings.TrimPrefix(strings.TrimPrefix(string(r.AppendJSON(nil, amsterdam)), `{"crc":true,"header":"A"`), ",")
}

// TestObjects is one row a kind of line, as meters print it and as damage or
// age make it.
func TestObjects(t *testing.T) {
	for _, test := range []struct{ lines, want string }{
		// Numbers: DSMR 5.0.2 section 6.4, and what else meters print.
		{"1-0:1.8.1(002000.123*kWh)", `"totalT1Use":2000.123}`},
		{"1-0:1.8.1(000326641*Wh)", `"totalT1Use":326.641}`},
		{"1-0:1.8.0(00032549.5061662*kWh)", `"totalUse":32549.5061662,"totalImportedEnergyP":32549.5061662}`},
		{"1-0:1.8.0*255(00001.500*kWh)", `"totalUse":1.5,"totalImportedEnergyP":1.5}`},
		{"1-0:1.8.0.255(00001.500*kWh)", `"totalUse":1.5,"totalImportedEnergyP":1.5}`},
		{"1-1:1.8.1*62(000001.000*kWh)\n1-1:1.8.1(000025.600*kWh)", `"totalT1Use":25.6}`}, // history is not now
		{"1-0:1.7.0(00.100*kW)(1)", `"currentUsage":0.1}`},
		{"1-0:1.7.0(00.100*kW)x", `}`},
		{"1-1:1.8.0(00000001.021*kWh)", `"totalUse":1.021,"totalImportedEnergyP":1.021}`},
		{"1.8.0(00000001.021*kWh)", `"totalUse":1.021,"totalImportedEnergyP":1.021}`},
		{"1-0:1.8.0(1.021*MWh)", `"totalUse":1021,"totalImportedEnergyP":1021}`},
		{"1-0:1.8.0(00007137.694*kWh )", `"totalUse":7137.694,"totalImportedEnergyP":7137.694}`},
		{"1-0:32.7.0(221.2V)", `"voltageL1":221.2}`},
		{"1-0:32.7.0(0.2301*kV)", `"voltageL1":230.1}`},
		{"1-0:31.7.0(791*mA)", `"currentL1":0.791}`},
		{"1-0:14.7.0(0000.049*kHz)", `"frequency":49}`},
		{"1-0:3.7.0(0000.022*kVAr)", `"currentReactiveUse":0.022}`},
		{"1-0:4.7.0(00.007)", `"currentReactiveDelivery":0.007}`},
		// Net power alone is import or export by its sign.
		{"1-0:16.7.0(-03.618*kW)", `"currentUsage":0,"currentDelivery":3.618,"currentSigned":-3.618}`},
		{"1-0:16.7.0(000401*W)\n1-0:36.7.0(-000100*W)\n1-0:56.7.0(000501*W)\n1-0:76.7.0(000000*W)",
			`"currentUsage":0.401,"currentDelivery":0,"currentUsageL1":0,"currentUsageL2":0.501,"currentUsageL3":0,` +
				`"currentDeliveryL1":0.1,"currentDeliveryL2":0,"currentDeliveryL3":0,"currentSigned":0.401}`},
		{"1-0:16.7.0(-00.100*kW)\n1-0:1.7.0(00.000*kW)\n1-0:2.7.0(00.101*kW)", `"currentUsage":0,"currentDelivery":0.101,"currentSigned":-0.1}`},
		{"1-0:36.7.0(x*W)", `}`},
		{"1-0:13.7.0(-0.913)", `"powerFactor":-0.913}`},
		{"1-0:13.7.0(4.556)", `}`}, // Hungary
		{"1-0:13.7.0(-1.001)\n1-0:33.7.0(4556)\n1-0:53.7.0(1.000)\n1-0:73.7.0(-0913)", `"powerFactorL2":1,"powerFactorL3":-0.913}`},
		// Meters that people built.
		{"1-0:1.7.0(.335*kW)\n1-0:2.7.0(01.*kW)", `"currentUsage":0.335,"currentDelivery":1}`},
		{"1-0:1.8.1 (   0.000*kWh)\n1-0:1.8.2  (  12.5*kWh)", `"totalT1Use":0,"totalT2Use":12.5}`},
		{"1-0:16.7.0( -.5*kW)", `"currentUsage":0,"currentDelivery":0.5,"currentSigned":-0.5}`},
		{"1-0:1.7.0(.*kW)\n1-0:2.7.0(- 1*kW)\n1-0:1.8.1(   *kWh)", `}`},
		{"1-0:13.7.0(0913)", `"powerFactor":0.913}`},
		{"1-0:1.7.0(00.000*kW)", `"currentUsage":0}`},
		{"1-0:1.7.0(00.100*kW)\n1-0:1.7.0(00.200*kW)", `"currentUsage":0.1}`},
		{"  1-0:1.7.0(00.100*kW)  ", `"currentUsage":0.1}`},
		// Odd ones cost only themselves.
		{"1-0:1.7.0(00.100*kV)\n1-0:2.7.0(00.200*kW)", `"currentDelivery":0.2}`},
		{"1-0:1.7.0(%f*kW)\n1-0:2.7.0(00.200*kW)", `"currentDelivery":0.2}`},
		{"1-0:1.7.0(*kW)", `}`},
		{"1-0:1.7.0()", `}`},
		{"1-0:1.7.0(00.3", `}`},
		{"1-0:1.7.0(1234567890123456789.0*kW)", `}`},
		{"1-0:1.7.0(1.2.3*kW)", `}`},
		{"1,0:1.7.0(00.100*kW)", `}`},
		{"*kW)\nk0.000*kW)\n(lonely)\n1-0:2.7.0(00.200*kW)", `"currentDelivery":0.2}`},
		{"300-0:1.7.0(00.100*kW)\n9-9:9.9.9(1)\n1-0:1.7(1)\n:(1)\n((", `}`},
		// Two specifications print colons for points.
		{"1-0:99:97.0(1)(0-0:96.7.19)(230114121128W)(0000000324*s)", `"powerFailureLog":[{"ts":"2023-01-14T12:11:28","duration":324}]}`},
		{"1-0:72:32.0(00002)", `"voltageSagsL3":2}`},
		// Tariffs, switches, limits.
		{"0-0:96.14.0(0002)", `"currentTarrif":2}`},
		{"0-0:96.14.0(TARIFF 1)", `"currentTarrif":1}`},
		{"0-0:96.14.0()", `}`},
		{"0-0:96.3.10(2)", `"breaker":2,"breakerControlState":2}`},
		{"0-0:96.50.68(ON)", `"breaker":1,"breakerControlState":1}`},
		{"0-2:96.3.10(1)", `"breaker2":1}`},
		{"0-0:17.0.0(999.9*kW)", `"limiter":999.9}`},
		{"0-0:17.0.0(016*A)", `"limiter":16}`},
		{"0-0:17.0.0(069.0*kVA)", `"limiter":69}`},
		{"0-0:17.0.0(069.0*kVA)\n0-0:17.0.0(016*A)", `"limiter":69}`},
		{"1-1:31.4.0(100*A)(-100*A)", `"fuseL1":100}`},
		{"1-1:31.4.0(65.0*A,-65.0*A)", `"fuseL1":65}`},
		// Who and when.
		{"0-0:1.0.0(190514213620S)", `"powerTs":"2019-05-14T21:36:20","ts":"2019-05-14T21:36:20+02:00"}`},
		{"0-0:1.0.0(190514213620s)", `"powerTs":"2019-05-14T21:36:20","ts":"2019-05-14T21:36:20+02:00"}`},
		{"0-0:1.0.0(20240111 09:35:00)", `"powerTs":"2024-01-11T09:35:00","ts":"2024-01-11T09:35:00+01:00"}`},
		{"0-0:1.0.0(07EA080B0208151900007880)", `"powerTs":"2026-08-11T08:21:25","ts":"2026-08-11T08:21:25+02:00"}`},
		{"0-0:1.0.0(000101010000W)", `"powerTs":"2000-01-01T01:00:00","ts":"2000-01-01T01:00:00+01:00"}`},
		{"0-0:1.0.0(202056789012W)", `}`},
		{"0-0:1.0.0(220230101500W)", `}`},
		{"1-0:0.9.1(141530)\n1-0:0.9.2(241124)", `"powerTs":"2024-11-24T14:15:30","ts":"2024-11-24T14:15:30+01:00"}`},
		{"0-0:96.1.0(1234)\n0-0:96.1.1(4530)\n0-0:42.0.0(5678)", `"powerSn":"4530"}`},
		{"0-0:96.1.0(ER23)\n0-0:42.0.0(ISK103)", `"powerSn":"ISK103"}`},
		{"1-3:0.2.8(50)", `"p1Version":"50"}`},
		{"0-0:96.1.4(3231313130)", `"p1Version":"21110"}`},
		{"0-0:96.1.4(          )", `}`},
		// Meters on M-Bus, whichever channel.
		{"0-2:24.1.0(003)\n0-2:96.1.0(473xxx)\n0-2:24.2.1(190514210000S)(01543.012*m3)",
			`"deviceType":"003","gasSn":"473xxx","gas":{"ts":"2019-05-14T21:00:00","totalUse":1543.012}}`},
		{"0-1:24.1.0(007)\n0-1:24.2.1(210204163500W)(00112.384*m3)\n0-4:24.1.0(3)\n0-4:96.1.1(37)\n0-4:24.2.3(210204163501W)(00872.234*m3)",
			`"deviceType":"3","gasSn":"37","gas":{"ts":"2021-02-04T16:35:01","totalUse":872.234},"water":{"ts":"2021-02-04T16:35:00","totalUse":112.384}}`},
		{"0-1:24.1.0(3)\n0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\n(00024.123)", `"deviceType":"3","gas":{"ts":"2012-10-30T14:00:00","totalUse":24.123}}`},
		{"0-3:24.1.0(3)\n0-3:24.3.0(121030140000)(08)(60)(1)(0-1:24.2.1)(m3)(00024.123)", `"deviceType":"3","gas":{"ts":"2012-10-30T14:00:00","totalUse":24.123}}`},
		{"0-1:24.1.0(3)\n0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\n1-0:1.7.0(0.1*kW)\n(00024.123)", `"currentUsage":0.1,"deviceType":"3"}`},
		{"0-1:24.1.0(004)\n0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.3.0)(GJ)\n(00024.123)\n0-1:24.3.1(121030140000)(00)(60)(1)(0-1:24.3.1)(GJ)\n(00099.999)",
			`"deviceType":"004","heat":{"ts":"2012-10-30T14:00:00","totalUse":24.123,"unit":"GJ"}}`},
		{"0-1:24.1.0(012)\n0-1:24.2.1(211105211215W)(12.345*GJ)\n0-2:24.1.0(012)\n0-2:24.2.1(211105211220W)(45.678*m3)",
			`"deviceType":"012","heat":{"ts":"2021-11-05T21:12:15","totalUse":12.345,"unit":"GJ"}}`},
		{"0-1:24.1.0(012)\n0-1:24.2.1(211105211220W)(45.678*m3)", `"deviceType":"012","heat":{"ts":"2021-11-05T21:12:20","totalUse":45.678,"unit":"m3"}}`},
		{"0-1:24.1.0(012)\n0-1:24.2.1(211105211215W)(93.435*GJ)", `"deviceType":"012","heat":{"ts":"2021-11-05T21:12:15","totalUse":93.435,"unit":"GJ"}}`},
		{"0-1:24.1.0(004)\n0-1:24.2.1(211105211215W)(00093435*MJ)", `"deviceType":"004","heat":{"ts":"2021-11-05T21:12:15","totalUse":93.435,"unit":"GJ"}}`},
		{"0-1:24.1.0(003)\n0-1:24.2.3(632525252525W)(00000.000)", `"deviceType":"003"}`},
		{"0-1:24.1.0(003)\n0-1:24.2.1(700101010000W)(00000000)", `"deviceType":"003"}`},
		{"0-1:24.1.0(003)\n0-1:24.2.1(220924225855S)(*m3)", `"deviceType":"003"}`},
		{"0-1:24.1.0(003)\n0-1:24.2.1(220924225855S)(00012.5)", `"deviceType":"003","gas":{"ts":"2022-09-24T22:58:55","totalUse":12.5}}`},
		{"0-1:24.1.0(003)\n0-1:24.2.1(170101000000W)(09999.000*m3)\n0-2:24.1.0(003)\n0-2:24.2.1(200426223001S)(00246.138*m3)",
			`"deviceType":"003","gas":{"ts":"2020-04-26T22:30:01","totalUse":246.138}}`},
		{"0-1:24.1.0(003)\n0-1:24.2.1(000101010000W)(00000.000*m3)", `"deviceType":"003"}`},
		// Another unit than m3 is not gas's.
		{"0-1:24.1.0(003)\n0-1:24.2.1(220924225855S)(00012.5*kWh)", `"deviceType":"003"}`},
		{"0-1:24.1.0(003)\n0-1:24.2.1(220924225855S)(00012.5*m3)\n0-2:24.1.0(003)\n0-2:96.1.0(37)\n0-2:24.2.1(220924225856S)(00001.5*GJ)",
			`"deviceType":"003","gas":{"ts":"2022-09-24T22:58:55","totalUse":12.5}}`},
		// The one that does not print its type is gas, if no other is.
		{"0-2:96.1.0(37)\n0-2:24.2.1(161129200000W)(00981.443*m3)\n0-1:24.1.0(007)\n0-1:24.2.1(161129200000W)(00001.5*m3)",
			`"gasSn":"37","gas":{"ts":"2016-11-29T20:00:00","totalUse":981.443},"water":{"ts":"2016-11-29T20:00:00","totalUse":1.5}}`},
		{"0-2:24.2.1(161129200000W)(00981.443*m3)\n0-1:24.1.0(003)", `"deviceType":"003"}`},
		{"0-1:24.2.1(161129200000W)(00981.443*m3)\n0-2:24.2.1(161129200000W)(00001.5*m3)", `}`},
		{"0-1:24.2.1(161129200000W)(00981.443*GJ)", `}`},
		{"0-1:24.1.0(000)\n0-1:24.2.1(200426223001S)(00246.138*m3)", `}`},
		{"7-0:23.1.0*255(01238.740*m3)(19-01-01 00:00:00)\n7-0:23.1.0*255(01238.770*m3)(19-01-01 01:00:00)\n7-0:23.1.0*255(01237.560*m3)(18-12-31 14:00:00)",
			`"gas":{"ts":"2019-01-01T01:00:00","totalUse":1238.77}}`},
		// Peaks, failures, messages.
		{"1-0:1.6.0(240107190000W)(02.485*kW)", `"peakDemandMonth":{"ts":"2024-01-07T19:00:00","value":2.485}}`},
		{"1-0:1.6.0(08.832*kW)(260112223000)", `"peakDemandMonth":{"ts":"2026-01-12T22:30:00","value":8.832}}`},
		{"1-0:1.6.0(632525252525W)(00.000*kW)", `}`},
		{"0-0:98.1.0(3)(1-0:1.6.0)(1-0:1.6.0)(231101000000W)(231031120000W)(01.747*kW)(231201000000W)(632525252525W)(00.000*kW)",
			`"peakDemandHistory":[{"month":"2023-10","ts":"2023-10-31T12:00:00","value":1.747}]}`},
		{"0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(230201000000W)(230117224500W)(04.329*kW)(230301000000W)(2302", `"peakDemandHistory":[{"month":"2023-01","ts":"2023-01-17T22:45:00","value":4.329}]}`},
		{"0-0:98.1.0(12)", `}`},
		{"0-0:98.1.0(1)(1-0:1.6.0*255)(1-0:1.6.0*255)(231101000000W)(231031120000W)(01.747*kW)\n0-0:98.1.0()", `"peakDemandHistory":[{"month":"2023-10","ts":"2023-10-31T12:00:00","value":1.747}]}`},
		{"0-0:98.1.0(230801000000S)(000663.924*kWh)(12.212*kW)", `}`},
		{"1-0:99.97.0(1)(0-0:96.7.19)(000101000001W)(2147483647*s)", `}`},
		{"1-0:99.97.0()", `}`},
		// A clock that was never set (Landis+Gyr), and an end that is not known.
		{"1-0:99.97.0(2)(0-0:96.7.19)(000101010000W)(0000000232*s)(000101000001W)(0000000007*s)",
			`"powerFailureLog":[{"ts":"2000-01-01T01:00:00","duration":232},{"duration":7}]}`},
		{"0-0:96.13.0(48656C6C6F)", `"textMessage":"Hello"}`},
		{"0-0:96.13.1(3031)", `"messageCode":"01"}`},
		{"0-0:96.13.0(\xFF\xFF\xFF\xFF)", `}`},
		{"0-0:96.13.0(" + strings.Repeat("41", 20) + "\n" + strings.Repeat("42", 3) + ")", `"textMessage":"AAAAAAAAAAAAAAAAAAAABBB"}`},
		{"0-0:96.13.0(" + strings.Repeat("41", 20) + "\n1-0:1.7.0(00.100*kW)", `"currentUsage":0.1}`},
		{"0-0:96.13.0(\n4142)", `"textMessage":"AB"}`},
		{"0-0:96.13.0(" + strings.Repeat("41", 20), `}`},
	} {
		if diff := cmp.Diff(test.want, reading(t, test.lines)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.lines, diff)
		}
	}
}

// TestTrust is about telegrams that must give no reading, whatever they hold.
func TestTrust(t *testing.T) {
	const old = "/ISk5\\2MT382-1004\n\n0-0:96.1.1(00)\n1-0:1.8.1(00001.001*kWh)\n1-0:1.7.0(0001.01*kW)\n"
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"valid", signed(small), nil},
		{"invalid", strings.Replace(signed(small), "0.1", "0.2", 1), dsmr.ErrChecksum},
		{"no checksum in DSMR 2", old + "!\n", nil},
		{"no checksum in DSMR 5", small + "!\n", dsmr.ErrNoChecksum},
		{"parity bits", parity(old + "!\n"), nil},
		{"parity bits, one of them wrong", wrongParity(old + "!\n"), dsmr.ErrDamaged},
		{"a line was cut", strings.Replace(old, "kWh)", "", 1) + "!\n", dsmr.ErrDamaged},
		{"a register twice: half of one telegram, half of the next", old + "1-0:1.8.1(00001.002*kWh)\n!\n", dsmr.ErrDamaged},
		{"the rest of a line", old + "k0.000*kW)\n!\n", dsmr.ErrDamaged},
		{"the start of a line", old + "1-0:2.7.0\n!\n", dsmr.ErrDamaged},
		{"no text", strings.Replace(old, "k", "\x83", 1) + "!\n", dsmr.ErrDamaged},
		{"an odd line", old + "what is this\n1-0:2.7.0(%f*kW)\n!\n", nil},
		{"no name of the meter", "/\n0-1:24.4.0(1)\n!\n", dsmr.ErrDamaged},
		{"no object", "/x\n!\n", dsmr.ErrEmpty},
		{"no known object", "/x\n9-9:9.9.9(1)\n!\n", dsmr.ErrEmpty},
		{"no end", old, dsmr.ErrTruncated},
	} {
		if _, err := parse(t, test.text); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

// TestHungary: meters of Hungary announce DSMR 5 and three tariffs, as those of
// Israel do.
func TestHungary(t *testing.T) {
	for _, maker := range []string{"HLY", "AUX", "SAG", "WSE"} {
		r, err := parse(t, signed("/"+maker+"5dtsd545\n\n1-3:0.2.8(50)\n1-0:1.8.0(000006.000*kWh)\n1-0:1.8.1(000001.000*kWh)\n1-0:1.8.2(000002.000*kWh)\n1-0:1.8.3(000003.000*kWh)\n"))
		if err != nil || r.Standard != "E.ON, MVM" {
			t.Errorf("%s: got %q, %v", maker, r.Standard, err)
		}
	}
}

// TestGluedEnd is how Aidon prints the end mark.
func TestGluedEnd(t *testing.T) {
	r, err := parse(t, "/ADN9 6534\r\n1-0:71.7.0(0123.1*A)!\r\n")
	if v, ok := r.Values.Get(meter.CurrentL3); err != nil || !ok || v.String() != "123.1" {
		t.Errorf("got %s, %v, %v", v, ok, err)
	}
}

// TestLax is for meters whose checksums are known to be wrong: what is
// plausible is read, what is damaged is not.
func TestLax(t *testing.T) {
	wrong := strings.Replace(signed(small), "!", "!0", 1)
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"wrong checksum", wrong, nil},
		{"right checksum", signed(small), nil},
		{"no checksum", small + "!\n", nil},
		{"spliced", strings.Replace(wrong, "1-0:1.7.0(00.111", "1-0:1.7.0(00.1-0:2.7.0(0", 1), dsmr.ErrDamaged},
		{"no text", strings.Replace(wrong, "kW", "k\xFF", 1), dsmr.ErrDamaged},
		{"raw bytes in a message", strings.Replace(wrong, "1-0:1.7.0", "0-0:96.13.0(\xFF\xFF)\r\n1-0:1.7.0", 1), nil},
		{"a register twice", strings.Replace(wrong, "1-0:1.7.0", "1-0:1.7.0(00.222*kW)\r\n1-0:1.7.0", 1), dsmr.ErrDamaged},
	} {
		s := frame.NewScanner(strings.NewReader(test.text))
		if !s.Scan() {
			t.Fatal(test.name)
		}
		if _, err := (&dsmr.Parser{Lax: true}).Parse(s.Frame().Telegram, time.Time{}); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

// TestNotPadded: a meter that does not pad its numbers is not held to a width.
func TestNotPadded(t *testing.T) {
	p := new(dsmr.Parser)
	for _, power := range []string{"1.5", "12.25", "3", "100.125", "1.5"} {
		s := frame.NewScanner(strings.NewReader("/ISk5\\2MT382-1004\n\n1-0:1.8.1(9.9*kWh)\n1-0:1.7.0(" + power + "*kW)\n!\n"))
		if !s.Scan() {
			t.Fatal("no telegram")
		}
		if _, err := p.Parse(s.Frame().Telegram, time.Time{}); err != nil {
			t.Errorf("%s kW: %v", power, err)
		}
	}
}

// TestMissingChecksum: a meter that has sent checksums sends them always.
func TestMissingChecksum(t *testing.T) {
	const unknown = "/XYZ5 a meter of no known standard\n\n1-0:1.8.0(00001605.055*kWh)\n"
	s := frame.NewScanner(strings.NewReader(unknown + "!\n" + signed(unknown) + unknown + "!\n" + signed(unknown)))
	p := new(dsmr.Parser)
	for i, want := range []error{nil, nil, dsmr.ErrNoChecksum, nil} {
		if !s.Scan() {
			t.Fatal("too few telegrams")
		}
		if _, err := p.Parse(s.Frame().Telegram, time.Time{}); !errors.Is(err, want) {
			t.Errorf("telegram %d: got %v, want %v", i, err, want)
		}
	}
}

// TestLostDigit: without a checksum, a number that is shorter than it was is
// not believed, until the meter insists.
func TestLostDigit(t *testing.T) {
	const old = "/ISk5\\2MT382-1004\n\n1-0:1.8.1(12345.678*kWh)\n1-0:1.7.0(0001.01*kW)\n0-0:96.13.0()\n!\n"
	lost := strings.Replace(old, "12345", "1234", 1)
	s := frame.NewScanner(strings.NewReader(old + lost + old + old + strings.Replace(old, "()", "(3031)", 1) + lost + lost + lost))
	p := new(dsmr.Parser)
	for i, want := range []error{nil, dsmr.ErrDamaged, nil, nil, nil, dsmr.ErrDamaged, nil, nil} {
		if !s.Scan() {
			t.Fatal("too few telegrams")
		}
		if _, err := p.Parse(s.Frame().Telegram, time.Time{}); !errors.Is(err, want) {
			t.Errorf("telegram %d: got %v, want %v", i, err, want)
		}
	}
}

// TestWithoutChecksum is what can be known of a telegram that no checksum
// vouches for, after one that was good: what is missing waits for a second that
// says the same, and so does another meter.
func TestWithoutChecksum(t *testing.T) {
	const good = "/ISk5\\2MT382-1003\n\n0-0:96.1.1(4B38)\n1-0:1.8.1(01234.784*kWh)\n1-0:1.8.2(04321.725*kWh)\n1-0:1.7.0(0000.36*kW)\n" +
		"0-1:24.1.0(03)\n0-1:96.1.0(3238)\n0-1:24.3.0(160410130000)(08)(60)(1)(0-1:24.2.1)(m3)\n(07890.693)\n9-9:9.9.9(1)\n!\n"
	without := func(lines ...string) string {
		text := good
		for _, line := range lines {
			text = strings.Replace(text, line+"\n", "", 1)
		}
		return text
	}
	noGas := without("0-1:24.1.0(03)", "0-1:96.1.0(3238)", "0-1:24.3.0(160410130000)(08)(60)(1)(0-1:24.2.1)(m3)", "(07890.693)")
	noTariff := without("1-0:1.8.2(04321.725*kWh)")
	cut := strings.Replace(good, "/ISk5\\2MT382-1003", "/ISk5", 1)
	for _, test := range []struct {
		name      string
		telegrams []string
		bad       []int // which of them are not believed
	}{
		{"a missing register", []string{good, noTariff, good, good}, []int{1}},
		{"missing lines of the gas meter", []string{good, noGas, good}, []int{1}},
		{"a missing value", []string{good, without("(07890.693)"), good}, []int{1}},
		{"a missing line of no known object", []string{good, without("9-9:9.9.9(1)"), good}, []int{1}},
		{"two different losses", []string{good, noGas, noTariff, good}, []int{1, 2}},
		{"the gas meter was taken off", []string{good, noGas, noGas, noGas}, []int{1}},
		{"and put back", []string{good, noGas, noGas, good, noGas}, []int{1, 4}},
		{"an identification that was cut", []string{good, cut, good}, []int{1}},
		{"one that was cut, and a register is missing", []string{good, strings.Replace(noTariff, "\\2MT382-1003", "", 1), cut, cut}, []int{1, 2}},
		{"another meter", []string{good, cut, cut, good, cut, good}, []int{1, 3, 5}},
		{"lines are lost in the first telegram ever: nobody can know", []string{noGas, good, good}, nil},
	} {
		s := frame.NewScanner(strings.NewReader(strings.Join(test.telegrams, "")))
		p := new(dsmr.Parser)
		var bad []int
		for i := range test.telegrams {
			if !s.Scan() {
				t.Fatalf("%s: too few telegrams", test.name)
			}
			if _, err := p.Parse(s.Frame().Telegram, time.Time{}); errors.Is(err, dsmr.ErrDamaged) {
				bad = append(bad, i)
			} else if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		if !slices.Equal(bad, test.bad) {
			t.Errorf("%s: refused %v, want %v", test.name, bad, test.bad)
		}
	}
}

// TestParserForgets: what the telegram before had is not in the next reading.
func TestParserForgets(t *testing.T) {
	first, second := load(t, "be-lg-e660-024f.txt"), signed("/A\n\n1-0:1.7.0(00.100*kW)\n")
	s := frame.NewScanner(bytes.NewReader(append(first, second...)))
	p := new(dsmr.Parser)
	var got *meter.Reading
	for s.Scan() {
		var err error
		if got, err = p.Parse(s.Frame().Telegram, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	want, _ := parse(t, second)
	if diff := cmp.Diff(string(want.AppendJSON(nil, amsterdam)), string(got.AppendJSON(nil, amsterdam))); diff != "" {
		t.Errorf("(-fresh +used)\n%s", diff)
	}
	if got.Standard != want.Standard || got.Odd != want.Odd {
		t.Errorf("got %q %d, want %q %d", got.Standard, got.Odd, want.Standard, want.Odd)
	}
}

func TestOdd(t *testing.T) {
	s := frame.NewScanner(strings.NewReader(signed("/A\n\n1-0:1.7.0(x*kW)\n1-0:2.7.0(1*kW)\n9-9:9.9.9(1)\n")))
	s.Scan()
	p := new(dsmr.Parser)
	r, err := p.Parse(s.Frame().Telegram, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%q", p.Odd()), `["1-0:1.7.0(x*kW)"]`; got != want || r.Odd != 1 {
		t.Errorf("got %s and %d, want %s and 1", got, r.Odd, want)
	}
}

func TestMeaning(t *testing.T) {
	for _, test := range []struct {
		obis, want string
		known      bool
	}{
		{"1-0:1.8.1", "energy imported, tariff 1", true},
		{"1-0:1.8.1*255", "energy imported, tariff 1", true},
		{"0-3:24.4.0", "valve of the M-Bus device", true},
		{"0-9:24.4.0", "", false},
		{"1-0:123.45.6", "", false},
		{"nonsense", "", false},
		{"", "", false},
	} {
		got, known := dsmr.Meaning([]byte(test.obis))
		if got != test.want || known != test.known {
			t.Errorf("%s: got %q, %v, want %q, %v", test.obis, got, known, test.want, test.known)
		}
	}
}

// FuzzParse: whatever stands between the brackets, nothing breaks, a used
// Parser reads the same as a fresh one, and the JSON can be read.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/telegrams/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	used, usedDeriver := new(dsmr.Parser), &derive.Deriver{Zone: amsterdam}
	f.Fuzz(func(t *testing.T, text string) {
		s := frame.NewScanner(strings.NewReader(text))
		for s.Scan() {
			telegram := s.Frame().Telegram
			if s.Frame().Kind != frame.Text {
				continue
			}
			fresh, _ := new(dsmr.Parser).Parse(telegram, time.Time{})
			got, _ := used.Parse(telegram, time.Time{})
			want := fresh.AppendJSON(nil, amsterdam)
			if !bytes.Equal(want, got.AppendJSON(nil, amsterdam)) {
				t.Fatalf("a used parser reads otherwise: %s, fresh %s", got.AppendJSON(nil, amsterdam), want)
			}
			usedDeriver.Apply(got)
			if line := got.AppendJSON(nil, amsterdam); !json.Valid(line) {
				t.Fatalf("no JSON: %s", line)
			}
			for o := range dsmr.Objects(telegram.Body()) {
				if len(o.OBIS) == 0 || len(o.Values) == 0 {
					t.Fatalf("an object without id or values: %q", o)
				}
				dsmr.Meaning(o.OBIS)
			}
		}
	})
}

// TestBrokenTextIsLinear: the longest text, a digit a line, costs memory in
// proportion to its length; it was joined anew at each line.
func TestBrokenTextIsLinear(t *testing.T) {
	const budget = 64 * frame.MaxTelegram
	s := frame.NewScanner(strings.NewReader("/ISk5\\2MT382-1000\n\n0-0:96.13.0(" + strings.Repeat("4\n", 7900) + ")\n!\n"))
	if !s.Scan() {
		t.Fatal("no telegram")
	}
	telegram := s.Frame().Telegram
	for name, read := range map[string]func(){
		"Parse": func() { _, _ = new(dsmr.Parser).Parse(telegram, time.Time{}) },
		"Objects": func() {
			for range dsmr.Objects(telegram.Body()) {
			}
		},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		read()
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > budget {
			t.Errorf("%s: %d bytes of memory for a telegram of %d, want %d at most", name, used, len(telegram.Bytes), budget)
		}
	}
}
