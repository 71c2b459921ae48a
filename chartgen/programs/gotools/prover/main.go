// The prover: Helm's template engine, kubeconform's validator and the API server's validation of custom resources in one
// process, for `chartgen validate`.
//
// Requests are lines of JSON on standard input: {"id", "render": {…}}, {"id", "check": {…}}, {"id", "serve": {…}} or
// {"id", "chart": "…"}. Answers are lines of JSON on standard output, in the order in which they are ready: {"id",
// "text", "ran"} or {"id", "error", "ran"} for a render, {"id", "answers"} for a check and for what is served, {"id",
// "frame", "providers"} for a chart. {"id", "uncovered"} says that this program does not answer the request as the
// command does, and why: the caller runs the command instead.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"runtime"
	"sync"

	"helm.sh/helm/v4/pkg/chart/common"
)

type request struct {
	ID     int            `json:"id"`
	Render *renderRequest `json:"render"`
	Check  *checkRequest  `json:"check"`
	Serve  *serveRequest  `json:"serve"`
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

func main() {
	if len(os.Args) > 1 { // `version`, as Helm has it
		fmt.Print(common.DefaultCapabilities.HelmVersion.Version)
		return
	}
	// Helm's warnings go to standard error, where nobody reads them.
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	requests := make(chan request, 1<<16)
	answers := make(chan answer)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for each := range requests {
				answers <- handled(each)
			}
		})
	}
	go func() {
		read(requests)
		workers.Wait()
		close(answers)
	}()
	write(answers)
}

// read reads requests to the end of standard input.
func read(requests chan<- request) {
	defer close(requests)
	lines := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	for {
		var each request
		if err := lines.Decode(&each); err == io.EOF {
			return
		} else if err != nil {
			fmt.Fprintln(os.Stderr, "prover: a request is not JSON:", err)
			os.Exit(2)
		}
		requests <- each
	}
}

func write(answers <-chan answer) {
	out := bufio.NewWriter(os.Stdout)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for each := range answers {
		if lines.Encode(each) != nil || out.Flush() != nil {
			os.Exit(1)
		}
	}
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
	case each.Chart != "":
		done = described(each.Chart)
	default:
		done.Uncovered = "unknown request"
	}
	done.ID = each.ID
	return done
}
