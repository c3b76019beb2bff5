package dlms

import "github.com/smartmeter-addon/smartmeter-addon/internal/cosem"

// pattern is one way to write an object into a list. Notation: o OBIS code, v
// value, x scaler, u unit, t time, c class, a attribute, i index, d class, code
// and attribute without tags; braces are a structure of exactly what stands in
// them.
type pattern struct {
	name  string
	items string
}

// patterns is THE TABLE of how objects stand in lists. At each place of a list
// the first row that fits counts; what no row fits is opened, if it is a list
// itself.
//
// Rows without a maker are the other ways in which the standard's parts (class
// and attribute of IEC 62056-62, scaler and unit of a register) are put together.
var patterns = []pattern{
	{"objects with scale", "{ov{xu}}"},     // Aidon, Iskra AT, Kaifa AT, Landis+Gyr ZMF100
	{"objects", "{ov}"},                    // texts and times of the same meters
	{"objects by descriptor", "{dv}"},      // Sagemcom XT211, EG.D
	{"objects by descriptor", "{dv{xu}}"},  // with scale
	{"objects by descriptor", "{coav}"},    // with tags
	{"objects by descriptor", "{{coa}v}"},  // and in a structure of their own
	{"objects by descriptor", "{coaiv}"},   // and with the index of a push list
	{"objects by descriptor", "{{coai}v}"}, // both
	{"objects by descriptor", "{coav{xu}}"},
	{"objects by descriptor", "{{coa}v{xu}}"},
	{"objects by descriptor", "{coaiv{xu}}"},
	{"objects by descriptor", "{{coai}v{xu}}"},
	{"objects with scale", "{o{xu}v}"},
	{"objects with scale", "{o{vxu}}"},
	{"objects with scale", "{o{v{xu}}}"},
	{"objects with scale", "{otv{xu}}"},
	{"objects with scale", "{ov{xu}t}"},    // extended registers, as those of M-Bus meters
	{"objects with scale, flat", "ov{xu}"}, // Kaifa and Sagemcom in Lower Austria
	{"objects with scale, flat", "ovxu"},
	{"objects, flat", "ov"}, // Kamstrup, Kaifa SE, Landis+Gyr E450 AT
}

// list is a layout without codes: what stands where.
type list struct {
	name string
	// fields, one a value: C.D.E is that object of 1-0; list, id, name, code,
	// clock, time, date say what a text or time is; - is of no use. Behind a
	// colon stands the type: u32 (also 64 bits wide) where there is none for
	// C.D.E, any where there is none for -. Each number may be absent.
	fields string
	scale  *scale
	prefix string // of the name of list or device that the list begins with
}

// lists is THE TABLE of layouts without codes, told apart by their number of
// values and the types of these.
var lists = []list{
	{"Kaifa 1", "1.7.0", &kaifa, ""},
	{"Kaifa 9", "list id - 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0 32.7.0", &kaifa, "KFM"},
	{"Kaifa 13", "list id - 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0 51.7.0 71.7.0 32.7.0 52.7.0 72.7.0", &kaifa, "KFM"},
	{"Kaifa 14", "list id - 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0 32.7.0 clock 1.8.0 2.8.0 3.8.0 4.8.0", &kaifa, "KFM"},
	{"Kaifa 18", "list id - 1.7.0 2.7.0 3.7.0 4.7.0 31.7.0 51.7.0 71.7.0 32.7.0 52.7.0 72.7.0 clock 1.8.0 2.8.0 3.8.0 4.8.0", &kaifa, "KFM"},
	{"Iskra 18", "name list 1.7.0 2.7.0 3.7.0 4.7.0 32.7.0:u16 52.7.0:u16 72.7.0:u16 31.7.0:u16 51.7.0:u16 71.7.0:u16 " +
		"21.7.0 41.7.0 61.7.0 22.7.0 42.7.0 62.7.0", &iskra, "ISK"},
	{"Iskra 12, power", "name list 32.7.0:u16 52.7.0:u16 72.7.0:u16 31.7.0:u16 51.7.0:u16 71.7.0:u16 1.7.0 2.7.0 3.7.0 4.7.0", &iskra, "ISK"},
	{"Iskra 12, energy", "name list - - 1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2 3.8.0 4.8.0", &iskra, "ISK"},
	{"Iskra 10", "name id 1.7.0 2.7.0 3.7.0 4.7.0 32.7.0:u16 31.7.0:u16 21.7.0 22.7.0", &iskra, "ISK"},
	{"Iskra 10, energy", "name id 1.8.1 1.8.2 2.8.1 2.8.2 3.8.1 3.8.2 4.8.1 4.8.2", &iskra, "ISK"},
	{"Iskra 9, power", "name id 1.7.0 2.7.0 3.7.0 4.7.0 32.7.0:u16 - -", &iskra, "ISK"},
	{"Iskra 9, energy", "name 1.7.0 2.7.0 1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2", &iskra, "ISK"},
	{"Iskra 8", "name id 32.7.0:u16 31.7.0:u16 1.7.0 2.7.0 3.7.0 4.7.0", &iskra, "ISK"},
	{"Iskra 4", "id -:u8 1.8.0 2.8.0", &iskra, ""},
	{"Iskra IE.5", "id time date 1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2 5.8.0 6.8.0 7.8.0 8.8.0 1.7.0 2.7.0 13.7.0 " +
		"21.7.0 41.7.0 61.7.0 22.7.0 42.7.0 62.7.0 32.7.0:u16 52.7.0:u16 72.7.0:u16 31.7.0:u16 51.7.0:u16 71.7.0:u16 - -:list -:list -:list -", &iskra, ""},
	{"Iskra 28", "id time date 1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2 1.7.0 2.7.0 21.7.0 41.7.0 61.7.0 22.7.0 42.7.0 62.7.0 " +
		"32.7.0:u16 52.7.0:u16 72.7.0:u16 31.7.0:u16 51.7.0:u16 71.7.0:u16 - - - - -", &iskra, ""},
	{"Iskra 15", "1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2 - clock 2.7.0 1.7.0 31.7.0:u16 51.7.0:u16 71.7.0:u16 32.7.0:u16 72.7.0:u16", &iskra, ""},
	{"Kärnten 12", "code id time date 1.8.0 2.8.0 3.8.0 4.8.0 1.7.0 2.7.0 - -", &plain, ""},
	{"Wiener Netze 9", "clock 1.8.0 2.8.0 3.8.0 4.8.0 1.7.0 2.7.0 3.7.0 4.7.0", &plain, ""}, // Siemens IM150 and IM350, and others there
	{"Burgenland 14", "32.7.0:u16 52.7.0:u16 72.7.0:u16 31.7.0:u16 51.7.0:u16 71.7.0:u16 1.7.0 2.7.0 1.8.0 2.8.0 -:u16 -:u16 -:u16 id", &burgenland, ""},
}

// scale holds the powers of ten of values that come without one.
type scale struct {
	name                             string
	voltage, current, energy, factor int8
	energyScale                      cosem.EnergyScale
}

var (
	kaifa      = scale{name: "Kaifa", voltage: -1, current: -3, factor: -3}
	iskra      = scale{name: "Iskra", voltage: -1, current: -2, factor: -3}
	kamstrup   = scale{name: "Kamstrup", current: -2, factor: -2, energyScale: cosem.ScalePresumed}
	burgenland = scale{name: "Burgenland", current: -2, factor: -3}
	plain      = scale{name: "plain", factor: -3}
	// push is what bare values behind a push list have in Switzerland.
	push = scale{name: "push list", current: -2, factor: -3}
)

// listScales are the scales of lists that name themselves.
var listScales = []struct {
	prefix string
	scale  *scale
}{
	{"AIDON_", &scale{name: "Aidon", factor: -3}},
	{"EMBRIQ", &scale{name: "Landis+Gyr", factor: -3}},
	{"KFM_", &kaifa},
	{"Kamstrup", &kamstrup},
}
