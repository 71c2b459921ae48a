// Package common has .Capabilities of a render that records what it depends on. It is called as Helm's package is: a
// template can print the name of the type.
package common

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/mitchellh/copystructure"
	helm "helm.sh/helm/v4/pkg/chart/common"
)

// A copy (deepCopy) is one of Helm's, and asks for the same: fields that are not public are not copied.
func init() {
	copystructure.Copiers[reflect.TypeFor[Capabilities]()] = func(given any) (any, error) {
		c := given.(Capabilities)
		own, err := copystructure.Copy(c.own)
		if err != nil {
			return nil, err
		}
		return Capabilities{own.(*helm.Capabilities), c.read}, nil
	}
}

// Capabilities are Helm's. A template that reads a field of them is rewritten to ask for it (asked.go); whatever else
// prints them prints Helm's own, and depends on all of them.
type Capabilities struct {
	own  *helm.Capabilities
	read *bool
}

// New sets read when more is asked for than what Is compares.
func New(own *helm.Capabilities, read *bool) *Capabilities { return &Capabilities{own, read} }

// All are Helm's own.
func All(c *Capabilities) *helm.Capabilities {
	*c.read = true
	return c.own
}

// Version is that of Kubernetes, for whoever records what it is used for.
func Version(c *Capabilities) string { return c.own.KubeVersion.Version }

// Format is for fmt.
func (c *Capabilities) Format(to fmt.State, verb rune) {
	fmt.Fprintf(to, fmt.FormatString(to, verb), All(c))
}

// MarshalJSON is for JSON and YAML.
func (c *Capabilities) MarshalJSON() ([]byte, error) { return json.Marshal(All(c)) }
