// <yaml-editor>: an element for a file of YAML, with CodeMirror. It has a value, and an event `input` for what a person
// changes, as a textarea has; keys that it completes and explains; and problems that it shows at their lines.

import { autocompletion, completionKeymap, startCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, isolateHistory, undo, undoDepth } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, ensureSyntaxTree, indentOnInput, indentService, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState } from "@codemirror/state";
import { EditorView, highlightSpecialChars, hoverTooltip, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const BY_PAGE = Annotation.define(); // a change that the page makes, not a person
const PATIENCE = 50; // milliseconds for the syntax of a file, where it is not known yet
const DARK = window.matchMedia("(prefers-color-scheme: dark)");
const KEY = /^("[^"]*"\s*|'[^']*'\s*|[^\s#:'"{}[\]&*!|>%@`,-][^:#]*):(?:\s+([^]*))?$/;

// The page's own colours, which change with the reader's setting.
const LOOK = EditorView.theme({
  "&": { backgroundColor: "var(--back)", color: "var(--text)", border: "1px solid var(--line)", borderRadius: ".35rem", maxHeight: "55vh" },
  "&.cm-focused": { outline: "3px solid var(--mark)", outlineOffset: "1px" },
  ".cm-scroller": { font: ".9rem/1.5 ui-monospace, monospace", overflow: "auto" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-content, .cm-gutter": { minHeight: "40vh" },
  ".cm-gutters": { backgroundColor: "var(--card)", color: "var(--soft)", borderRight: "1px solid var(--line)" },
  ".cm-placeholder": { color: "var(--soft)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--card)", color: "var(--text)", border: "1px solid var(--line)" },
  ".cm-tooltip": { maxWidth: "min(36rem, 90vw)" },
  ".cm-tooltip.cm-completionInfo": { width: "max-content", maxWidth: "min(24rem, 80vw)" },
  ".cm-said": { padding: ".4rem .6rem", whiteSpace: "normal" },
  ".cm-said p": { margin: ".2rem 0 0" },
  ".cm-panels input, .cm-panels button": { color: "inherit", backgroundColor: "var(--back)", backgroundImage: "none" },
});
const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--mark)" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.invalid], color: "var(--bad)" },
]);

class YamlEditor extends HTMLElement {
  #view = null;
  #dark = new Compartment();
  #top = { children: new Map() };
  #entries = new Map();

  connectedCallback() {
    if (this.#view) return;
    // The parts of the editor have events of their own; the page hears those of the file.
    this.addEventListener("input", (event) => { if (event.target !== this) event.stopImmediatePropagation(); });
    const named = { "aria-labelledby": this.getAttribute("labelledby") ?? "" };
    this.#view = new EditorView({
      parent: this,
      extensions: [
        lineNumbers(), lintGutter(), highlightSpecialChars(), history(), indentOnInput(), bracketMatching(),
        search({ top: true }), highlightSelectionMatches(), yaml(), indentService.of(indent), syntaxHighlighting(COLOURS), LOOK,
        this.#dark.of(EditorView.darkTheme.of(DARK.matches)),
        placeholder(this.getAttribute("placeholder") ?? ""),
        EditorView.contentAttributes.of(named),
        EditorState.tabSize.of(2),
        autocompletion({ override: [(context) => this.#complete(context)], icons: false }),
        hoverTooltip((view, at, side) => this.#hover(view, at, side)),
        // The key Tab is not among these: it leaves the editor.
        keymap.of([...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
        // The page takes files, as anywhere else on it.
        EditorView.domEventHandlers({ drop: (event) => event.dataTransfer.files.length > 0 }),
        EditorView.updateListener.of((update) => {
          const own = update.transactions.some((each) => each.docChanged && !each.annotation(BY_PAGE));
          if (own) this.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      ],
    });
    DARK.addEventListener("change", () => {
      this.#view.dispatch({ effects: this.#dark.reconfigure(EditorView.darkTheme.of(DARK.matches)) });
    });
  }

  get value() {
    return this.#view.state.doc.toString();
  }

  // A step of its own for undo, which changes no more than what differs: the cursor stays where it is.
  set value(said) {
    const text = said.replace(/\r\n?/g, "\n");
    const now = this.value;
    let from = 0;
    let end = 0;
    while (from < now.length && from < text.length && now[from] === text[from]) from += 1;
    while (end < Math.min(now.length, text.length) - from && now[now.length - 1 - end] === text[text.length - 1 - end]) end += 1;
    if (now === text) return;
    this.#view.dispatch({
      changes: { from, to: now.length - end, insert: text.slice(from, text.length - end) },
      annotations: [BY_PAGE.of(true), isolateHistory.of("full")],
    });
  }

  get undoable() {
    return undoDepth(this.#view.state) > 0;
  }

  undo() {
    undo(this.#view);
  }

  // What can be set: `values` are {variable, description, type, options, default}; `blocks` describe the keys above them;
  // the entries of a map in `entries` have any name, and some of the keys of the top.
  known({ values, blocks, entries }) {
    this.#top = { children: new Map() };
    this.#entries = new Map(Object.entries(entries));
    const at = (path) => path.split(".").reduce((inner, key) => {
      if (!inner.children.has(key)) inner.children.set(key, { children: new Map() });
      return inner.children.get(key);
    }, this.#top);
    for (const each of values) at(each.variable).value = each;
    for (const [path, description] of Object.entries(blocks)) at(path).description = description;
  }

  // The errors of the file: {line, message}. Those without a line are not shown here.
  set problems(found) {
    const { doc } = this.#view.state;
    const marks = found.filter(({ line }) => line > 0).map(({ line, message }) => {
      const { from, to, text } = doc.line(Math.min(line, doc.lines));
      return { from: from + text.length - text.trimStart().length, to, severity: "error", message };
    });
    marks.sort((one, two) => one.from - two.from);
    this.#view.dispatch(setDiagnostics(this.#view.state, marks));
  }

  #node(path) {
    let inner = this.#top;
    for (let n = 0; inner && n < path.length; n += 1) {
      const keys = n === 1 && this.#entries.get(path[0]);
      inner = keys ? { children: new Map([...this.#top.children].filter(([key]) => keys.includes(key))) } : inner.children.get(path[n]);
    }
    return inner;
  }

  #complete(context) {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const [, indent, word] = before.match(/^( *)([A-Za-z][\w-]*)?$/) ?? [];
    if (/^[\w-]/.test(line.text.slice(before.length))) return null; // within a word
    if (indent !== undefined) {
      if (!word && !context.explicit) return null;
      const path = above(context.state, line.number, indent.length);
      const node = path && this.#node(path);
      if (!node) return null;
      const there = siblings(context.state, line.number, indent.length);
      const options = [...node.children].filter(([key]) => !there.has(key)).map(([key, inner]) => ({
        label: key, type: "property", detail: inner.children.size ? "…" : undefined,
        info: () => said([...path, key], inner), apply: insert(key, inner),
      }));
      return { from: line.from + indent.length, options, validFor: /^[\w-]*$/ };
    }
    const [, deep, key, value] = before.match(/^( *)([A-Za-z][\w-]*):\s+(\S*)$/) ?? [];
    if (key === undefined) return null;
    const path = above(context.state, line.number, deep.length);
    const node = path && this.#node([...path, key]);
    const choices = options(node).map(String);
    if (!choices.length || choices.includes(value)) return null;
    return { from: context.pos - value.length, options: choices.map((each) => ({ label: each, type: "constant" })) };
  }

  #hover(view, at, side) {
    const tree = ensureSyntaxTree(view.state, Math.min(view.state.doc.length, at + 1000), PATIENCE);
    const path = tree && keys(view.state, tree.resolveInner(at, side));
    const node = path && this.#node(path.names);
    return node && (node.value || node.description) ? { pos: path.from, end: path.to, above: true, create: () => ({ dom: said(path.names, node) }) } : null;
  }
}

function options(node) {
  return node?.value?.options ?? (node?.value?.type === "boolean" ? [true, false] : []);
}

// Writes a completed key, and what comes behind it: a value, or the keys of a block.
function insert(key, node) {
  return (view, _, from, to) => {
    const text = node.children.size ? `${key}:` : `${key}: `;
    const rest = view.state.doc.lineAt(to).text.slice(to - view.state.doc.lineAt(to).from);
    const written = /^\s*:/.test(rest) ? key : text; // a key that has a value
    view.dispatch({ changes: { from, to, insert: written }, selection: { anchor: from + written.length }, userEvent: "input.complete" });
    if (options(node).length && written === text) startCompletion(view);
  };
}

// What a key is: its path, its description, what it can be and its default.
function said(path, node) {
  const box = document.createElement("div");
  box.className = "cm-said";
  const title = document.createElement("code");
  title.textContent = path.join(".");
  const lines = [node.value?.description ?? node.description ?? ""];
  const choices = options(node);
  if (choices.length && !lines[0].includes("One of:")) lines.push(`One of: ${choices.join(", ")}.`);
  if (node.value?.default !== undefined && node.value.default !== "") lines.push(`By default: ${JSON.stringify(node.value.default)}.`);
  box.append(title, ...lines.filter(Boolean).map((each) => {
    const line = document.createElement("p");
    line.textContent = each;
    return line;
  }));
  return box;
}

function plain(key) {
  return key.trim().replace(/^(["'])(.*)\1$/, "$2");
}

// The keys that lead to the key at a node of the syntax, and where it is; null in lists, and where there is none.
function keys(state, node) {
  let inner = node;
  while (inner && inner.name !== "Key") inner = inner.parent;
  if (!inner) return null;
  const { from, to } = inner;
  const names = [];
  for (let pair = inner.parent; pair; pair = pair.parent) {
    if (pair.name === "Item") return null;
    const key = pair.name === "Pair" && pair.getChild("Key");
    if (key) names.unshift(plain(state.sliceDoc(key.from, key.to)));
  }
  return { names, from, to };
}

// The keys above a line that is indented so far, by their lines alone: what is typed is not YAML yet. Null in lists and texts.
function above(state, number, indented) {
  const names = [];
  let indent = indented;
  for (let n = number - 1; n > 0 && indent > 0; n -= 1) {
    const { depth, rest } = parts(state.doc.line(n).text);
    if (!rest || rest.startsWith("#") || depth >= indent) continue;
    const [, key, value = ""] = rest.match(KEY) ?? [];
    if (!key || (value && !value.startsWith("#"))) return null;
    names.unshift(plain(key));
    indent = depth;
  }
  return indent > 0 ? null : names;
}

// The other keys of the map that a line belongs to.
function siblings(state, number, indent) {
  const found = new Set();
  for (const step of [-1, 1]) {
    for (let n = number + step; n > 0 && n <= state.doc.lines; n += step) {
      const { depth, rest } = parts(state.doc.line(n).text);
      if (!rest || rest.startsWith("#") || depth > indent) continue;
      if (depth < indent) break;
      const [, key] = rest.match(KEY) ?? [];
      if (key) found.add(plain(key));
    }
  }
  return found;
}

// How far a new line is indented: behind a key without a value, one step more. Null leaves it to the syntax.
function indent(context, at) {
  const { text } = context.lineAt(at, -1);
  const { depth, rest } = parts(text);
  const [, key, value = ""] = rest.match(KEY) ?? [];
  return key && (!value || value.startsWith("#")) ? depth + context.unit : undefined;
}

function parts(text) {
  const rest = text.trim();
  return { depth: text.length - text.trimStart().length, rest };
}

customElements.define("yaml-editor", YamlEditor);
