package diagnosis

import (
	"encoding/json"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Script returns the table as a module for the page: texts by language and
// name of the cause, a pair of what is the matter and what to do about it. In
// English the status says it. options calls the options in a text by their
// names.
func Script(options func(l meter.Language, text string) string) []byte {
	words := make(map[meter.Language]map[string][2]string)
	for _, l := range meter.Languages[1:] {
		words[l] = make(map[string][2]string)
		for _, c := range All() {
			words[l][c.String()] = [2]string{c.Text(l), options(l, c.Next(l))}
		}
	}
	table, err := json.Marshal(words)
	if err != nil {
		panic(err) // texts are always JSON
	}
	return append(append([]byte("export const causes = "), table...), ";\n"...)
}
