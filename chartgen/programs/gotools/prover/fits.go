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

var fitting sync.Map // text of a schema -> func() (*jsonschema.Schema, error)

// fitted is {"unfit": [names of documents]}. A schema that does not compile here is left to the caller.
func fitted(r *fitRequest) json.RawMessage {
	kept, _ := fitting.LoadOrStore(r.Schema, sync.OnceValues(func() (*jsonschema.Schema, error) {
		return compiled([]byte(r.Schema), jsonschema.Draft7)
	}))
	schema, err := kept.(func() (*jsonschema.Schema, error))()
	if err != nil {
		panic(err)
	}
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
