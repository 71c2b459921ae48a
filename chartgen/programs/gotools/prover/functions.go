package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// functions are those of Helm's engine (funcMap and initFunMap, pkg/engine, are not public) that charts usually call.
// A template that calls another does not parse here, and Helm's engine renders the chart.
func functions() template.FuncMap {
	found := sprig.TxtFuncMap()
	delete(found, "env")
	delete(found, "expandenv")
	found["toYaml"] = toYAML
	found["fromYaml"] = fromYAML
	found["fromYamlArray"] = fromYAMLArray
	found["toJson"] = toJSON
	found["mustToJson"] = mustToJSON
	found["fromJson"] = fromJSON
	found["fromJsonArray"] = fromJSONArray
	found["include"] = func(string, any) (string, error) { return "", errors.New("unbound") }
	found["tpl"] = func(string, any) (string, error) { return "", errors.New("unbound") }
	found["required"] = required
	found["fail"] = func(said string) (string, error) { return "", errors.New(wrapped(said)) }
	found["lookup"] = func(string, string, string, string) (map[string]any, error) { return map[string]any{}, nil }
	found["getHostByName"] = func(string) string { return "" }
	return found
}

// bind gives a set of templates the functions that call others of it.
func bind(t *template.Template, depth map[string]int) {
	t.Funcs(template.FuncMap{"include": include(t, depth), "tpl": tpl(t, depth)})
}

const deepest = 1000 // as recursionMaxNums

func include(t *template.Template, depth map[string]int) func(string, any) (string, error) {
	return func(name string, data any) (string, error) {
		if depth[name] > deepest {
			return "", fmt.Errorf("rendering template has a nested reference name: %s: %w", name, errors.New("unable to execute template"))
		}
		var buf strings.Builder
		depth[name]++
		err := t.ExecuteTemplate(&buf, name, data)
		depth[name]--
		return buf.String(), err
	}
}

func tpl(parent *template.Template, depth map[string]int) func(string, any) (string, error) {
	return func(text string, data any) (string, error) {
		t, err := parent.Clone()
		if err != nil {
			return "", fmt.Errorf("cannot clone template: %w", err)
		}
		t.Option("missingkey=zero")
		bind(t, depth)
		if t, err = t.New(parent.Name()).Parse(text); err != nil {
			return "", fmt.Errorf("cannot parse template %q: %w", text, err)
		}
		var buf strings.Builder
		if err := t.Execute(&buf, data); err != nil {
			return "", fmt.Errorf("error during tpl function execution for %q: %w", text, err)
		}
		return strings.ReplaceAll(buf.String(), "<no value>", ""), nil
	}
}

func wrapped(said string) string { return "HELM_ERR_START" + said + "HELM_ERR_END" }

func required(said string, value any) (any, error) {
	if value == nil || value == "" {
		return value, errors.New(wrapped(said))
	}
	return value, nil
}

func toYAML(value any) string {
	data, err := yaml.Marshal(value)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(data), "\n")
}

func fromYAML(text string) map[string]any {
	found := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &found); err != nil {
		found["Error"] = err.Error()
	}
	return found
}

func fromYAMLArray(text string) []any {
	found := []any{}
	if err := yaml.Unmarshal([]byte(text), &found); err != nil {
		found = []any{err.Error()}
	}
	return found
}

func toJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(data)
}

func mustToJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func fromJSON(text string) map[string]any {
	found := make(map[string]any)
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		found["Error"] = err.Error()
	}
	return found
}

func fromJSONArray(text string) []any {
	found := []any{}
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		found = []any{err.Error()}
	}
	return found
}
