package guard_test

import (
	"testing"
	"time"
)

const (
	second = time.Second
	minute = time.Minute
)

// TestGuard plays what happens to meters, above all what is known to have cost
// people their statistics.
func TestGuard(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"an ordinary day", []step{
			{1, 0, "id=A t1=5000.7 t2=2000 e1=0 e2=0 gas=1543.012 gas.id=G gas.time=0 water=100.5 water.id=W water.time=0", "t1=5000.7 import=7000.7 export=0 gas=1543.012", ""},
			{1, second, "t1=5000.701", "t1=5000.701 import=7000.701", ""},
			{1, 10 * second, "t2=2000.04", "t2=2000.04 import=7000.741", ""},
			{1, 5 * minute, "gas=1543.2 gas.time=5", "gas=1543.2", ""},
			{1, 5 * minute, "t1= ", "t1=absent import=7000.741 t2=2000.04", ""}, // an odd line
			{1, second, "t1=5000.8", "t1=5000.8 import=7000.84", ""},
		}},
		{"one zero", []step{
			{1, 0, "id=A t1=12345 t2=1000", "t1=12345 import=13345", ""},
			{1, second, "t1=0", "t1=12345 import=13345 t2=1000", "held t1 12345>0"},
			{1, second, "t1=12345", "t1=12345 import=13345", "returned t1 0>12345"},
			{1, second, "t1=12345.001", "t1=12345.001 import=13345.001", ""},
		}},
		{"zero with good ones between", []step{
			{1, 0, "import=12345", "import=12345", ""},
			{4, 20 * second, "import=0", "import=12345", "held import 12345>0"}, // a minute, but four telegrams
			{1, 20 * second, "import=12345.1", "import=12345.1", "returned import 0>12345.1"},
			{20, second, "import=0", "import=12345.1", "held import 12345.1>0"}, // many telegrams, but no minute
			{1, second, "import=12345.1", "import=12345.1", "returned import 0>12345.1"},
			{4, 20 * second, "import=0", "import=12345.1", "held import 12345.1>0"},
		}},
		{"the smallest fall", []step{
			{1, 0, "import=12345.678", "import=12345.678", ""},
			{1, second, "import=12345.677", "import=12345.678", "held import 12345.678>12345.677"},
			{1, second, "import=12345.678", "import=12345.678", "returned import 12345.677>12345.678"},
		}},
		{"a jump", []step{
			{1, 0, "import=12345.678", "import=12345.678", ""},
			{1, 10 * second, "import=12355.678", "import=12345.678", "held import 12345.678>12355.678"},
			{1, 10 * second, "import=12345.7", "import=12345.7", "returned import 12355.678>12345.7"},
		}},
		{"garbage is no line", []step{
			{1, 0, "import=12345", "import=12345", ""},
			{1, 20 * second, "import=700", "import=12345", "held import 12345>700"},
			{1, 20 * second, "import=300", "import=12345", ""},
			{1, 20 * second, "import=9000", "import=12345", ""},
			{1, 20 * second, "import=20", "import=12345", ""},
			{1, 20 * second, "import=99999", "import=12345", ""},
			{1, 20 * second, "import=5", "import=12345", ""},
			{1, 20 * second, "import=12346", "import=12346", "returned import 5>12346"},
		}},
		{"what lasts is the truth", []step{
			{1, 0, "import=12345", "import=12345", ""},
			{90, 10 * second, "import=0.001 import+=0.002", "import=12345", "held import 12345>0.003"},
			{1, 10 * second, "", "import=0.183", "confirmed import 12345>0.183"},
			{1, 10 * second, "", "import=0.185", ""},
		}},
		{"a small fall, which Home Assistant takes back", []step{
			{1, 0, "import=12345", "import=12345", ""},
			{6, 10 * second, "import=12344 import+=0.002", "import=12345", "held import 12345>12344.002"},
			{1, 10 * second, "", "import=12344.014", "confirmed import 12345>12344.014!"},
		}},
		{"seventy seconds of zeros", []step{
			{1, 0, "import=12345 import+=0.001", "import=12345.001", ""},
			{70, second, "import=0", "import=12345.001", "held import 12345.001>0"},
			{1, second, "import=12345.1", "import=12345.1", "returned import 0>12345.1"},
		}},
		{"a quarter of an hour of zeros while the clock is not set", []step{
			{1, 0, "clock=set import=12345", "import=12345", ""},
			{2000, second, "clock=unset import=0", "import=12345", "held import 12345>0"},
			{899, second, "clock=set", "import=12345", ""},
			{1, second, "import=12345.1", "import=12345.1", "returned import 0>12345.1"},
		}},
		{"a meter that has no clock any more", []step{
			{1, 0, "clock=set import=12345", "import=12345", ""},
			{48 * 60, minute, "clock=unset import=0", "import=12345", "held import 12345>0"},
			{15, minute, "", "import=12345", ""},
			{1, minute, "", "import=0", "confirmed import 12345>0"},
		}},
		{"a meter boots: zeros, a foreign identifier, no clock", []step{
			{1, 0, "clock=set id=A t1=12000 t2=5000 gas=99 gas.id=G gas.time=0", "import=17000 gas=99", ""},
			{100, second, "clock=unset id=B t1=0 t2=0 gas=0 gas.id=H gas.time=", "import=17000 gas=99", ""},
			{100, second, "id=00000000 gas.id=FFFF", "import=17000 gas=99", "held t1 12000>0, held t2 5000>0, held gas_total 99>0"},
			{1, second, "clock=set id=A t1=12000.1 t2=5000 gas=99.1 gas.id=G gas.time=5", "import=17000.1 gas=99.1",
				"returned t1 0>12000.1, returned t2 0>5000, returned gas_total 0>99.1"},
		}},
		{"a meter boots right after a restart", []step{
			{1, 0, "clock=set id=A import=17000 gas=99 gas.id=G gas.time=0", "import=17000 gas=99", ""},
			{100, second, "restart=1h clock=unset id=B import=0 gas=0 gas.id=H gas.time=", "import=absent gas=none", ""},
			{1, second, "clock=set id=A import=17000.1 gas=99 gas.id=G gas.time=0", "import=17000.1 gas=99", ""},
		}},
		{"killed when a register was not 0 any more, and zeros", []step{
			{1, 0, "import=17000 export=0", "export=0", ""},
			{1, minute, "restart=1m import=0", "import=absent export=absent", "held import 17000>0"}, // entities may have seen an export of 0.02
			{1, second, "import=17001 export=0.02", "import=17001 export=0.02", "returned import 0>17001"},
		}},
		{"killed, and one telegram of another meter", []step{
			{1, 0, "id=A t1=12000 t2=5000", "import=17000", ""},
			{1, time.Hour, "restart=1m id=B t1=20 t2=30", "import=absent t1=absent", ""},
			{1, second, "id=A t1=12001 t2=5001", "import=17002", ""},
		}},
		{"another identifier for ten minutes, whose registers go on", []step{
			{1, 0, "id=A t1=17000 t2=0.5", "import=17000.5", ""},
			{600, second, "id=B t1=3 t2=0.6", "t1=17000 t2=0.5 import=17000.5", ""},
			{1, second, "id=A t1=17000.1 t2=0.5", "import=17000.6", ""},
		}},
		{"one telegram of another meter, before anything is trusted", []step{
			{1, 0, "id=A t1=17000 e1=0 e2=0", "e1=0", ""},
			{1, second, "id=B e1=300 t2=4000", "e1=0 t2=absent import=absent", ""},
			{1, second, "id=A e1=0 t2=", "e1=0 t1=17000", ""},
		}},
		{"another identifier for ten minutes", []step{
			{1, 0, "id=A import=17000", "import=17000", ""},
			{600, second, "id=B import=3", "import=17000", ""},
			{1, second, "id=A import=17000.1", "import=17000.1", ""},
		}},
		{"another identifier for an hour, of zeros, and the first one again", []step{
			{1, 0, "id=A t1=17000", "t1=17000", ""},
			{15, minute, "id=B t1=5", "t1=17000", ""},
			{1, minute, "t1=0", "t1=absent", "replaced import 0>0"}, // what waits is unknown: that costs nothing
			{10, minute, "", "t1=absent", ""},
			{1, minute, "id=A t1=17000.1", "t1=17000.1", "replaced import 0>17000.1"},
		}},
		{"the first telegram has zeros", []step{
			{1, 0, "id=A t1=0 t2=0 gas=0 gas.id=G gas.time=0", "t1=absent import=absent gas=none", ""},
			{90, 10 * second, "t1=12000 t2=5000 gas=99 gas.time=5", "import=absent gas=none", ""}, // other than the zeros before it
			{1, 10 * second, "", "import=17000 gas=none", ""},
			{2, 5 * minute, "gas.time=60", "gas=none", ""},
			{1, 5 * minute, "gas.time=120", "gas=99", ""},
		}},
		{"a meter that is really new", []step{
			{5, 3 * minute, "id=A import=0.0 gas=0 gas.id=G gas.time=0", "import=absent gas=none", ""},
			{1, 3 * minute, "gas.time=15", "import=0 gas=none", ""},
			{1, 3 * minute, "gas.time=18", "import=0 gas=0", ""},
		}},
		{"the line of one tariff is missing", []step{
			{1, 0, "t1=4000 t2=5000", "import=9000", ""},
			{100, 10 * second, "t2= t1+=0.001", "", ""},
			{1, 0, "", "import=9000.101", ""},
			{1, 0, "restart=1h", "import=9000.102", ""},
			{1, 0, "t2=5000.01", "import=9000.113", ""},
		}},
		{"the line of a tariff is missing from a restart on", []step{
			{1, 0, "t1=4000 t2=5000", "import=9000", ""},
			{1, minute, "restart=1m t1= t2=5000.001", "t2=5000.001 import=absent", ""}, // entities may have seen t1=4000.02
			{1, minute, "t1=4000.03", "import=9000.031", ""},
			{1, minute, "restart=1m t1=", "import=absent", ""},
			{24, time.Hour, "t2+=0.5", "", ""}, // it does not come again
			{1, minute, "", "import=9012.531", ""},
		}},
		{"another meter with one tariff", []step{
			{1, 0, "id=A t1=4000 t2=5000", "import=9000", ""},
			{15, minute, "id=B t1=3 t2= t1+=0.001", "import=9000", ""},
			{1, minute, "", "t1=3.016 import=3.016", "replaced import 9000>3.016"},
		}},
		{"a telegram of a meter with two tariffs, then another meter with one", []step{
			{1, 0, "id=A t1=4000", "", ""},
			{15, minute, "", "", ""},
			{1, minute, "", "import=4000", ""},
			{1, minute, "id=C t1=1 t2=2", "import=4000", ""},
			{1, minute, "id=A t1=4000 t2=", "import=4000", ""},
			{15, minute, "id=B t1=3", "import=4000", ""},
			{1, minute, "", "import=3", "replaced import 4000>3"},
		}},
		{"the first telegram lacks a tariff", []step{
			{1, 0, "t1=4000", "t1=4000 import=absent", ""},
			{1, 10 * second, "t2=5000", "import=9000", ""},
		}},
		{"a meter with one tariff", []step{
			{5, 3 * minute, "t1=4000", "t1=4000 import=absent", ""},
			{1, 3 * minute, "", "import=4000", ""},
		}},
		{"a tariff that comes later is no use of one moment", []step{
			{1, 0, "t1=4000 t2=1000", "import=5000", ""},
			{90, 10 * second, "t3=300", "import=5000 t3=absent", ""},
			{1, 10 * second, "", "import=5300 t3=300", ""},
		}},
		{"a meter that prints a total and once does not", []step{
			{1, 0, "t1=4000 t2=5000 import=9000.5", "import=9000.5", ""},
			{20, minute, "import=", "import=absent", ""},
			{1, minute, "restart=1m", "import=absent", ""},
			{1, minute, "import=9000.6", "import=9000.6", ""},
		}},
		{"a reader that asks every five minutes", []step{
			{1, 0, "import=12345", "import=12345", ""},
			{4, 5 * minute, "import=0.1", "import=12345", "held import 12345>0.1"},
			{1, 5 * minute, "", "import=0.1", "confirmed import 12345>0.1"},
		}},
		{"a tariff register is reset", []step{
			{1, 0, "t1=12345 t2=1000 t2+=0.001", "t1=12345 t2=1000.001 import=13345.001", ""},
			{89, 10 * second, "t1=0", "t1=12345", "held t1 12345>0"},
			{1, 10 * second, "", "t1=12345 t2=1000.091 import=13345.001", ""}, // it stands still: a part is doubted
			{1, 10 * second, "", "t1=0 t2=1000.092 import=1000.092", "confirmed t1 12345>0"},
		}},
		{"the meter's own total is judged by itself", []step{
			{1, 0, "t1=12345 t2=1000 import=13345", "import=13345", ""},
			{1, second, "t1=0 import=13345.001", "t1=12345 import=13345.001", "held t1 12345>0"},
		}},
		{"all registers are zero", []step{
			{1, 0, "t1=5 t2=6 e1=0 e2=1.5 reactive=7 combined=12.5", "import=11 export=1.5", ""},
			{1, second, "t1=0 t2=0 e2=0 reactive=0 combined=0", "t1=5 t2=6 e1=0 e2=1.5 import=11 export=1.5 reactive=7 combined=12.5",
				"held t1 5>0, held t2 6>0, held e2 1.5>0, held reactive 7>0, held combined 12.5>0"},
		}},
		{"another electricity meter", []step{
			{1, 0, "id=A t1=12345 t2=1000 e1=5", "import=13345", ""},
			{15, minute, "id=B t1=0.1 t2=0 e1=", "t1=12345 t2=1000 import=13345 e1=absent", ""},
			{1, minute, "", "t1=0.1 t2=0 import=0.1 e1=absent", "replaced import 13345>0.1"},
			{1, second, "t1=0.2 e1=0.1", "t1=0.2 e1=0.1", ""},
			{1, second, "id= t1=0", "t1=0.2", "held t1 0.2>0"}, // a telegram without identifier is no other meter
			{1, second, "id=B t1=0.2", "t1=0.2", "returned t1 0>0.2"},
		}},
		{"another electricity meter, used, with a higher reading", []step{
			{1, 0, "id=A import=12345", "import=12345", ""},
			{15, minute, "id=B import=40000", "import=12345", ""},
			{1, minute, "", "import=40000", "replaced import 12345>40000!"},
		}},
		{"a used meter without identifiers", []step{
			{1, 0, "import=12345", "import=12345", ""},
			{90, 10 * second, "import=40000", "import=12345", "held import 12345>40000"},
			{1, 10 * second, "", "import=40000", "confirmed import 12345>40000!"},
		}},
		{"another electricity meter while we were away", []step{
			{1, 0, "id=A import=12345", "import=12345", ""},
			{15, minute, "restart=1m id=B import=0", "import=absent", ""},
			{1, minute, "", "import=0", "replaced import 12345>0"},
		}},
		{"zeros in two runs, and right values between that were not saved", []step{
			{1, 0, "import=12345", "import=12345", ""},
			{12, minute, "import=0", "import=12345", "held import 12345>0"},
			{15, minute, "restart=5h", "import=absent", ""}, // it waits anew
			{1, minute, "", "import=0", "confirmed import 12345>0"},
		}},
		{"zeros, a restart, and a telegram of another meter without tariffs", []step{
			{20, 30 * second, "id=A t1=0 t2=0", "t1=absent", ""},
			{1, second, "restart=1m id=B t1= t2= import=33642", "t1=absent import=absent", ""},
			{1, second, "id=A t1=366 t2=2302 import=", "t1=absent import=absent", ""},
		}},
		{"the registers jump while another identifier waits, and when it counts", []step{
			{1, 0, "id=A t1=12345 t2=10", "import=12355", ""},
			{10, minute, "id=B t1=0.1 t2=0.1", "import=12355", ""},
			{5, minute, "t1=55798", "import=12355", ""},
			{10, minute, "", "t1=absent import=absent", "replaced import 12355>55798.1!"},
			{1, minute, "t1=0.2", "t1=absent t2=0.1 import=absent", ""},
			{14, minute, "", "", ""},
			{2, minute, "", "t1=0.2 import=0.3", ""},
		}},
		{"solar panels come later", []step{
			{6, 3 * minute, "t1=12345 e1=0 e2=0", "", ""},
			{3, 24 * time.Hour, "", "export=0", ""},
			{5, 10 * second, "e1+=0.01", "", ""},
			{1, 10 * second, "", "e1=0.06 export=0.06", ""},
		}},
		{"a register that was never there", []step{
			{1, 0, "t1=12345 t2=1", "export=absent import=12346", ""},
			{1, second, "e1=300.5 e2=0", "e1=300.5 export=300.5", ""},
		}},
		{"telegrams that waited somewhere", []step{
			{1, 0, "import=100", "import=100", ""},
			{1, 5 * minute, "import=101 import+=0.04", "import=101.04", ""}, // 14 kW, every ten seconds
			{30, 0, "", "", ""},
		}},
		{"a quarter of an hour between steps of the register", []step{
			{1, 0, "import=100", "import=100", ""},
			{900, second, "", "import=100", ""},
			{1, second, "import=105", "import=105", ""},
		}},
		{"whole kilowatt hours", []step{
			{1, 0, "import=100", "import=100", ""},
			{1, 0, "import=101", "import=101", ""},
			{1, 0, "import=103", "import=101", "held import 101>103"},
		}},
		{"a large connection says so itself", []step{
			{1, 0, "import=100000.0 power=400", "import=100000", ""},
			{1, 30 * second, "import=100005.0", "import=100005", ""}, // 600 kW
			{1, 30 * second, "import=100010.0", "import=100010", ""},
			{1, 30 * second, "import=100015.0 power=10", "import=100010", "held import 100010>100015"},
			{1, 5 * minute, "", "import=100015", "returned import 100015>100015"},
		}},
		{"an absurd power", []step{
			{1, 0, "import=100 power=0.5", "import=100", ""},
			{1, 10 * second, "import=900 power=9001", "import=100", "held import 100>900"},
			{1, 10 * second, "import=100.1 power=0.5", "import=100.1", "returned import 900>100.1"},
			{1, 10 * second, "power=999999999", "import=100.1", ""},
			{1, 10 * second, "import=900", "import=100.1", "held import 100.1>900"},
		}},
		{"a large connection that does not", []step{
			{1, 0, "import=100000.000", "import=100000", ""},
			{100, 10 * second, "import+=1.5", "", "held import 100000>100001.5, confirmed import 100000>100139.5!"}, // 540 kW
			{60, 10 * second, "", "", ""},                                                                           // once is enough
		}},
		{"a restart with zero first", []step{
			{1, 0, "id=A t1=12345 t2=1 gas=99 gas.id=G gas.time=0", "import=12346 gas=99", ""},
			{1, 0, "restart=1m t1=0 t2=0 gas=0", "t1=absent t2=absent import=absent gas=none", "held t1 12345>0, held t2 1>0, held gas_total 99>0"},
			{1, second, "t1=12345.1 t2=1 gas=99", "t1=12345.1 import=12346.1 gas=99", "returned t1 0>12345.1, returned t2 0>1, returned gas_total 0>99"},
		}},
		{"a week away", []step{
			{1, 0, "id=A import=12345", "import=12345", ""},
			{1, 0, "restart=168h import=12445", "import=12445", ""},
		}},
		{"a year away", []step{
			{1, 0, "id=A import=12345", "import=12345", ""},
			{1, 0, "restart=8760h import=15345", "import=15345", ""},
		}},
		{"a machine without a clock starts, a day late", []step{
			{1, 0, "id=A import=12345", "import=12345", ""},
			{1, 0, "restart=-24h import=12355", "import=12355", ""},
			{90, 10 * second, "restart=-240h import=12855", "import=absent", "held import 12355>12855"},
			{1, 10 * second, "", "import=12855", "confirmed import 12355>12855!"},
		}},
		{"the last run had a wrong clock", []step{
			{1, 0, "id=A import=12345", "import=12345", ""},
			{1, 0, "restart=490000h import=72345", "import=absent", "held import 12345>72345"},
		}},
		{"the clock is set back an hour", []step{
			{1, 0, "import=12345 import+=0.01", "import=12345.01", ""},
			{1, -time.Hour, "", "import=12345.02", ""},
			{1, 10 * second, "import=5", "import=12345.02", "held import 12345.02>5"},
			{1, -time.Hour, "", "import=12345.02", ""},
			{89, 10 * second, "", "import=12345.02", ""},
			{1, 10 * second, "", "import=5", "confirmed import 12345.02>5"},
		}},
		{"the clock is set forth an hour", []step{
			{1, 0, "import=12345 import+=0.01", "import=12345.01", ""},
			{1, time.Hour, "", "import=12345.02", ""},
			{1, 10 * second, "import=5", "import=12345.02", "held import 12345.02>5"},
			{3, time.Hour, "", "import=12345.02", ""},
			{1, 10 * second, "import=50000", "import=12345.02", ""},
			{1, 10 * second, "import=12346", "import=12346", "returned import 50000>12346"},
		}},
		{"Q3D", []step{ // seven decimals, no checksum
			{1, 0, "crc=none import=1234.1234567 export=0.0000000", "import=absent", ""},
			{5, 2 * second, "import+=0.0001234", "", ""},
			{1, 2 * second, "", "import=1234.1241971", ""},
			{1, 2 * second, "import=123.1243205", "import=1234.1241971", "held import 1234.1241971>123.1243205"},
			{1, 2 * second, "import=1234.1244439", "import=1234.1244439", "returned import 123.1243205>1234.1244439"},
		}},
		{"DSMR 2 loses a digit", []step{ // no checksum
			{1, 0, "crc=none id=A t1=12345.678 t2=1.5", "t1=absent t2=absent import=absent", ""},
			{1, 10 * second, "t1=12345.679", "t1=12345.679 t2=1.5 import=12347.179", ""},
			{1, 10 * second, "t1=1234.679", "t1=12345.679 import=12347.179", "held t1 12345.679>1234.679"},
			{1, 10 * second, "t1=12345.68", "t1=12345.68", "returned t1 1234.679>12345.68"},
			{1, 10 * second, "t1=12346.68", "t1=12345.68", "held t1 12345.68>12346.68"}, // stricter: 360 kW
			{1, 10 * second, "t1=12345.68", "t1=12345.68", "returned t1 12346.68>12345.68"},
			{12, 10 * second, "t1=12345", "t1=12345.68", "held t1 12345.68>12345"}, // two minutes and ten telegrams
			{1, 10 * second, "", "t1=12345 import=12346.5", "confirmed t1 12345.68>12345!"},
		}},
		{"without checksum the first telegram needs a second", []step{
			{1, 0, "crc=none t1=1234.679", "t1=absent", ""},
			{1, 10 * second, "t1=12345.679", "t1=absent", ""}, // they do not agree
			{1, 10 * second, "t1=12345.68", "t1=12345.68", ""},
		}},
		{"without checksum an identifier is damaged", []step{
			{2, 10 * second, "crc=none id=A t1=5000", "", ""},
			{1, 10 * second, "id=B t1=0", "t1=5000", ""},
			{1, 10 * second, "id=A t1=5000", "t1=5000", ""},
		}},
		{"without checksum an identifier is damaged now and then", []step{
			{5, 10 * second, "crc=none id=A import=5000", "", ""},
			{4, 10 * second, "id=B", "import=5000", ""},
			{1, 10 * second, "id=A", "import=5000", ""},
			{1, 10 * second, "id=B import=0", "import=5000", ""},
		}},
		{"without checksum another meter", []step{
			{100, 10 * second, "crc=none id=A import=5000.000 export=0.000", "", ""},
			{90, 10 * second, "id=B import=0.001", "import=5000 export=0", ""},
			{1, 10 * second, "", "import=0.001 export=0", "replaced import 5000>0.001"},
			{1, 10 * second, "import=0.002", "import=0.002", ""},
		}},
	} {
		t.Run(test.name, func(t *testing.T) { newHouse(t).play(test.steps) })
	}
}
