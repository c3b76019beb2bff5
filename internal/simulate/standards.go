package simulate

import (
	"fmt"
	"strings"
	"time"
)

// Standard is the form in which a meter prints.
type Standard uint8

// The standards. The zero Standard is what most households have.
const (
	DSMR50       Standard = iota // Netherlands, since 2016
	DSMR42                       // Netherlands
	DSMR40                       // Netherlands
	DSMR30                       // Netherlands, no checksum
	DSMR22                       // Netherlands, no checksum
	EMUCS17                      // Belgium: e-MUCS P1 1.7
	Smarty                       // Luxembourg, not encrypted
	H1                           // Sweden
	Hungary                      // E.ON and MVM
	Q3D                          // Germany: EasyMeter, IEC 62056-21 mode D, no checksum
	NumStandards                 // how many there are
)

// StandardInfo is a row of the table of standards.
type StandardInfo struct {
	Name     string        // as a command line names it
	Title    string        // for people
	Mode     string        // line mode: speed, data bits, parity, stop bits
	Period   time.Duration // from telegram to telegram
	Checksum bool          // whether four digits follow the "!"

	header  string        // without its "/"
	zone    string        // where such meters hang
	capture time.Duration // how often gas and water meters are read
	tariffs tariffs
	winter  bool   // the meter's clock never changes to summer time
	oneWay  bool   // no register for export, hence no solar panels
	objects layout // the telegram's lines
	month   layout // what is kept of a month that is over
	months  int    // how many of these are kept
}

// Standards is the table of standards: one row each.
var Standards = [NumStandards]StandardInfo{
	DSMR50: {
		Name: "dsmr50", Title: "DSMR 5.0", Mode: "115200 8N1", Period: time.Second, Checksum: true,
		header: `ISk5\2SIMULATED-50`, zone: "Europe/Amsterdam", capture: 5 * time.Minute,
		tariffs: dutchTariffs, objects: layoutDSMR50,
	},
	DSMR42: {
		Name: "dsmr42", Title: "DSMR 4.2", Mode: "115200 8N1", Period: 10 * time.Second, Checksum: true,
		header: `KFM5SIMULATED-42`, zone: "Europe/Amsterdam", capture: time.Hour,
		tariffs: dutchTariffs, objects: layoutDSMR42,
	},
	DSMR40: {
		Name: "dsmr40", Title: "DSMR 4.0", Mode: "115200 8N1", Period: 10 * time.Second, Checksum: true,
		header: `XMX5SIMULATED-40`, zone: "Europe/Amsterdam", capture: time.Hour,
		tariffs: dutchTariffs, objects: layoutDSMR40,
	},
	DSMR30: {
		Name: "dsmr30", Title: "DSMR 3.0", Mode: "9600 7E1", Period: 10 * time.Second,
		header: `ISk5\2SIMULATED-30`, zone: "Europe/Amsterdam", capture: time.Hour,
		tariffs: dutchTariffs, objects: layoutDSMR30,
	},
	DSMR22: {
		Name: "dsmr22", Title: "DSMR 2.2", Mode: "9600 7E1", Period: 10 * time.Second,
		header: `ISk5\2SIMULATED-22`, zone: "Europe/Amsterdam", capture: time.Hour,
		tariffs: dutchTariffs, objects: layoutDSMR22,
	},
	EMUCS17: {
		Name: "emucs17", Title: "e-MUCS P1 1.7", Mode: "115200 8N1", Period: time.Second, Checksum: true,
		header: `FLU5\2SIMULATED_A`, zone: "Europe/Brussels", capture: 5 * time.Minute,
		tariffs: tariffs{low: 2, from: 22, to: 7, weekends: true},
		objects: layoutEMUCS17, month: `({time})({peak.time})({peak 5.3 kW})`, months: 13,
	},
	Smarty: {
		Name: "smarty", Title: "Smarty 1.1", Mode: "115200 8N1", Period: 10 * time.Second, Checksum: true,
		header: `Lux5\2SIMULATED_B`, zone: "Europe/Luxembourg", capture: time.Hour,
		objects: layoutSmarty,
	},
	H1: {
		Name: "h1", Title: "Swedish H1", Mode: "115200 8N1", Period: 10 * time.Second, Checksum: true,
		header: `ELL5\2SIMULATED_A`, zone: "Europe/Stockholm", capture: time.Hour, winter: true,
		objects: layoutH1,
	},
	Hungary: {
		Name: "hungary", Title: "E.ON Hungary", Mode: "115200 8N1", Period: 10 * time.Second, Checksum: true,
		header: `AUX5SIMULATED`, zone: "Europe/Budapest", capture: time.Hour,
		tariffs: tariffs{low: 2, from: 22, to: 6},
		objects: layoutHungary, month: layoutHungaryMonth, months: 1,
	},
	Q3D: {
		Name: "q3d", Title: "EasyMeter Q3D", Mode: "9600 7E1", Period: time.Second,
		header: `ESY5Q3D-SIMULATED V3.04`, zone: "Europe/Berlin", capture: time.Hour, oneWay: true,
		objects: layoutQ3D,
	},
}

// ParseStandard finds a standard by its name. The error lists the names.
func ParseStandard(name string) (Standard, error) {
	var names []string
	for s := range NumStandards {
		if strings.EqualFold(name, Standards[s].Name) {
			return s, nil
		}
		names = append(names, Standards[s].Name)
	}
	return 0, fmt.Errorf("standard %q is not known: use one of %s", name, strings.Join(names, ", "))
}

// String is the standard's title.
func (s Standard) String() string { return Standards[s].Title }

// tariffs tells when electricity is cheap, by the local clock. The zero value
// is a meter that counts all in its first tariff.
type tariffs struct {
	low      int // number of the low tariff, 1 or 2
	from, to int // hours between which it holds, over midnight
	weekends bool
}

// In the Netherlands tariff 1 is the low one.
var dutchTariffs = tariffs{low: 1, from: 23, to: 7, weekends: true}

// at returns the number of the tariff in force at a local time.
func (r tariffs) at(local time.Time) int {
	if r.low == 0 {
		return 1
	}
	day := local.Weekday()
	if hour := local.Hour(); hour >= r.from || hour < r.to || (r.weekends && (day == time.Saturday || day == time.Sunday)) {
		return r.low
	}
	return 3 - r.low
}
