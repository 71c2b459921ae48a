//go:build !js

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/yannh/kubeconform/pkg/output"
	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"
)

// checkRequest is one run of `kubeconform -strict -verbose -output=json` over files of one document each.
type checkRequest struct {
	Version   string            `json:"version"`
	Locations []string          `json:"locations"`
	Documents map[string]string `json:"documents"`
}

var validators sync.Map // version and locations -> validator.Validator

// checked is what kubeconform prints: {"resources": […]}.
func checked(r *checkRequest) json.RawMessage {
	key := fmt.Sprint(r.Version, r.Locations)
	found, ok := validators.Load(key)
	if !ok {
		made, err := validator.New(r.Locations, validator.Opts{KubernetesVersion: r.Version, Strict: true})
		if err != nil {
			panic(err)
		}
		found, _ = validators.LoadOrStore(key, made)
	}
	var printed bytes.Buffer
	out, err := output.New(&printed, "json", false, false, true)
	if err != nil {
		panic(err)
	}
	for name, text := range r.Documents {
		for _, each := range resources(name, text) {
			if err := out.Write(found.(validator.Validator).ValidateResource(each)); err != nil {
				panic(err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		panic(err)
	}
	return json.RawMessage(printed.Bytes())
}

// resources is kubeconform's findResourcesInReader (pkg/resource), which is not public.
func resources(name, text string) []resource.Resource {
	var found []resource.Resource
	scanner := bufio.NewScanner(strings.NewReader(text))
	scanner.Buffer(make([]byte, 64<<10), 256<<20)
	scanner.Split(resource.SplitYAMLDocument)
	for scanner.Scan() {
		if part := scanner.Text(); len(part) > 0 {
			each := resource.Resource{Path: name, Bytes: []byte(part)}
			found = append(found, each.Resources()...)
		}
	}
	if len(found) == 0 {
		found = append(found, resource.Resource{Path: name, Bytes: []byte{}})
	}
	return found
}
