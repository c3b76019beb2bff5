package recorder

// Case is a series of states, and what is booked of them.
type Case struct {
	Name   string
	Class  Class
	States []string // as Core's state machine writes them, in their order
	Sum    string   // empty: none, because nothing was a number
	State  string   // the last that counted
	Resets int
}

// Series is what the model and Core's recorder must agree on.
var Series = []Case{
	{"nothing", TotalIncreasing, []string{"unknown", "unavailable"}, "", "", 0},
	{"one number is the zero point", TotalIncreasing, []string{"17000.123"}, "0", "17000.123", 0},
	{"it rises", TotalIncreasing, []string{"17000.123", "17000.124", "17001.5"}, "1.377", "17001.5", 0},
	{"it stands", TotalIncreasing, []string{"17000.123", "17000.123", "17000.123"}, "0", "17000.123", 0},
	{"zero in between", TotalIncreasing, []string{"17000", "0", "17000"}, "17000", "17000", 1},
	{"zero in between, twice", TotalIncreasing, []string{"17000", "0", "17000", "0", "17000.5"}, "34000.5", "17000.5", 2},
	{"zero first", TotalIncreasing, []string{"0", "17000"}, "17000", "17000", 0},
	{"unavailable in between", TotalIncreasing, []string{"100", "unavailable", "unknown", "103"}, "3", "103", 0},
	{"unknown, then a new beginning", TotalIncreasing, []string{"100", "unknown", "1", "unknown", "2"}, "2", "2", 1},
	{"text is skipped", TotalIncreasing, []string{"100", "", "12 kWh", "nan", "inf", "101"}, "1", "101", 0},
	{"a small fall lowers the sum", TotalIncreasing, []string{"1000", "1010", "1009.5"}, "9.5", "1009.5", 0},
	{"a small fall and back", TotalIncreasing, []string{"1000", "950", "1000", "1001"}, "1", "1001", 0},
	{"exactly 90 %", TotalIncreasing, []string{"1000", "900"}, "-100", "900", 0},
	{"just below 90 %", TotalIncreasing, []string{"1000", "899.999"}, "899.999", "899.999", 1},
	{"many small falls", TotalIncreasing, []string{"1000", "910", "830", "750"}, "-250", "750", 0},
	{"a new meter", TotalIncreasing, []string{"4000", "4010.5", "unavailable", "0", "0.25", "3.5"}, "14", "3.5", 1},
	{"a used meter, lower", TotalIncreasing, []string{"4000", "1500", "1501"}, "1501", "1501", 1},
	{"a used meter, higher", TotalIncreasing, []string{"4000", "40000", "40001"}, "36001", "40001", 0},
	{"a negative number is skipped", TotalIncreasing, []string{"5", "-1", "6"}, "1", "6", 0},
	{"a negative number first", TotalIncreasing, []string{"-5", "6"}, "11", "6", 0},
	{"from zero", TotalIncreasing, []string{"0", "0", "0.001"}, "0.001", "0.001", 0},
	{"seven decimals", TotalIncreasing, []string{"1234.1234567", "1234.1234568"}, "0.0000001", "1234.1234568", 0},
	{"total falls", Total, []string{"1000", "10", "1000", "1001"}, "1", "1001", 0},
	{"total below zero", Total, []string{"5", "-5", "unavailable", "-6"}, "-11", "-6", 0},
	{"total begins with zero", Total, []string{"0", "17000"}, "17000", "17000", 0},
}
