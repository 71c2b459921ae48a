package main

// The program inside a page: it renders, and reads YAML for the page's Python. It has nothing that checks objects, and
// nothing that reaches a cluster or a server (page.yaml).

import (
	"bytes"
	"encoding/json"
	"syscall/js"

	"github.com/santhosh-tekuri/jsonschema/v6"
	yaml "go.yaml.in/yaml/v2"
)

type (
	checkRequest struct{}
	serveRequest struct{}
)

func checked(*checkRequest) json.RawMessage { panic("objects are not checked here") }

func served(*serveRequest) json.RawMessage { panic("objects are not checked here") }

// main gives the page two functions, from a text to a text: `prover` answers a request with what would be its line, and
// `events` has the events of a YAML text (yaml.Events, in page.yaml). Each returns at once: the files that it reads are
// in memory.
func main() {
	hushed()
	trust = func(known bool) { jsonschema.Trusted = known }
	global := js.Global()
	global.Set("prover", js.FuncOf(func(_ js.Value, given []js.Value) any {
		var each request
		if err := json.Unmarshal([]byte(given[0].String()), &each); err != nil {
			return text(answer{Uncovered: err.Error()})
		}
		return text(handled(each))
	}))
	global.Set("events", js.FuncOf(func(_ js.Value, given []js.Value) any {
		return text(yaml.Events([]byte(given[0].String())))
	}))
	select {}
}

func text(data any) string {
	var line bytes.Buffer
	lines := json.NewEncoder(&line)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(data); err != nil {
		return `{"uncovered": "an answer that is not JSON"}`
	}
	return line.String()
}
