package guard_test

import (
	"testing"
	"time"
)

// TestGuardMBus is the same for meters that hang on the electricity meter.
func TestGuardMBus(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"a zero that every telegram repeats for an hour", []step{
			{1, 0, "gas=1543.012 gas.id=G gas.time=0", "gas=1543.012", ""},
			{360, 10 * second, "gas=0 gas.time=60", "gas=1543.012", "held gas_total 1543.012>0"},
			{1, 10 * second, "gas=1543.9 gas.time=120", "gas=1543.9", "returned gas_total 0>1543.9"},
		}},
		{"three readings are the truth", []step{
			{1, 0, "gas=1543.012 gas.id=G gas.time=0", "gas=1543.012", ""},
			{30, 10 * second, "gas=0 gas.time=5", "gas=1543.012", "held gas_total 1543.012>0"},
			{30, 10 * second, "gas=0.001 gas.time=10", "gas=1543.012", ""},
			{30, 10 * second, "gas=0.002 gas.time=15", "gas=1543.012", ""}, // three, and no quarter of an hour
			{1, 10 * second, "", "gas=0.002", "confirmed gas_total 1543.012>0.002"},
		}},
		{"a reading a day that fell, and a restart every night", []step{
			{1, 0, "water=100 water.id=W water.time=0", "water=100", ""},
			{1, 24 * time.Hour, "restart=1m water=3 water.time=1440", "water=none", "held water_total 100>3"},
			{5, time.Hour, "", "water=none", ""},
			{1, 19 * time.Hour, "restart=1m water.time=2880", "water=none", ""},
			{1, 24 * time.Hour, "restart=1m water=3.1 water.time=4320", "water=none", ""},
			{14, minute, "", "water=none", ""}, // each run waits a quarter of an hour
			{1, minute, "", "water=3.1", "confirmed water_total 100>3.1"},
		}},
		{"a time that stands still while the value moves", []step{
			{1, 0, "gas=1543 gas.id=G gas.time=0", "gas=1543", ""},
			{90, 10 * second, "gas=3 gas+=0.001", "gas=1543", "held gas_total 1543>3.001"},
			{1, 10 * second, "", "gas=3.091", "confirmed gas_total 1543>3.091"},
		}},
		{"three readings that do not follow each other are none", []step{
			{1, 0, "gas=1543 gas.id=G gas.time=0", "gas=1543", ""},
			{1, 5 * minute, "gas=5 gas.time=5", "gas=1543", "held gas_total 1543>5"},
			{1, 5 * minute, "gas=3 gas.time=10", "gas=1543", ""},
			{1, 5 * minute, "gas=1 gas.time=15", "gas=1543", ""},
			{1, 5 * minute, "gas=1544 gas.time=20", "gas=1544", "returned gas_total 1>1544"},
		}},
		{"a jump of gas", []step{
			{1, 0, "gas=1543 gas.id=G gas.time=0", "gas=1543", ""},
			{1, 5 * minute, "gas=1560 gas.time=5", "gas=1543", "held gas_total 1543>1560"}, // 200 m3/h
			{1, 5 * minute, "gas=1544 gas.time=10", "gas=1544", "returned gas_total 1560>1544"},
		}},
		{"gas after a day of silence", []step{
			{1, 0, "gas=1543 gas.id=G gas.time=0", "gas=1543", ""},
			{24, time.Hour, "", "gas=1543", ""},
			{1, time.Hour, "gas=1880 gas.time=1440", "gas=1880", ""},
			{1, 5 * minute, "gas=2180 gas.time=1445", "gas=1880", "held gas_total 1880>2180"},
		}},
		{"another gas meter on the same channel", []step{
			{1, 0, "gas=1543 gas.id=G gas.time=0", "gas=1543", ""},
			{90, 10 * second, "gas=0.01 gas.id=H gas.time=5", "gas=1543", ""},
			{1, 10 * second, "", "gas=0.01", "replaced gas_total 1543>0.01"},
			{1, 5 * minute, "gas=0.02 gas.time=10", "gas=0.02", ""},
		}},
		{"another water meter, whose register jumps when it counts", []step{
			{1, 0, "water=2015 water.id=W water.time=0", "water=2015", ""},
			{10, minute, "water=1.8 water.id=X water.time=5", "water=2015", ""},
			{10, minute, "water=33259", "", "replaced water_total 2015>33259!"},
			{1, minute, "", "water=none", ""},
			{1, minute, "water=1.8", "water=none", ""},
			{1, 15 * minute, "water.time=60", "water=none", ""},
			{1, 15 * minute, "water.time=120", "water=1.8", ""},
		}},
		{"another gas meter, then a restart and no identifier", []step{
			{1, 0, "gas=1543 gas.id=G gas.time=0", "gas=1543", ""},
			{90, 10 * second, "gas=0.01 gas.id=H gas.time=5", "gas=1543", ""},
			{1, 10 * second, "", "gas=0.01", "replaced gas_total 1543>0.01"},
			{1, 0, "restart=1m gas=0 gas.id= gas.time=10", "gas=none", "held gas_total 0.01>0"},
		}},
		{"another gas meter on another channel", []step{
			{1, 0, "gas=1543 gas.id=G gas.time=0", "gas=1543", ""},
			{90, 10 * second, "gas=1540 gas.id=H gas.channel=3 gas.time=5", "gas=1543", ""},
			{1, 10 * second, "", "gas=1540", "replaced gas_total 1543>1540!"},
		}},
		{"the same gas meter on another channel", []step{
			{1, 0, "gas=1543 gas.id=G gas.time=0", "gas=1543", ""},
			{1, 5 * minute, "gas=0 gas.channel=3 gas.time=5", "gas=1543", "held gas_total 1543>0"},
			{1, 5 * minute, "gas=1543.1 gas.channel=1 gas.time=10", "gas=1543.1", "returned gas_total 0>1543.1"},
		}},
		{"another gas meter without identifier", []step{
			{1, 0, "gas=1543 gas.time=0", "gas=1543", ""},
			{2, 10 * second, "gas=0.1 gas.time=5", "gas=1543", "held gas_total 1543>0.1"},
			{2, 5 * minute, "gas.time=10", "gas=1543", ""},
			{1, 5 * minute, "gas.time=15", "gas=0.1", "confirmed gas_total 1543>0.1"},
		}},
		{"another heat meter, of another unit", []step{
			{1, 0, "heat=93.4 heat.id=H heat.time=0", "heat=93.4", ""},
			{15, minute, "heat=95.1 heat.id=I heat.unit=kWh heat.time=1", "heat=93.4", ""},
			{1, minute, "", "heat=95.1", "replaced heat_total 0>95.1"},
		}},
		{"two gas meters", []step{
			{1, 0, "gas=1543 gas.id=G gas.time=0 gas2=99 gas2.id=H gas2.channel=2 gas2.time=0", "gas=1543 gas2=none", ""},
			{3, 5 * minute, "gas=1543.1 gas2=99.1 gas.time=5 gas2.time=5", "gas=1543.1 gas2=none", ""},
			{1, 5 * minute, "gas=0 gas2=99.2 gas.time=20 gas2.time=20", "gas=1543.1 gas2=99.2", "held gas_total 1543.1>0"},
		}},
		{"two channels of one identifier", []step{
			{1, 0, "gas=1543 gas.id=G gas.time=0 gas2=99 gas2.id=G gas2.channel=2 gas2.time=0", "gas=1543 gas2=none", ""},
			{1, 5 * minute, "gas=1543.1 gas2=99.1 gas.time=5 gas2.time=5", "gas=1543.1 gas2=none", ""},
			{5, 5 * minute, "", "", ""},
			{1, 5 * minute, "gas=1543.2 gas2=99.2 gas.time=30 gas2.time=30", "gas=1543.2 gas2=99.2", ""},
		}},
		{"heat, and the water that carried it", []step{
			{1, 0, "volume=872.1 volume.id=H volume.unit=m3 volume.channel=2 volume.time=0", "volume=872.1", ""},
			{15, minute, "heat=93.4 heat.id=H heat.channel=1 heat.time=1 volume.time=1", "heat=none volume=872.1", ""},
			{1, minute, "", "heat=93.4 volume=none", "replaced heat_total 0>93.4"},
			{1, minute, "heat=0 heat.time=2", "heat=93.4 volume=none", "held heat_total 93.4>0"},
		}},
		{"an identifier comes later", []step{
			{1, 0, "gas=1543 gas.time=0", "gas=1543", ""},
			{1, 10 * second, "gas=0 gas.id=G", "gas=1543", "held gas_total 1543>0"},
		}},
		{"without a time a reading proves no more than a telegram", []step{
			{1, 0, "gas=1543", "gas=1543", ""},
			{90, 10 * second, "gas=0", "gas=1543", "held gas_total 1543>0"},
			{1, 10 * second, "", "gas=0", "confirmed gas_total 1543>0"},
		}},
		{"the unit changes", []step{
			{1, 0, "heat=93.4 heat.id=H heat.time=0", "heat=93.4", ""},
			{1, minute, "heat=25944 heat.unit=kWh heat.time=1", "heat=93.4", "held heat_total 93.4>25944"},
			{1, minute, "heat=93.5 heat.unit=GJ heat.time=2", "heat=93.5", "returned heat_total 25944>93.5"},
			{1, minute, "heat=93.6 heat.unit=kWh heat.time=3", "heat=93.5", "held heat_total 93.5>93.6"},
			{1, minute, "heat=93.6 heat.unit=GJ heat.time=4", "heat=93.6", "returned heat_total 93.6>93.6"},
		}},
		{"a week of water at once", []step{
			{1, 0, "water=872.234 water.id=W water.time=0", "water=872.234", ""},
			{1, time.Hour, "water=873.9 water.time=60", "water=873.9", ""},
			{1, 5 * minute, "water=973.9 water.time=65", "water=873.9", "held water_total 873.9>973.9"},
		}},
		{"without checksum a reading must stand in two telegrams", []step{
			{1, 0, "crc=none gas=24.123 gas.id=G gas.time=0", "gas=none", ""},
			{1, 10 * second, "", "gas=24.123", ""},
			{1, 10 * second, "gas=24.323", "gas=24.123", ""}, // damaged, but not beyond belief
			{1, 10 * second, "gas=24.123", "gas=24.123", ""},
			{1, 10 * second, "gas=2.123", "gas=24.123", "held gas_total 24.123>2.123"},
			{1, 10 * second, "gas=24.123", "gas=24.123", ""},
			{1, 10 * second, "", "gas=24.123", "returned gas_total 2.123>24.123"},
			{1, 10 * second, "gas=24.5 gas.time=60", "gas=24.123", ""},
			{1, 10 * second, "", "gas=24.5", ""},
		}},
		{"without checksum three readings are the truth too", []step{
			{2, 10 * second, "crc=none gas=24.123 gas.id=G gas.time=0", "", ""},
			{9, 10 * second, "gas=0 gas.time=60", "gas=24.123", "held gas_total 24.123>0"},
			{99, 10 * second, "gas.time=120", "gas=24.123", ""},
			{1, 10 * second, "gas.time=180", "gas=24.123", ""},
			{1, 10 * second, "", "gas=0", "confirmed gas_total 24.123>0"},
		}},
		{"without checksum a reading that is new in every telegram", []step{
			{1, 0, "crc=none gas=24.123 gas.id=G gas.time=0", "gas=none", ""},
			{1, 5 * minute, "gas=24.2 gas.time=5", "gas=24.123", ""}, // one behind
			{1, 5 * minute, "gas=24.3 gas.time=10", "gas=24.2", ""},
			{1, 5 * minute, "gas=2.4 gas.time=15", "gas=24.2", "held gas_total 24.2>2.4"}, // damaged
			{1, 5 * minute, "gas=24.5 gas.time=20", "gas=24.2", ""},
			{1, 5 * minute, "gas=24.6 gas.time=25", "gas=24.5", "returned gas_total 2.4>24.5"},
			{1, 10 * second, "gas=24.601 gas.time=26", "gas=24.6", ""},
			{1, 5 * time.Hour, "gas=44.6 gas.time=326", "gas=24.601", ""}, // after a silence
			{1, 10 * second, "gas=44.601 gas.time=327", "gas=44.6", ""},
		}},
		{"without checksum the first identifier is damaged", []step{
			{1, 10 * second, "crc=none gas=24.123 gas.id=X gas.time=0", "gas=none", ""},
			{1, 10 * second, "gas.id=G", "gas=24.123", ""},
			{9, 10 * second, "gas=0", "gas=24.123", "held gas_total 24.123>0"},
		}},
		{"without checksum an identifier is damaged now and then", []step{
			{2, 10 * second, "crc=none gas=24.123 gas.id=G gas.time=0", "", ""},
			{4, 10 * second, "gas.id=H", "gas=24.123", ""},
			{1, 10 * second, "gas.id=G", "gas=24.123", ""},
			{2, 10 * second, "gas.id=H gas=0", "gas=24.123", ""},
		}},
		{"without checksum another gas meter", []step{
			{2, 10 * second, "crc=none gas=24.123 gas.id=G gas.time=0", "", ""},
			{90, 10 * second, "gas=0.001 gas.id=H gas.time=60", "gas=24.123", ""},
			{1, 10 * second, "", "gas=0.001", "replaced gas_total 24.123>0.001"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) { newHouse(t).play(test.steps) })
	}
}
