package explain_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/explain"
	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

func TestText(t *testing.T) {
	const text = "noise\r\n/ISk5\\2MT382-1004\r\n\r\n0-0:96.14.0(0002)\r\n1-0:1.8.1(00001.001*kWh)\r\n1-0:1.7.0 (   .335*kW)\r\n1-0:2.7.0(01.*kW)\r\n1-0:16.7.0(-00.335*kW)\r\n0-1:24.1.0(3)\r\n" +
		"0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00002.50)\r\n0-0:96.13.0(3C623E68693C2F623E)\r\n1-0:1.6.0(200204210000W)(01.5*kW)\r\n9-9:9.9.9(what)\r\n!\r\n"
	got, ok := explain.Text([]byte(text), false, time.Now())
	want := explain.Telegram{Header: `ISk5\2MT382-1004`, Checksum: "absent", Entries: []explain.Entry{
		{OBIS: "0-0:96.14.0", Meaning: "tariff in force", Known: true, Value: "2"},
		{OBIS: "1-0:1.8.1", Meaning: "energy imported, tariff 1", Known: true, Value: "1.001", Unit: "kWh"},
		{OBIS: "1-0:1.7.0 ", Meaning: "power imported", Known: true, Value: "0.335", Unit: "kW"},
		{OBIS: "1-0:2.7.0", Meaning: "power exported", Known: true, Value: "1.", Unit: "kW"},
		{OBIS: "1-0:16.7.0", Meaning: "power imported less power exported, as the meter gives it", Known: true, Value: "-00.335", Unit: "kW"},
		{OBIS: "0-1:24.1.0", Meaning: "type of the M-Bus device", Known: true, Value: "3", Notes: []string{"gas"}},
		{OBIS: "0-1:24.3.0", Meaning: "reading of the M-Bus device", Known: true, Value: "2.50", Unit: "m3", Notes: []string{"2016-11-07 19:00:00", "00", "60", "1", "0-1:24.2.1"}},
		{OBIS: "0-0:96.13.0", Meaning: "text message", Known: true, Notes: []string{"3C623E68693C2F623E = <b>hi</b>"}},
		{OBIS: "1-0:1.6.0", Meaning: "highest demand of this month", Known: true, Value: "1.5", Unit: "kW", Notes: []string{"2020-02-04 21:00:00 standard time"}},
		{OBIS: "9-9:9.9.9", Meaning: "? unknown object", Notes: []string{"what"}},
	}}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("%v (-want +got):\n%s", ok, diff)
	}
}

func TestBadText(t *testing.T) {
	if got, ok := explain.Text([]byte("no telegram"), false, time.Now()); ok {
		t.Errorf("got %+v", got)
	}
	got, ok := explain.Text([]byte("/XMX5A\r\n\r\n1-3:0.2.8(50)\r\n!0000\r\n"), false, time.Now())
	if !ok || got.Checksum != "invalid" || got.Bad == "" || len(got.Entries) != 1 {
		t.Errorf("%v, %+v", ok, got)
	}
	if dutch := got.In(meter.Dutch); dutch.Bad != diagnosis.Checksums.Text(meter.Dutch) {
		t.Errorf("in Dutch: %q", dutch.Bad)
	}
	if got, _ := explain.Text([]byte("/XMX5A\r\n\r\n1-3:0.2.8(50)\r\n!0000\r\n"), true, time.Now()); got.Bad != "" {
		t.Errorf("lax: %s", got.Bad)
	}
}
