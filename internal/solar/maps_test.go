package solar

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata anew")

// registerMap is what a Modbus device has to show, as the files in testdata
// keep it; the test against another server reads them too.
type registerMap struct {
	Base      int      `json:"base"`
	Registers []uint16 `json:"registers"`
}

// The maps are laid out as the makers' technical notes describe their devices:
// which models, in which order, with which scale factors, and what is not
// implemented. The numbers in them are made up.
var maps = map[string]registerMap{
	// SolarEdge, three phases: 1, 103, end; a common model of 65.
	"solaredge": build(40000,
		who("SolarEdge", "SE17K-RW00IBNM4", "0004.0008.0122", "7E1A2B3C", 65),
		head(103, 50),
		r(452, 150, 151, 151, neg(1)), // A
		r(4041, 4052, 4038, 2337, 2341, 2334, neg(1)),
		r(15713, neg(1)), // W
		r(50012, neg(3)), // Hz
		r(15731, neg(1), 743, neg(1), neg(9989), neg(2)),
		u32(12_345_678), r(0), // WH
		r(2151, neg(3), 7453, neg(1), 15952, neg(1)),
		r(0x8000, 4512, 0x8000, 0x8000, neg(2)), // temperatures: sink only
		r(4, 0), zero(12),
		head(0xFFFF, 0)),
	// The same at night: negative power, nothing comes from the panels.
	"solaredge-night": build(40000,
		who("SolarEdge", "SE17K-RW00IBNM4", "0004.0008.0122", "7E1A2B3C", 65),
		head(103, 50),
		r(1, 1, 0xFFFF, 0xFFFF, neg(1)),
		r(0xFFFF, 0xFFFF, 0xFFFF, 2337, 0xFFFF, 0xFFFF, neg(1)),
		r(neg(125), neg(1)),
		r(0xFFFF, neg(3)),
		r(0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000),
		u32(0), r(0),
		r(0xFFFF, 0x8000, 0xFFFF, 0x8000, 0x8000, 0x8000),
		r(0x8000, 0x8000, 0x8000, 0x8000, 0x8000),
		r(2, 0), zero(12),
		head(0xFFFF, 0)),
	// Fronius, integers: 1, 103, 120, 160, end.
	"fronius-int": build(40000,
		who("Fronius", "Symo 8.2-3-M", "0.3.30.2", "30123456", 65),
		head(103, 50),
		r(891, 297, 297, 297, neg(2)),
		r(4022, 4019, 4031, 2321, 2324, 2326, neg(1)),
		r(2061, 0), r(4999, neg(2)),
		r(2061, 0, neg(31), 0, neg(1000), neg(1)),
		u32(23_456_789), r(0),
		r(0xFFFF, 0x8000, 0xFFFF, 0x8000, 2152, 0),
		r(0x8000, 0x8000, 0x8000, 0x8000, 0x8000),
		r(4, 4), zero(12),
		head(120, 26), zero(26), head(160, 48), zero(48), head(0xFFFF, 0)),
	// Fronius, floats: 1, 113, 120, end.
	"fronius-float": build(40000,
		who("Fronius", "Symo 8.2-3-M", "0.3.30.2", "30123456", 65),
		head(113, 60),
		f(8.91, 2.97, 2.97, 2.97, 402.2, 401.9, 403.1, 232.1, 232.4, 232.6),
		f(2061.4, 49.99, 2061.4, -31.25, -99.9, 23_456_788),
		nan(2), f(2152), nan(4), // DC current and voltage, temperatures
		r(4, 4), zero(12),
		head(120, 26), zero(26), head(0xFFFF, 0)),
	// An inverter of the year 2018 standard (IEEE 1547), behind an older
	// model that repeats less: 1 (66), 702, 701, end, at 50000.
	"ieee1547": build(50000,
		who("Example", "DER 5000", "1.2.3", "sn-1", 66),
		head(702, 50), zero(50),
		head(701, 153),
		r(2, 1, 3, 1), zero(4),
		r(5012, 5020, neg(213), neg(998), 2178, 4012, 2316),
		u32(5003), u64(1_234_567_890_123), u64(12), u64(0xFFFFFFFFFFFFFFFF), u64(0xFFFFFFFFFFFFFFFF),
		r(0x8000, 0x8000, 402, 0x8000, 0x8000, 0x8000),
		phase(1670, 1673, neg(71), neg(998), 726, 4012, 2316),
		phase(1671, 1673, neg(71), neg(998), 726, 4012, 2317),
		phase(1671, 1674, neg(71), neg(998), 726, 4012, 2318),
		r(0xFFFF), zero(2),
		r(neg(2), neg(1), neg(2), 0, neg(3), 0, neg(1), 0, 0, neg(1)), zero(32),
		head(0xFFFF, 0)),
	// A single phase with nearly nothing implemented, at 0, and no end mark.
	"bare": build(0,
		who("Maker", "", "", "", 66),
		head(101, 50),
		r(0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0x8000),
		r(0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0x8000),
		r(731, 0), r(0xFFFF, 0x8000),
		r(0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000),
		u32(0), r(0x8000),
		r(0xFFFF, 0x8000, 0xFFFF, 0x8000, 0x8000, 0x8000),
		r(0x8000, 0x8000, 0x8000, 0x8000, 0x8000),
		r(0xFFFF, 0xFFFF), zero(12)),
	// A SunSpec meter, which is no inverter.
	"meter": build(40000, who("Fronius", "Smart Meter 63A", "", "1", 65), head(213, 124), zero(124), head(0xFFFF, 0)),
	// A scale factor that cannot be, a state that does not exist.
	"nonsense": build(40000,
		who("Maker", "Model", "1", "2", 65),
		head(103, 50),
		r(452, 150, 151, 151, 77),
		r(4041, 4052, 4038, 2337, 2341, 2334, 0x7FFF),
		r(15713, neg(40)), r(50012, neg(3)),
		r(15731, 11, 743, 0x8000, neg(9989), neg(11)),
		u32(0xFFFFFFFF), r(0),
		r(2151, 200, 7453, 0x8001, 15952, 0x8000),
		r(1, 2, 3, 4, 99), r(200, 0), zero(12),
		head(0xFFFF, 0)),
	"no-sunspec": {Base: 40000, Registers: []uint16{1, 2, 3, 4}},
}

func build(base int, blocks ...[]uint16) registerMap {
	return registerMap{base, append(str(marker, 2), slices.Concat(blocks...)...)}
}

func r(registers ...uint16) []uint16  { return registers }
func neg(n int16) uint16              { return uint16(-n) }
func zero(n int) []uint16             { return make([]uint16, n) }
func head(id, length uint16) []uint16 { return r(id, length) }
func u32(n uint32) []uint16           { return r(uint16(n>>16), uint16(n)) }
func u64(n uint64) []uint16           { return append(u32(uint32(n>>32)), u32(uint32(n))...) }

func f(values ...float32) (registers []uint16) {
	for _, v := range values {
		registers = append(registers, u32(math.Float32bits(v))...)
	}
	return registers
}

func nan(n int) (registers []uint16) {
	for range n {
		registers = append(registers, u32(0x7FC00000)...)
	}
	return registers
}

func str(s string, n int) []uint16 {
	registers := make([]uint16, n)
	for i := range len(s) {
		registers[i/2] |= uint16(s[i]) << (8 * (1 - i%2))
	}
	return registers
}

func who(manufacturer, model, version, serial string, length uint16) []uint16 {
	common := slices.Concat(head(common, length), str(manufacturer, 16), str(model, 16), zero(8), str(version, 8), str(serial, 16), r(1))
	return append(common, zero(int(length)-65)...)
}

// phase is one phase of model 701: what is measured now, and its energies.
func phase(now ...uint16) []uint16 {
	return slices.Concat(now, u64(0), u64(0), u64(0), u64(0))
}

// The files in testdata are the maps above.
func TestMapsAsFiles(t *testing.T) {
	for name, m := range maps {
		file := filepath.Join("testdata", name+".json")
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(data)+"\n", string(kept)); diff != "" {
			t.Errorf("%s is not up to date: go test -run MapsAsFiles -update\n%s", file, diff)
		}
	}
}
