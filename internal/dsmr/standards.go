package dsmr

import (
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Standard is one national variant: how it is recognised and what its
// telegrams mean beyond their codes.
type Standard struct {
	Name    string
	Country string // where its meters hang; ISO 3166 codes
	Mode    string // of the serial line
	Sum     string // whether telegrams have a checksum or come encrypted
	Tariffs meter.Tariffs

	header  []string         // any of these stands in the identification; none: whatever it is
	version string           // the version information begins with this
	has     []meter.Quantity // all of these are there
	lacks   []meter.Quantity // none of these is there
}

// Line modes, and how telegrams are protected.
const (
	fast, slow        = "115200 8N1", "9600 7E1"
	crc, open, sealed = "CRC-16", "none", "AES-128-GCM or CRC-16"
)

// Standards is THE TABLE of national variants; the first row that fits
// counts. Its facts come from the P1 companion standards (NL), e-MUCS P1 1.3
// to 2.1 (BE), Smarty 1.1.3 (LU), and what meters of the other countries
// print.
var Standards = []Standard{
	{"e-MUCS 1.3", "BE", fast, crc, meter.TariffsNormalFirst, nil, "50213", nil, nil},
	{"e-MUCS 1.5", "BE", fast, crc, meter.TariffsNormalFirst, nil, "50215", nil, nil},
	{"e-MUCS 1.6", "BE", fast, crc, meter.TariffsNormalFirst, nil, "50216", nil, nil},
	{"e-MUCS 1.7", "BE", fast, crc, meter.TariffsNormalFirst, nil, "50217", nil, nil},
	{"e-MUCS 2.1", "BE", fast, crc, meter.TariffsNormalFirst, nil, "50221", nil, nil},
	{"e-MUCS A1", "BE", fast, crc, meter.TariffsNormalFirst, nil, "50250", nil, nil},
	{"Swiss P1", "CH", fast, crc, meter.TariffsNumbered, nil, "50220", nil, nil},
	{"e-MUCS 2.1", "BE", fast, crc, meter.TariffsNormalFirst, nil, "2111", nil, nil}, // Wallonia
	{"e-MUCS", "BE", fast, crc, meter.TariffsNormalFirst, nil, "502", nil, nil},
	{"e-MUCS", "BE", fast, crc, meter.TariffsNormalFirst, []string{"FLU", "MIE5", "SIB5", "ORES", "Fluvius"}, "", nil, nil},
	{"Smarty", "LU", fast, sealed, meter.TariffsNumbered, []string{"Lux"}, "", nil, nil},
	{"Austrian DSMR", "AT", fast, sealed, meter.TariffsNumbered, []string{"EST5", "ELS5"}, "", nil, nil},
	{"ESO", "LT", fast, crc, meter.TariffsNumbered, []string{"ESO"}, "", nil, nil},
	{"Q3D", "DE", slow, open, meter.TariffsNumbered, []string{"ESY"}, "", nil, nil},
	{"E.ON, MVM", "HU", fast, crc, meter.TariffsNormalFirst, []string{"HLY5", "AUX5", "SAG5", "WSE5"}, "", nil, nil}, // Holley, Sanxing, Sagemcom, Wasion
	{"Warmtelink", "NL", fast, crc, meter.TariffsNumbered, []string{"NWA-WARMTELINK"}, "", nil, nil},
	{"E.ON, MVM", "HU", fast, crc, meter.TariffsNormalFirst, nil, "", []meter.Quantity{meter.EnergyImportTotal, meter.EnergyImportT1, meter.EnergyCombined}, nil},
	{"Iskra IE", "SI", "115200 7E1", open, meter.TariffsNumbered, []string{"ISk9", "ISK9"}, "", nil, nil},
	{"Elgama", "PL", fast, crc, meter.TariffsNumbered, []string{"EGM"}, "", nil, nil},
	{"HAN P1", "SE, FI, DK, NO", fast, crc, meter.TariffsNumbered, nil, "", []meter.Quantity{meter.EnergyImportTotal, meter.EnergyReactiveImport}, []meter.Quantity{meter.EnergyImportT1}},
	{"DSMR 4.0", "NL", fast, crc, meter.TariffsLowFirst, nil, "40", nil, nil},
	{"DSMR 4.2", "NL", fast, crc, meter.TariffsLowFirst, nil, "42", nil, nil},
	{"IEC Israel", "IL", fast, crc, meter.TariffsNumbered, nil, "50", []meter.Quantity{meter.EnergyImportT3}, nil},
	{"DSMR 5.0", "NL", fast, crc, meter.TariffsLowFirst, nil, "50", nil, nil},
	{"DSMR 2/3", "NL", slow, open, meter.TariffsLowFirst, nil, "", []meter.Quantity{meter.EnergyImportT2}, []meter.Quantity{meter.VoltageL1, meter.EnergyImportTotal, meter.EnergyImportT3}},
}

// detected keeps the standard while what it was told by does not change.
type detected struct {
	header, version string
	has             [len(fingerprint)]bool
	standard        *Standard
	done            bool
}

// fingerprint are the quantities that rows of the table ask for.
var fingerprint = [...]meter.Quantity{
	meter.EnergyImportTotal, meter.EnergyImportT1, meter.EnergyImportT2, meter.EnergyImportT3,
	meter.EnergyCombined, meter.EnergyReactiveImport, meter.VoltageL1,
}

func (d *detected) detect(r *meter.Reading) (string, meter.Tariffs) {
	same := d.done && d.header == r.Header && d.version == r.Version
	for i, q := range fingerprint {
		has := r.Values.Has(q)
		same = same && d.has[i] == has
		d.has[i] = has
	}
	if !same {
		d.header, d.version, d.done = r.Header, r.Version, true
		d.standard = find(r)
	}
	if d.standard == nil {
		return "", meter.TariffsNumbered
	}
	return d.standard.Name, d.standard.Tariffs
}

// sendsChecksum reports whether the standard found last has a checksum.
func (d *detected) sendsChecksum() bool { return d.standard != nil && d.standard.Sum != open }

func find(r *meter.Reading) *Standard {
	for i := range Standards {
		if s := &Standards[i]; s.fits(r) {
			return s
		}
	}
	return nil
}

func (s *Standard) fits(r *meter.Reading) bool {
	if !strings.HasPrefix(r.Version, s.version) {
		return false
	}
	named := len(s.header) == 0
	for _, h := range s.header {
		named = named || strings.Contains(r.Header, h)
	}
	for _, q := range s.has {
		named = named && r.Values.Has(q)
	}
	for _, q := range s.lacks {
		named = named && !r.Values.Has(q)
	}
	return named
}
