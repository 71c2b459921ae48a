// The prover: Helm's template engine, kubeconform's validator and the API server's validation of custom resources in one
// process, for `chartgen validate`.
//
// Requests are lines of JSON on standard input: {"id", "render": {…}}, {"id", "check": {…}}, {"id", "serve": {…}}, {"id",
// "fit": {…}} or {"id", "chart": "…"}. Answers are lines of JSON on standard output, in the order in which they are
// ready: {"id", "text", "ran"} or {"id", "error", "ran"} for a render, {"id", "answers"} for a check, for what is served
// and for what fits, {"id", "frame", "providers"} for a chart. {"id", "uncovered"} says that this program does not answer
// the request as the command does, and why: the caller runs the command instead.
//
// As js/wasm it is the renderer of the static page of `chartgen configure`: inside_js.go has what is different there.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
)

type request struct {
	ID     int            `json:"id"`
	Render *renderRequest `json:"render"`
	Check  *checkRequest  `json:"check"`
	Serve  *serveRequest  `json:"serve"`
	Fit    *fitRequest    `json:"fit"`
	Chart  string         `json:"chart"`
}

type answer struct {
	ID        int             `json:"id"`
	Text      string          `json:"text,omitempty"`
	Error     string          `json:"error,omitempty"`
	Uncovered string          `json:"uncovered,omitempty"`
	Answers   json.RawMessage `json:"answers,omitempty"`
	// The templates that a render ran; null where it depends on more.
	Ran       []string          `json:"ran"`
	Frame     string            `json:"frame,omitempty"`
	Providers map[string]string `json:"providers,omitempty"`
}

// handled answers one request. What goes wrong here in a way that Helm does not know is left to the command.
func handled(each request) (done answer) {
	defer func() {
		if r := recover(); r != nil {
			done = answer{ID: each.ID, Uncovered: fmt.Sprint(r)}
		}
	}()
	switch {
	case each.Render != nil:
		done = rendered(each.Render)
	case each.Check != nil:
		done.Answers = checked(each.Check)
	case each.Serve != nil:
		done.Answers = served(each.Serve)
	case each.Fit != nil:
		done.Answers = fitted(each.Fit)
	case each.Chart != "":
		done = described(each.Chart)
	default:
		done.Uncovered = "unknown request"
	}
	done.ID = each.ID
	return done
}

// hushed are Helm's warnings, which go where nobody reads them.
func hushed() {
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.DiscardHandler))
}
