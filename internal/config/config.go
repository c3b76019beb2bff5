// Package config holds every option of the program in one struct. It is filled
// from the app's options JSON, from environment variables, which win over it,
// and from arguments, which win over both. All have the same defaults and checks.
package config

import "github.com/smartmeter-addon/smartmeter-addon/internal/meter"

// Config has all options. The tag json is the option's dotted path in the
// options file, env the variable's name without its prefix SMARTMETER_; no
// name stands anywhere else. An option without a path is a variable only.
type Config struct {
	Source     Source `json:"source" env:"SOURCE" envDefault:"auto"`
	Serial     Serial
	Network    Network
	Decryption Decryption
	More       More // meters beside the one that the options above set up
	MQTT       MQTT
	JSONSocket Listen `env:"TCP_SERVER" envDefault:"3010"`     // JSON socket
	RawSocket  Listen `env:"RAW_TCP_SERVER" envDefault:"3020"` // raw socket
	Clients    int    `env:"SOCKET_CLIENTS" envDefault:"32"`   // at most, per socket; all servers together have 300
	WebServer  Listen `env:"WEB_SERVER"`                       // page and HTTP API; Load sets IngressPort under Home Assistant
	APIServer  Listen `env:"API_SERVER"`                       // HTTP API without the page; Load sets APIPort under Home Assistant
	APIHosts   List   `json:"api_hosts" env:"API_HOSTS"`       // names of this machine that page and API answer to, beside IP addresses and local names
	Solar      Solar
	Influx     Influx
	Post       Post
	Emulates   Emulates // meters of other makers that the program looks like

	Slot     string         `json:"slot" env:"SLOT" envDefault:"p1"`         // name of the meter in topics and unique ids
	Language meter.Language `json:"language" env:"LANGUAGE" envDefault:"en"` // of the names of devices and entities
	Checksum Checksum       `json:"checksum" env:"CHECKSUM" envDefault:"auto"`
	Energy   EnergyUnit     `json:"energy_unit" env:"ENERGY_UNIT" envDefault:"auto"`
	Data     string         `env:"DATA"` // folder where state is kept from one run to the next; Load finds one where none is set
	Health   Listen         `env:"HEALTH" envDefault:"127.0.0.1:8098"`
	LogLevel LogLevel       `json:"log_level" env:"LOG_LEVEL" envDefault:"info"`
	Debug    bool           `env:"DEBUG"` // as smartmeter2mqtt: Load makes the log level debug
}

// The ports of an app that Home Assistant knows by number: that of ingress is
// the Supervisor's default, that of the API stands in config.yaml.
const (
	IngressPort Listen = ":8099"
	APIPort     Listen = ":8080"
)

// Serial is the cable.
type Serial struct {
	Device string     `json:"serial.device" env:"PORT"` // best a /dev/serial/by-id/... path
	Mode   SerialMode `json:"serial.mode" env:"SERIAL_MODE" envDefault:"auto"`
}

// Network is a reader on the network.
type Network struct {
	Address string `json:"network.address" env:"SOCKET"` // host:port with IPv6 in brackets, or a URL: tcp, homewizard, ws, wss, mqtt:TOPIC
}

// DefaultAAD is Luxembourg's additional authenticated data, which is public.
const DefaultAAD = "3000112233445566778899AABBCCDDEEFF"

// Decryption is for meters that encrypt.
type Decryption struct {
	Key Secret `json:"decryption.key" env:"ENC_KEY"` // 32 hex digits
	// AAD is the additional data that a frame's tag covers: 30 and the
	// authentication key, hex. The default is Luxembourg's.
	AAD Secret `json:"decryption.aad" env:"ENC_AAD" envDefault:"3000112233445566778899AABBCCDDEEFF"`
	// AllowUnverified accepts messages that no tag verifies, even after one was
	// verified.
	AllowUnverified bool `json:"decryption.allow_unverified" env:"ENC_ALLOW_UNVERIFIED"`
}

// More is the meters of one program beside its first.
type More struct {
	Second Further `json:"more_meters.0" envPrefix:"MORE_METERS_0_"`
	Third  Further `json:"more_meters.1" envPrefix:"MORE_METERS_1_"`
	Fourth Further `json:"more_meters.2" envPrefix:"MORE_METERS_2_"`
}

// Further is one more meter: a cable or a reader in the network.
type Further struct {
	Slot    string     `json:"slot" env:"SLOT"`        // its name in topics and unique ids
	Device  string     `json:"device" env:"PORT"`      // best a /dev/serial/by-id/... path
	Mode    SerialMode `json:"mode" env:"SERIAL_MODE"` // empty: auto
	Address string     `json:"address" env:"SOCKET"`   // as Network.Address
	Key     Secret     `json:"key" env:"ENC_KEY"`      // 32 hex digits
	AAD     Secret     `json:"aad" env:"ENC_AAD"`      // empty: Luxembourg's
}

// Emulates is the list of emulated meters.
type Emulates struct {
	First  Emulate `json:"emulate.0" envPrefix:"EMULATE_0_"`
	Second Emulate `json:"emulate.1" envPrefix:"EMULATE_1_"`
	Third  Emulate `json:"emulate.2" envPrefix:"EMULATE_2_"`
	Fourth Emulate `json:"emulate.3" envPrefix:"EMULATE_3_"`
	Fifth  Emulate `json:"emulate.4" envPrefix:"EMULATE_4_"`
	Sixth  Emulate `json:"emulate.5" envPrefix:"EMULATE_5_"`
}

// Emulate is what the options say of one emulated meter; see Config.Emulated.
type Emulate struct {
	Kind  EmulatedKind `json:"kind" env:"KIND"`
	Meter string       `json:"meter" env:"METER"` // slot; empty: the first meter
	Port  OwnPort      `json:"port" env:"PORT"`   // empty: that of the kind
}

// MQTT is the broker and what is published there.
type MQTT struct {
	// URL is empty under Home Assistant, where the Supervisor knows it. After
	// Load it always has a port, and never a user or password: those are in
	// Username and Password.
	URL             string `json:"mqtt.url" env:"MQTT_URL"`
	Username        string `json:"mqtt.username" env:"MQTT_USERNAME"`
	Password        Secret `json:"mqtt.password" env:"MQTT_PASSWORD"`
	CAFile          string `json:"mqtt.ca_file" env:"MQTT_CA_FILE"`     // the only authority that is trusted, PEM; empty: the system's
	CertFile        string `json:"mqtt.cert_file" env:"MQTT_CERT_FILE"` // client certificate, PEM
	KeyFile         string `json:"mqtt.key_file" env:"MQTT_KEY_FILE"`   // its private key, PEM
	Insecure        bool   `json:"mqtt.insecure" env:"MQTT_INSECURE"`   // accept any certificate; with CAFile: any name in one of that authority
	Topic           string `json:"mqtt.topic" env:"MQTT_TOPIC" envDefault:"smartmeter"`
	Discovery       bool   `json:"mqtt.discovery" env:"MQTT_DISCOVERY" envDefault:"true"`
	DiscoveryPrefix string `json:"mqtt.discovery_prefix" env:"MQTT_DISCOVERY_PREFIX" envDefault:"homeassistant"`
	BirthTopic      string `json:"mqtt.birth_topic" env:"MQTT_BIRTH_TOPIC" envDefault:"homeassistant/status"`
	Distinct        bool   `json:"mqtt.distinct" env:"MQTT_DISTINCT"` // a topic for each field, too
	DistinctFields  List   `json:"mqtt.distinct_fields" env:"MQTT_DISTINCT_FIELDS" envDefault:"currentTarrif,totalT1Use,totalT2Use,totalT1Delivered,totalT2Delivered,powerSn,currentUsage,currentDelivery"`
	Interval        int    `json:"mqtt.interval" env:"MQTT_INTERVAL" envDefault:"10"` // seconds between entity states; 0: every telegram
}

// Solar is a solar inverter that speaks SunSpec over Modbus TCP.
type Solar struct {
	Address  string `json:"solar.address" env:"SUNSPEC_MODBUS"`  // host or host:port; after Load always with a port
	Port     int    `env:"SUNSPEC_MODBUS_PORT" envDefault:"502"` // where Address has none
	Unit     int    `json:"solar.unit" env:"SUNSPEC_UNIT" envDefault:"1"`
	Interval int    `json:"solar.interval" env:"SUNSPEC_INTERVAL" envDefault:"10"` // seconds; 900 and more are milliseconds, until Load has made them seconds
}

// Influx is a database that accepts InfluxDB's line protocol. All of URL, Token,
// Org and Bucket are set, or none.
type Influx struct {
	URL      WebURL `json:"influxdb.url" env:"INFLUX_URL"` // http or https
	Token    Secret `json:"influxdb.token" env:"INFLUX_TOKEN"`
	Org      string `json:"influxdb.org" env:"INFLUX_ORG"`
	Bucket   string `json:"influxdb.bucket" env:"INFLUX_BUCKET"`
	BufferMB int    `json:"influxdb.buffer_mb" env:"INFLUX_BUFFER_MB" envDefault:"16"` // readings kept on disk while the database is away, 1 to 1024
}

// Post is the user's web address that readings are sent to.
type Post struct {
	URL      WebURL `json:"post.url" env:"POST_URL"`                            // http or https; a user and password in it are sent
	Interval int    `json:"post.interval" env:"POST_INTERVAL" envDefault:"300"` // seconds between two readings
	JSON     bool   `json:"post.json" env:"POST_JSON"`                          // instead of a form
	Fields   List   `json:"post.fields" env:"POST_FIELDS" envDefault:"powerTs,totalT1Use,totalT1Delivered,totalT2Use,gas_totalUse,gas_ts"`
	CAFile   string `json:"post.ca_file" env:"POST_CA_FILE"` // the only authority that is trusted, PEM; empty: the system's
}
