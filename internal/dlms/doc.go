// Package dlms reads what meters push by DLMS/COSEM (IEC 62056): messages that
// Joiner puts together from frames and blocks, and that Decoder reads into
// objects.
//
// What differs between makers stands in two tables, patterns and lists in
// layouts.go: a new maker is a row.
package dlms
