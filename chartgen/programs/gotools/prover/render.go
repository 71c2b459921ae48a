package main

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	ci "helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/getter"
)

// renderRequest is one run of `helm template`. Version is what the command calls itself.
type renderRequest struct {
	Chart       string   `json:"chart"`
	Values      []string `json:"values"`
	Set         []string `json:"set"`
	SetString   []string `json:"set-string"`
	SetJSON     []string `json:"set-json"`
	SetFile     []string `json:"set-file"`
	KubeVersion string   `json:"kube_version"`
	APIVersions []string `json:"api_versions"`
	Release     string   `json:"release"`
	Namespace   string   `json:"namespace"`
	HelmVersion string   `json:"helm_version"`
	Fixed       bool     `json:"fixed"` // random texts are the same in each render
	Known       bool     `json:"known"` // the chart was rendered with these values before: its schema accepts them
}

// loaded is a chart without subcharts, read once in this process. Nothing in it changes afterwards. What not every
// request uses is made when one does.
type loaded struct {
	chart  *chart.Chart
	schema func() func(common.Values) error
	known  atomic.Bool // the schema is correct
	engine *templates  // nil where Helm's own engine has to render the chart
	folds  folds
	frame  func() string // a hash of all that every render depends on: the chart without the texts of its templates
}

type once struct {
	sync.Once
	chart     *loaded
	err       error
	uncovered string
}

var charts sync.Map // path -> *once

// rendered does what `helm template` does with a request: what it prints, or its error after "Error: ".
func rendered(r *renderRequest) (done answer) {
	slot := found(r.Chart)
	if slot.uncovered != "" {
		return answer{Uncovered: slot.uncovered}
	}
	text, ran, err := r.template(slot)
	if err != nil {
		text = ""
		done.Error = err.Error()
	}
	if !utf8.ValidString(text) || !utf8.ValidString(done.Error) {
		return answer{Uncovered: "the result is not UTF-8"}
	}
	done.Text, done.Ran = text, ran
	return done
}

func found(place string) *once {
	kept, _ := charts.LoadOrStore(place, new(once))
	slot := kept.(*once)
	slot.Do(func() { slot.chart, slot.uncovered, slot.err = load(place) })
	return slot
}

// described is what renders of a chart depend on: its frame, and a hash of each template and of each file.
func described(place string) answer {
	slot := found(place)
	if slot.chart == nil || slot.chart.engine == nil {
		return answer{Uncovered: "the chart is not rendered here"}
	}
	return answer{Frame: slot.chart.frame(), Providers: slot.chart.engine.providers()}
}

// frame is a hash of a chart without the texts of its templates, but with the names of those that Helm runs.
func frame(c *chart.Chart) string {
	var parts []string
	for _, each := range c.Raw {
		switch {
		case !strings.HasPrefix(each.Name, "templates/"):
			parts = append(parts, each.Name, string(each.Data))
		case !strings.HasPrefix(path.Base(each.Name), "_"):
			parts = append(parts, each.Name, "")
		}
	}
	return hashed(parts...)
}

// load reads a chart. Charts whose subcharts Helm changes for every render are left to the command.
func load(place string) (*loaded, string, error) {
	abs, err := filepath.Abs(place)
	if err != nil {
		return nil, "", err
	}
	found, err := loader.Load(abs)
	if err != nil {
		return nil, "", err
	}
	c, flat := found.(*chart.Chart)
	switch {
	case !flat:
		return nil, "the chart's apiVersion", nil
	case len(c.Dependencies()) > 0 || len(c.Metadata.Dependencies) > 0:
		return nil, "the chart has subcharts", nil
	case c.Metadata.Type != "" && c.Metadata.Type != "application":
		return nil, "the chart's type", nil
	}
	made := &loaded{chart: c, engine: parsed(c), frame: sync.OnceValue(func() string { return frame(c) })}
	made.schema = sync.OnceValue(func() func(common.Values) error {
		trust(made.known.Load())
		defer trust(false)
		return schema(c)
	})
	return made, "", nil
}

// template is helm's runInstall (pkg/cmd), Install.RunWithContext and renderResources (pkg/action) for a chart without
// subcharts, on a client: the same public functions in the same order, with the same words around their errors.
func (r *renderRequest) template(slot *once) (text string, ran []string, err error) {
	caps := common.DefaultCapabilities.Copy()
	if r.KubeVersion != "" {
		version, err := common.ParseKubeVersion(r.KubeVersion)
		if err != nil {
			return "", nil, fmt.Errorf("invalid kube version '%s': %w", r.KubeVersion, err)
		}
		caps.KubeVersion = *version
	}
	given := values.Options{ValueFiles: r.Values, Values: r.Set, StringValues: r.SetString, JSONValues: r.SetJSON, FileValues: r.SetFile}
	vals, err := given.MergeValues(getter.Providers{})
	if err != nil {
		return "", nil, err
	}
	if slot.err != nil {
		return "", nil, slot.err
	}
	c := slot.chart
	if err := chartutil.ValidateReleaseName(r.Release); err != nil {
		return "", nil, fmt.Errorf("release name check failed: %w", fmt.Errorf("release name %q: %w", r.Release, err))
	}
	caps.APIVersions = append(append(common.VersionSet{}, caps.APIVersions...), r.APIVersions...)
	if r.HelmVersion != "" {
		caps.HelmVersion.Version = r.HelmVersion
	}
	release := common.ReleaseOptions{Name: r.Release, Namespace: r.Namespace, Revision: 1, IsInstall: true}
	made := func() (common.Values, error) {
		return util.ToRenderValuesWithSchemaValidation(c.chart, vals, release, caps, true)
	}
	top, err := made()
	if err != nil {
		return "", nil, err
	}
	if r.Known {
		c.known.Store(true)
	} else if err := c.schema()(top["Values"].(common.Values)); err != nil {
		return "", []string{}, fmt.Errorf("values don't meet the specifications of the schema(s) in the following chart(s):\n%w", err)
	}
	if wanted := c.chart.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, caps.KubeVersion.String()) {
		return "", nil, fmt.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted, caps.KubeVersion.Version)
	}
	key, told := r.foldKey(vals)
	if told {
		if found, ok := c.folds.get(key, caps.KubeVersion.Version); ok {
			return found.text, found.ran, found.err
		}
	}
	files, ran, asked, err := c.render(top, made, r.Fixed)
	if err == nil {
		for name := range files {
			if strings.HasSuffix(name, "NOTES.txt") {
				delete(files, name)
			}
		}
		text, err = printed(files)
	}
	if told && asked != nil {
		c.folds.put(key, folded{asked, text, ran, err})
	}
	return text, ran, err
}

// metadata is .Chart of a render, with nothing that another render has too.
func metadata(c *chart.Chart) map[string]any {
	accessor, err := ci.NewAccessor(c)
	if err != nil {
		panic(err)
	}
	found := accessor.MetadataAsMap()
	found["IsRoot"] = true
	annotations := map[string]string(nil)
	if c.Metadata.Annotations != nil {
		annotations = make(map[string]string, len(c.Metadata.Annotations))
		for key, value := range c.Metadata.Annotations {
			annotations[key] = value
		}
	}
	found["Annotations"] = annotations
	return found
}
