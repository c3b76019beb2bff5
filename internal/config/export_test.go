package config

import (
	"reflect"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Values are the texts that an option of a type allows.
var Values = map[reflect.Type][]string{
	reflect.TypeFor[Source]():         texts(sources),
	reflect.TypeFor[SerialMode]():     texts(serialModes),
	reflect.TypeFor[Checksum]():       texts(checksums),
	reflect.TypeFor[meter.Language](): texts(meter.Languages),
	reflect.TypeFor[LogLevel]():       texts(logLevels),
}

func texts[T ~string](values []T) []string {
	var list []string
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}
