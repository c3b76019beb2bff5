//go:build field

// Package field_test reads what the simulator pushes with libraries that are not
// ours, and compares that with what the program reads. The script run beside it
// installs them, hence the build tag.
package field_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/cosem"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// ask has a library read a message.
func ask(t *testing.T, library string, message []byte, e *simulate.Encrypter, into any) {
	t.Helper()
	order := map[string]string{"library": library, "data": hex.EncodeToString(message), "key": "", "auth": ""}
	if e != nil {
		order["key"], order["auth"] = hex.EncodeToString(e.Key[:]), hex.EncodeToString(e.AuthKey[:])
	}
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	python := exec.Command(os.Getenv("PYTHON"), "read.py")
	var said bytes.Buffer
	python.Stdin, python.Stderr = bytes.NewReader(text), &said
	out, err := python.Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		t.Fatalf("%s: %v: %s\n%s", library, err, out, said.String())
	}
}

// objects are what the program reads of a message.
func objects(t *testing.T, message []byte, e *simulate.Encrypter) []cosem.Object {
	t.Helper()
	var keys cipher.Keys
	if e != nil {
		keys = cipher.Keys{Key: e.Key[:], AAD: e.AuthKey[:]}
	}
	r := decode.NewReader(decode.Options{Keys: keys})
	r.Reset(bytes.NewReader(message))
	m, ok := r.Next()
	if !ok || m.Err != nil || m.Pushed == nil {
		t.Fatalf("%v, %v", ok, m.Err)
	}
	return slices.Clone(m.Pushed.Objects)
}

var at = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

// TestGurux: gurux-dlms finds, in frames, segments, blocks and ciphered messages,
// the codes and numbers that the program finds, in the same order.
func TestGurux(t *testing.T) {
	for kind, info := range simulate.Pushes {
		switch simulate.Push(kind) {
		case simulate.SML, simulate.SMLLocked:
			continue
		case simulate.Kaifa, simulate.SagemcomRaw:
			continue // they break the standard: a tag before the time, none before a descriptor
		}
		t.Run(info.Name, func(t *testing.T) {
			push := simulate.NewPush(simulate.Push(kind), simulate.Options{Seed: 3, Start: at})
			message := push.Message(at)
			want := objects(t, message, push.Encrypter)
			if message[0] == 0x68 { // gurux joins no M-Bus frames: what is in them
				message = unwrap(t, message)
			}
			var leaves []any
			ask(t, "gurux", message, push.Encrypter, &leaves)
			i, compared := 0, 0
			find := func(what any) bool {
				for ; i < len(leaves); i++ {
					if leaves[i] == what {
						return true
					}
				}
				return false
			}
			isPushList := simulate.Push(kind) == simulate.LandisGyr // codes first, then values
			for k := range want {
				o := &want[k]
				code := []byte{o.Code.A(), o.Code.B(), o.Code.C(), o.Code.D(), o.Code.E(), o.Code.F()}
				switch simulate.Push(kind) {
				case simulate.Iskra, simulate.LandisGyr: // values without codes
				default:
					if !find(hex.EncodeToString(code)) {
						t.Fatalf("%s is not there: %v", o.Code, leaves)
					}
				}
				if o.Type == cosem.Number {
					if isPushList && compared == 0 {
						i = len(leaves) - len(want)
					}
					if !find(float64(o.Number)) {
						t.Fatalf("%s is not %d: %v", o.Code, o.Number, leaves)
					}
					i++
					compared++
				}
			}
			if compared < 5 {
				t.Errorf("only %d numbers were compared", compared)
			}
		})
	}
}

// unwrap returns what is in the long frames of M-Bus.
func unwrap(t *testing.T, p []byte) (apdu []byte) {
	t.Helper()
	for len(p) > 0 {
		length := int(p[1])
		apdu = append(apdu, p[9:4+length]...)
		p = p[4+length+2:]
	}
	return apdu
}

// TestSML: pysml and smllib read the same codes and values of SML.
func TestSML(t *testing.T) {
	for _, kind := range []simulate.Push{simulate.SML, simulate.SMLLocked} {
		for _, library := range []string{"pysml", "smllib"} {
			t.Run(fmt.Sprint(simulate.Pushes[kind].Name, " ", library), func(t *testing.T) {
				message := simulate.NewPush(kind, simulate.Options{Seed: 3, Start: at}).Message(at)
				var values [][2]any
				ask(t, library, message, nil, &values)
				found := make(map[string]any)
				for _, v := range values {
					found[v[0].(string)] = v[1]
				}
				compared := 0
				for _, o := range objects(t, message, nil) {
					code := fmt.Sprintf("%d-%d:%d.%d.%d*%d", o.Code.A(), o.Code.B(), o.Code.C(), o.Code.D(), o.Code.E(), o.Code.F())
					theirs, ok := found[code]
					if !ok {
						t.Errorf("%s is not there: %v", code, found)
						continue
					}
					if o.Type != cosem.Number {
						continue
					}
					number, ok := theirs.(float64)
					if want := float64(o.Number) * math.Pow10(int(o.Exp)); !ok || math.Abs(number-want) > 1e-6 {
						t.Errorf("%s is %v, want %v", code, theirs, want)
					}
					compared++
				}
				if compared < 2 {
					t.Errorf("only %d values were compared", compared)
				}
			})
		}
	}
}
