package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"
)

const (
	// OptionsVariable names the options file, which must exist then.
	OptionsVariable = prefix + "OPTIONS"
	// SupervisorVariable is another address of the Supervisor, for tests.
	SupervisorVariable = prefix + "SUPERVISOR"
	// formerOptionsVariable names the options file for smartmeter2mqtt's beta,
	// which does without a file that is not there.
	formerOptionsVariable = "CONFIG_PATH"
	// DefaultOptions is the options file of an app. It may be missing.
	DefaultOptions = "/data/options.json"
)

// setting is what the user wrote for one option.
type setting struct {
	name string // dotted path or variable, as written
	text string
}

// loader gathers the settings of all sources, by the option's variable.
type loader struct {
	list     []option
	settings map[string]setting
	former   []formerSetting // of the options file
	foreign  bool            // the options file is smartmeter2mqtt's
	left     []string        // what that sets without an option here
	warnings []string
}

// Load reads the options file, the environment and the arguments of the command
// line, given as os.Environ, os.ReadFile and os.Args[1:] give them, and checks
// the outcome. The variables win over the file, and the arguments over both. The
// strings are warnings, a line each, for a person to act on. An option that
// cannot work is an *Error; of the Config only the language may be set then.
func Load(environ []string, readFile func(name string) ([]byte, error), args ...string) (Config, []string, error) {
	var c Config
	l := loader{list: optionsOf(&c), settings: make(map[string]setting)}
	arguments, err := l.arguments(args)
	if err != nil {
		return Config{}, nil, err
	}
	file, by, vars := optionsFile(environ, append(variables(environ), arguments...))
	data, err := readFile(file)
	if err == nil && by == formerOptionsVariable {
		l.warn("the variable %s is called %s now; it still works, but write that", by, OptionsVariable)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && (by == "" || by == formerOptionsVariable):
	case errors.Is(err, fs.ErrNotExist):
		mend := "there is no such file; name an options file that exists, or none"
		return Config{}, l.warnings, &Error{Option: by, Value: file, Mend: mend, Err: err}
	case err != nil:
		mend := fmt.Sprintf("cannot be read (%s); give this program permission to read it", cause(err))
		return Config{}, l.warnings, &Error{Option: file, Mend: mend, Err: err}
	default:
		if err := l.file(file, data); err != nil {
			return Config{}, l.warnings, err
		}
	}
	if err := l.overlay(vars); err != nil {
		return Config{}, l.warnings, err
	}

	texts := make(map[string]string, len(l.settings))
	for _, o := range l.list {
		s, ok := l.settings[o.variable]
		if !ok {
			continue
		}
		text, mend := plain(o.value.Kind(), s.text)
		if !o.secret() && wrapped(s.text) {
			mend = "leave out the quotes around the value"
		}
		if mend != "" {
			return Config{}, l.warnings, l.fault(o, mend)
		}
		texts[o.variable] = text
	}
	if err := env.ParseWithOptions(&c, env.Options{Environment: texts}); err != nil {
		return Config{}, l.warnings, fmt.Errorf("filling the options: %w", err)
	}
	if field, mend := c.wrong(); mend != "" {
		return Config{Language: c.Language}, l.warnings, l.fault(optionAt(l.list, field), mend)
	}
	l.warnings = append(l.warnings, c.milliseconds()...)
	l.warnings = append(l.warnings, c.afterPort()...)
	c.complete()
	if _, field, mend := c.brokerTLS(readFile); mend != "" {
		return Config{Language: c.Language}, l.warnings, l.fault(optionAt(l.list, field), mend)
	}
	if _, mend := authority(readFile, c.Post.CAFile); mend != "" {
		return Config{Language: c.Language}, l.warnings, l.fault(optionAt(l.list, &c.Post.CAFile), mend)
	}
	if c.Data == "" {
		c.Data = dataFolder(environ)
	}
	if Supervised(environ) {
		l.preset(&c.WebServer, IngressPort)
		l.preset(&c.APIServer, APIPort)
	}
	l.warnings = append(l.warnings, c.warnings()...)
	return c, l.warnings, nil
}

// cause returns err without the name of the file, which may contain anything.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// fault returns the error of an option under the name that the user wrote.
func (l *loader) fault(o option, mend string) *Error {
	s, ok := l.settings[o.variable]
	if !ok {
		s = setting{l.unset(o), fmt.Sprint(o.value)}
	}
	e := &Error{Option: s.name, Value: mask(s.text), Mend: mend}
	switch o.value.Interface().(type) {
	case Secret:
		e.Value = hidden
	case WebURL:
		e.Value = WebURL(s.text).String()
	}
	return e
}

// unset returns the name of an option that the user has not set, in the way in
// which those of its group are written.
func (l *loader) unset(o option) string {
	group := o.path[:strings.LastIndexByte(o.path, '.')+1]
	for _, other := range l.list {
		s, isSet := l.settings[other.variable]
		if group != "" && isSet && strings.HasPrefix(other.path, group) && strings.HasPrefix(s.name, prefix) {
			return prefix + o.variable
		}
	}
	return o.name()
}

// clean removes the spaces around a text, except around a secret, where they
// may belong to it.
func clean(o option, text string) string {
	if o.secret() {
		return text
	}
	return strings.TrimSpace(text)
}

// plain returns the text of a number or a switch in the form that package env
// parses, or what to write instead.
func plain(kind reflect.Kind, text string) (out, mend string) {
	switch kind {
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true", "yes", "on", "1":
			return "true", ""
		case "false", "no", "off", "0":
			return "false", ""
		}
		return "", "write true or false"
	case reflect.Int:
		// JSON may write 10 as 10.0 or 1e1.
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n != float64(int32(n)) {
			return "", "write a whole number"
		}
		return strconv.Itoa(int(n)), ""
	}
	return text, ""
}

// wrapped reports whether a text has quotes around it, as happens in the list
// of variables of a compose file.
func wrapped(s string) bool {
	return len(s) > 1 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0]
}

// complete normalises a valid Config for the rest of the program.
func (c *Config) complete() {
	if c.Debug {
		c.LogLevel = LogDebug
	}
	if _, _, err := net.SplitHostPort(c.Solar.Address); err != nil && c.Solar.Address != "" {
		c.Solar.Address = net.JoinHostPort(c.Solar.Address, strconv.Itoa(c.Solar.Port))
	}
	if c.MQTT.URL == "" {
		return
	}
	u, err := url.Parse(c.MQTT.URL)
	if err != nil {
		return // a valid one parses
	}
	if u.User != nil && c.MQTT.Username == "" {
		c.MQTT.Username = u.User.Username()
		if password, ok := u.User.Password(); ok && c.MQTT.Password == "" {
			c.MQTT.Password = Secret(password)
		}
	}
	u.User, u.Scheme = nil, brokerScheme(u.Scheme)
	if u.Path == "/" {
		u.Path = ""
	}
	if !hasPath(u) {
		u = &url.URL{Scheme: u.Scheme, Host: u.Host}
	}
	c.MQTT.URL = withPort(u).String()
}

// preset sets an option that the user has not set, not even to off.
func (l *loader) preset(field *Listen, value Listen) {
	if _, set := l.settings[optionAt(l.list, field).variable]; !set {
		*field = value
	}
}

// Supervised reports whether Home Assistant's Supervisor started the program.
func Supervised(environ []string) bool {
	return slices.ContainsFunc(environ, func(v string) bool {
		token, ours := strings.CutPrefix(v, "SUPERVISOR_TOKEN=")
		return ours && token != ""
	})
}

// The interval of smartmeter2mqtt is in milliseconds, and more than 900 where
// it worked at all. Nobody means a quarter of an hour.
const (
	firstMilliseconds = 900
	mostMilliseconds  = 3_600_000
)

// milliseconds converts the inverter's interval to seconds, with a warning.
func (c *Config) milliseconds() []string {
	if c.Solar.Interval < firstMilliseconds {
		return nil
	}
	meant := c.Solar.Interval
	c.Solar.Interval = (meant + 999) / 1000
	return []string{fmt.Sprintf("%s is taken for milliseconds, as smartmeter2mqtt meant it; write %d, in seconds, instead of %d",
		optionAt(optionsOf(c), &c.Solar.Interval).name(), c.Solar.Interval, meant)}
}

// afterPort warns about what follows the port in the broker's URL:
// smartmeter2mqtt's MQTT library reads a client id there, and ignores the rest.
func (c *Config) afterPort() []string {
	name := optionAt(optionsOf(c), &c.MQTT.URL).name()
	u, err := url.Parse(c.MQTT.URL)
	switch {
	case err != nil || u.Host == "":
		return nil
	case u.Query().Has("clientId"):
		return []string{name + " has a clientId, which is not used, " +
			"because the program names itself to the broker; leave it out"}
	case !hasPath(u) && strings.Trim(u.RequestURI(), "/")+u.Fragment != "":
		return []string{fmt.Sprintf("what follows the port in %s is not used; leave it out, and write the topic in %s",
			name, optionAt(optionsOf(c), &c.MQTT.Topic).name())}
	}
	return nil
}

// dataFolder returns the default folder for state: the one that the Supervisor
// keeps and backs up, else the user's (XDG Base Directory Specification), else
// the system's.
func dataFolder(environ []string) string {
	variables := make(map[string]string)
	for _, line := range environ {
		name, text, _ := strings.Cut(line, "=")
		variables[name] = text
	}
	state, home := variables["XDG_STATE_HOME"], variables["HOME"]
	switch {
	case Supervised(environ):
		return "/data"
	case filepath.IsAbs(state):
		return filepath.Join(state, "smartmeter")
	case filepath.IsAbs(home):
		return filepath.Join(home, ".local", "state", "smartmeter")
	}
	return "/var/lib/smartmeter"
}

// warnings returns warnings about options that work but are hardly intended.
func (c *Config) warnings() []string {
	list := optionsOf(c)
	var w []string
	if c.Source == SourceAuto && c.Serial.Device != "" && c.Network.Address != "" {
		w = append(w, fmt.Sprintf("both %s and %s are set, and the network is read; to read the cable, set %s to %s",
			optionAt(list, &c.Serial.Device).name(), optionAt(list, &c.Network.Address).name(),
			optionAt(list, &c.Source).name(), SourceSerial))
	}
	if c.MQTT.Password != "" && c.MQTT.Username == "" {
		w = append(w, fmt.Sprintf("%s is not used, because MQTT has no password without a user; set %s too",
			optionAt(list, &c.MQTT.Password).name(), optionAt(list, &c.MQTT.Username).name()))
	}
	switch certified := c.MQTT.CAFile != "" || c.MQTT.CertFile != ""; {
	case c.MQTT.unencrypted() && (certified || c.MQTT.Insecure):
		w = append(w, fmt.Sprintf("the options for TLS are not used, because the connection to the broker is not encrypted; "+
			"write mqtts:// or wss:// in %s",
			optionAt(list, &c.MQTT.URL).name()))
	case c.MQTT.Insecure && c.MQTT.CAFile == "":
		w = append(w, fmt.Sprintf("%s is on: whoever impersonates the broker gets the password and the readings; "+
			"set %s instead",
			optionAt(list, &c.MQTT.Insecure).name(), optionAt(list, &c.MQTT.CAFile).name()))
	case c.MQTT.Insecure:
		w = append(w, fmt.Sprintf("%s is on: any certificate of the authority in %s is accepted as the broker's, "+
			"whatever name it has",
			optionAt(list, &c.MQTT.Insecure).name(), optionAt(list, &c.MQTT.CAFile).name()))
	}
	return w
}
