package config

import (
	"reflect"
	"slices"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Values are the texts that an option of a type allows.
var Values = map[reflect.Type][]string{
	reflect.TypeFor[Source]():         texts(sources),
	reflect.TypeFor[SerialMode]():     texts(serialModes),
	reflect.TypeFor[Checksum]():       texts(checksums),
	reflect.TypeFor[EnergyUnit]():     texts(energyUnits),
	reflect.TypeFor[meter.Language](): texts(meter.Languages),
	reflect.TypeFor[LogLevel]():       texts(logLevels),
	reflect.TypeFor[EmulatedKind]():   texts(kinds()),
}

// Rename gives an option a former name until the test ends. now is its
// variable, without prefix.
func Rename(cleanup func(func()), path, variable, now string) {
	before := renamed
	cleanup(func() { renamed = before })
	renamed = append(slices.Clone(renamed), renaming{naming{path, variable}, now})
}

// Renamed reports whether an option had the path once.
func Renamed(path string) bool {
	return slices.ContainsFunc(renamed, func(r renaming) bool { return r.path == path })
}

func texts[T ~string](values []T) []string {
	var list []string
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}

// Paths returns the paths of all options that have one.
func Paths() (paths []string) {
	for _, o := range optionsOf(new(Config)) {
		if o.path != "" {
			paths = append(paths, o.path)
		}
	}
	return paths
}
