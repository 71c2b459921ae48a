package main

import (
	"encoding/json"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// fitRequest asks which documents do not fit a JSON Schema, draft-07 without formats. All are texts of JSON.
type fitRequest struct {
	Schema    string            `json:"schema"`
	Documents map[string]string `json:"documents"`
}

var fitting sync.Map // text of a schema -> func() *jsonschema.Schema

// fitted is {"unfit": [names of documents]}. A schema that does not compile here is left to the caller.
func fitted(r *fitRequest) json.RawMessage {
	kept, _ := fitting.LoadOrStore(r.Schema, sync.OnceValue(func() *jsonschema.Schema { return compiled(r.Schema) }))
	schema := kept.(func() *jsonschema.Schema)()
	unfit := []string{}
	for name, text := range r.Documents {
		data, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil || schema.Validate(data) != nil {
			unfit = append(unfit, name)
		}
	}
	data, err := json.Marshal(map[string][]string{"unfit": unfit})
	if err != nil {
		panic(err)
	}
	return data
}

func compiled(text string) *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // nothing but this document
	if err := compiler.AddResource("file:///schema.json", document); err != nil {
		panic(err)
	}
	found, err := compiler.Compile("file:///schema.json")
	if err != nil {
		panic(err)
	}
	return found
}
