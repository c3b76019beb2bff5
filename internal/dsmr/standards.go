package dsmr

import (
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// standard is one national variant: how it is recognised and what its
// telegrams mean beyond their codes.
type standard struct {
	name    string
	header  []string         // any of these stands in the identification; none: whatever it is
	version string           // the version information begins with this
	has     []meter.Quantity // all of these are there
	lacks   []meter.Quantity // none of these is there
	tariffs meter.Tariffs
}

// standards is THE TABLE of national variants; the first row that fits
// counts. Its facts come from the P1 companion standards (NL), e-MUCS P1 1.3
// to 2.1 (BE), Smarty 1.1.3 (LU), and what meters of the other countries
// print.
var standards = []standard{
	{name: "e-MUCS 1.3", version: "50213", tariffs: meter.TariffsNormalFirst},
	{name: "e-MUCS 1.5", version: "50215", tariffs: meter.TariffsNormalFirst},
	{name: "e-MUCS 1.6", version: "50216", tariffs: meter.TariffsNormalFirst},
	{name: "e-MUCS 1.7", version: "50217", tariffs: meter.TariffsNormalFirst},
	{name: "e-MUCS 2.1", version: "50221", tariffs: meter.TariffsNormalFirst},
	{name: "e-MUCS A1", version: "50250", tariffs: meter.TariffsNormalFirst},
	{name: "Swiss P1", version: "50220"},
	{name: "e-MUCS 2.1", version: "2111", tariffs: meter.TariffsNormalFirst}, // Wallonia
	{name: "e-MUCS", version: "502", tariffs: meter.TariffsNormalFirst},
	{name: "e-MUCS", header: []string{"FLU", "MIE5", "SIB5", "ORES", "Fluvius"}, tariffs: meter.TariffsNormalFirst},
	{name: "Smarty (Luxembourg)", header: []string{"Lux"}},
	{name: "Austrian DSMR", header: []string{"EST5", "ELS5"}},
	{name: "ESO (Lithuania)", header: []string{"ESO"}},
	{name: "Q3D (IEC 62056-21)", header: []string{"ESY"}},
	{name: "Warmtelink", header: []string{"NWA-WARMTELINK"}},
	{name: "E.ON Hungary", has: []meter.Quantity{meter.EnergyImportTotal, meter.EnergyImportT1, meter.EnergyCombined}, tariffs: meter.TariffsNormalFirst},
	{name: "Iskra IE", header: []string{"ISk9", "ISK9"}},
	{name: "Elgama", header: []string{"EGM"}},
	{name: "HAN P1", has: []meter.Quantity{meter.EnergyImportTotal, meter.EnergyReactiveImport}, lacks: []meter.Quantity{meter.EnergyImportT1}},
	{name: "Smarty (Luxembourg)", version: "42", has: []meter.Quantity{meter.EnergyImportTotal, meter.EnergyReactiveImport}},
	{name: "DSMR 4.0", version: "40", tariffs: meter.TariffsLowFirst},
	{name: "DSMR 4.2", version: "42", tariffs: meter.TariffsLowFirst},
	{name: "IEC Israel", version: "50", has: []meter.Quantity{meter.EnergyImportT3}},
	{name: "DSMR 5.0", version: "50", tariffs: meter.TariffsLowFirst},
	{name: "DSMR 2/3", has: []meter.Quantity{meter.EnergyImportT2}, lacks: []meter.Quantity{meter.VoltageL1, meter.EnergyImportTotal, meter.EnergyImportT3}, tariffs: meter.TariffsLowFirst},
}

// detected keeps the standard while what it was told by does not change.
type detected struct {
	header, version string
	has             [len(fingerprint)]bool
	standard        *standard
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
	return d.standard.name, d.standard.tariffs
}

func find(r *meter.Reading) *standard {
	for i := range standards {
		if s := &standards[i]; s.fits(r) {
			return s
		}
	}
	return nil
}

func (s *standard) fits(r *meter.Reading) bool {
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
