package supervisor

import (
	"regexp"
	"strings"
)

// hostname is the host name of an app's container: the repository's hash, or
// local, and the app's own slug, with - in place of _.
var hostname = regexp.MustCompile("^(local|[0-9a-f]{8})-[a-z0-9-]+$")

// Page returns the link to the app's page inside Home Assistant, as devices
// have it; empty where no Supervisor started this program. It asks nobody, so
// that nothing waits for it. Home Assistant has pages of apps there since
// 2026.2.
func Page(getenv func(name string) string) string {
	name := getenv("HOSTNAME")
	if FromEnv(getenv) == nil || !hostname.MatchString(name) {
		return ""
	}
	return "homeassistant://app/" + strings.ReplaceAll(name, "-", "_")
}
