//go:build !js

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	meta "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// serveRequest asks what the API server refuses of custom resources of one kind. Schema is a file of chartgen's: the
// scope of the kind and its schema as the CRD has it.
type serveRequest struct {
	Schema    string            `json:"schema"`
	Documents map[string]string `json:"documents"`
}

// refused is an error of the API server; Rule is false for what the schema of the kind says by itself.
type refused struct {
	Field   string `json:"field"`
	Message string `json:"message"`
	Rule    bool   `json:"rule"`
}

// custom is a kind of custom resource as the API server has it.
type custom struct {
	namespaced bool
	structural *structural.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

var customs sync.Map // path -> func() *custom

// served is {"name of the document": [refused, …]}.
func served(r *serveRequest) json.RawMessage {
	kept, _ := customs.LoadOrStore(r.Schema, sync.OnceValue(func() *custom { return customKind(r.Schema) }))
	kind := kept.(func() *custom)()
	found := make(map[string][]refused, len(r.Documents))
	for name, text := range r.Documents {
		found[name] = kind.refuses(text)
	}
	data, err := json.Marshal(found)
	if err != nil {
		panic(err)
	}
	return data
}

// customKind reads a file of chartgen's; a CRD that the API server would not serve is left to the caller.
func customKind(place string) *custom {
	data, err := os.ReadFile(place)
	if err != nil {
		panic(err)
	}
	var file struct {
		Scope  string
		Schema v1.JSONSchemaProps
	}
	if err := json.Unmarshal(data, &file); err != nil {
		panic(err)
	}
	var properties apiextensions.JSONSchemaProps
	if err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&file.Schema, &properties, nil); err != nil {
		panic(err)
	}
	schema, err := structural.NewStructural(&properties)
	if err != nil {
		panic(err)
	}
	if err := defaulting.PruneDefaults(schema); err != nil {
		panic(err)
	}
	validator, _, err := validation.NewSchemaValidator(&properties)
	if err != nil {
		panic(err)
	}
	return &custom{file.Scope == "Namespaced", schema, validator, cel.NewValidator(schema, true, celconfig.PerCallLimit)}
}

// refuses is what the API server does with a new object (customResourceStrategy, pkg/registry/customresource, which has
// the storage with it): nulls are pruned and defaults set, then all is validated. Rules run on objects of the right types.
func (c *custom) refuses(text string) []refused {
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		panic(err)
	}
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(data); err != nil {
		panic(err)
	}
	if c.namespaced && object.GetNamespace() == "" {
		object.SetNamespace("default")
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object.Object, c.structural)
	defaulting.Default(object.Object, c.structural)
	delete(object.Object, "status") // as of each kind that has the subresource, and all of these kinds have it
	ctx := context.Background()
	plain := meta.ValidateObjectMetaAccessor(&object, c.namespaced, meta.NameIsDNSSubdomain, field.NewPath("metadata"))
	plain = append(plain, validation.ValidateCustomResource(nil, object.Object, c.schema)...)
	rules := objectmeta.Validate(ctx, nil, object.Object, c.structural, false)
	rules = append(rules, listtype.ValidateListSetsAndMaps(nil, c.structural, object.Object)...)
	if c.rules != nil && !blocked(plain) && !blocked(rules) {
		more, _ := c.rules.Validate(ctx, nil, c.structural, object.Object, nil, celconfig.RuntimeCELCostBudget)
		rules = append(rules, more...)
	}
	return append(told(plain, false), told(rules, true)...)
}

// blocked is hasBlockingErr (pkg/registry/customresource): whether errors are such that no rule is run.
func blocked(errs field.ErrorList) bool {
	for _, each := range errs {
		switch each.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}

func told(errs field.ErrorList, rule bool) []refused {
	found := make([]refused, 0, len(errs))
	for _, each := range errs {
		said := each.Detail
		switch {
		case each.Type == field.ErrorTypeDuplicate:
			shown, _ := json.Marshal(each.BadValue)
			said = fmt.Sprintf("duplicate value: %s", shown)
		case said == "":
			said = strings.ToLower(each.Type.String())
		}
		found = append(found, refused{each.Field, said, rule})
	}
	return found
}
