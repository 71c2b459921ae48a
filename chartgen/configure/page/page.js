// The page: questions on one side, what the answers mean on the other. The server renders, or the worker of the static
// page; this shows.

import "./editor.js";

const $ = (id) => document.getElementById(id);
const WAIT = 100; // milliseconds after the last key before the values are sent
const MOST = 300000; // characters of a values file

let page = { questions: [], values: [] };
let values = {};
let timer = 0;
const fields = new Map(); // key of a value -> { box, input, error, question }

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function at(data, path) {
  return path.split(".").reduce((inner, key) => (inner && typeof inner === "object" ? inner[key] : undefined), data);
}

function current(path) {
  const said = at(values, path);
  if (said !== undefined) return said;
  const known = [...page.questions, ...page.values].find((each) => each.variable === path);
  return known ? known.default : undefined;
}

// --- questions -------------------------------------------------------------------------------------------------------

function field(question) {
  const id = `q-${question.variable}`;
  const help = make("details", {}, make("summary", {}, "What is this?"), make("p", { id: `${id}-help` }, question.description || ""));
  const error = make("p", { class: "error", id: `${id}-error`, hidden: true });
  const input = control(question, id);
  input.setAttribute("aria-describedby", `${id}-error ${id}-help`);
  const label = make("label", { for: id }, question.label || question.variable);
  const key = make("span", { class: "key" }, question.variable);
  const box = make("div", { class: "question" }, label, input, " ", key, error, help);
  input.addEventListener(question.type === "boolean" || question.type === "enum" ? "change" : "input", () => answer(question, input));
  fields.set(question.variable, { box, input, error, question });
  return box;
}

function control(question, id) {
  if (question.type === "boolean") return make("input", { type: "checkbox", id });
  if (question.type === "enum") {
    const none = !question.options.includes(question.default) ? [make("option", { value: "" }, "(by default)")] : [];
    return make("select", { id }, ...none, ...question.options.map((each) => make("option", { value: String(each) }, String(each))));
  }
  const number = question.type === "int" || question.type === "float";
  const shown = question.default === undefined || question.default === null ? "" : String(question.default);
  return make("input", {
    type: "text", id, placeholder: shown, inputmode: number ? "decimal" : undefined, spellcheck: "false",
  });
}

function answer(question, input) {
  let value = question.type === "boolean" ? input.checked : input.value;
  if (value === "" || value === question.default) value = null;
  if (typeof value === "string" && (question.type === "int" || question.type === "float") && value.trim() !== "" && Number.isFinite(Number(value))) {
    value = Number(value);
    if (value === question.default) value = null;
  }
  if (question.type === "enum" && value !== null) {
    value = question.options.find((each) => String(each) === value) ?? value;
    if (value === question.default) value = null;
  }
  if (question.type === "yaml" && value !== null) return look({ path: question.variable, yaml: value });
  look({ path: question.variable, value }, question.type === "boolean" || question.type === "enum" ? 0 : WAIT);
}

function shows(question) {
  if (!question.show_if) return true;
  return question.show_if.split("&&").every((part) => {
    const not = part.includes("!=");
    const [path, wanted] = part.split(not ? "!=" : "=");
    const said = current(path);
    const same = String(said === undefined || said === null ? "" : said) === wanted;
    return not ? !same : same;
  });
}

function build() {
  const form = $("questions");
  const groups = [...new Set(page.questions.map((each) => each.group || "Settings"))];
  for (const group of groups) {
    const own = page.questions.filter((each) => (each.group || "Settings") === group);
    form.append(make("fieldset", {}, make("legend", {}, group), ...own.map(field)));
  }
  const find = make("input", { id: "find", type: "search", placeholder: "a word of its name or description" });
  const found = make("ul", { id: "found" });
  find.addEventListener("input", () => search(find.value, found));
  const label = make("label", { for: "find" }, `Find one of the other ${page.values.length} values`);
  form.append(make("fieldset", { id: "others" }, make("legend", {}, "Everything else"), label, find, found));
  form.addEventListener("submit", (event) => event.preventDefault());
}

function search(word, list) {
  const wanted = word.trim().toLowerCase();
  const hits = !wanted ? [] : page.values.filter((each) => `${each.variable} ${each.description}`.toLowerCase().includes(wanted));
  hits.sort((one, two) => Number(two.variable.toLowerCase().includes(wanted)) - Number(one.variable.toLowerCase().includes(wanted)));
  list.replaceChildren(...hits.slice(0, 30).map((each) => {
    const add = make("button", { type: "button" }, "Set");
    add.setAttribute("aria-label", `Set ${each.variable}`);
    add.addEventListener("click", () => addField(each));
    return make("li", {}, make("code", {}, each.variable), " ", add, make("p", {}, each.description));
  }));
}

function addField(each) {
  if (!fields.has(each.variable)) $("others").append(field(each));
  fill();
  fields.get(each.variable).input.focus();
}

// Shows the values in the fields; the one that is being edited is left as it is typed.
function fill() {
  const waits = new Set(pending.map((each) => each.path));
  for (const { box, input, question } of fields.values()) {
    if (waits.has(question.variable)) continue;
    const said = at(values, question.variable);
    box.hidden = !shows(question) && said === undefined;
    box.classList.toggle("set", said !== undefined);
    if (input === document.activeElement && input.type !== "checkbox" && input.tagName !== "SELECT") continue;
    const value = said === undefined ? question.default : said;
    if (input.type === "checkbox") input.checked = value === true;
    else if (input.tagName === "SELECT") input.value = value === undefined || value === null ? "" : String(value);
    else input.value = said === undefined || said === null ? "" : typeof said === "object" ? JSON.stringify(said) : String(said);
  }
}

// --- what they mean --------------------------------------------------------------------------------------------------

const pending = []; // answers that are not in the values file yet
let sent = []; // those that are being written into it
let unopened = ""; // why a file was not opened, until something else is looked at
let busy = false; // one round at a time: each begins with the text that the last one made
let wanted = false;
let replaced = 0; // how often another file took the place of the values

function look(change, wait = WAIT) {
  clearTimeout(timer);
  if (change) pending.push(change);
  unopened = "";
  keep($("text").value);
  state("Checking …", ""); // what it said is not of these values
  timer = setTimeout(send, wait);
}

async function send() {
  wanted = true;
  if (busy) return;
  busy = true;
  try {
    while (wanted) {
      wanted = false;
      await round();
      sent = [];
      keep($("text").value);
    }
  } finally {
    busy = false;
  }
}

// Writes all answers into the values file, and shows what it means.
async function round() {
  const sets = [...new Map(pending.splice(0).map((each) => [each.path, each])).values()];
  sent = sets;
  const before = $("text").value;
  const begun = replaced;
  const held = []; // answers that cannot be written into this text, or not as they are
  const problems = [];
  let text = before;
  let answer;
  try {
    if (text.length > MOST) throw new Error(`the values file has more than ${MOST} characters`);
    for (const set of sets) {
      answer = await post({ text, set });
      text = answer.text;
      if (answer.values) continue;
      held.push(set);
      problems.push(...answer.problems);
    }
    if (!answer || (held.length && text !== before)) answer = await post({ text });
  } catch (error) {
    if (error instanceof TypeError && !parts) pending.unshift(...sets); // no server
    state(`No answer from chartgen: ${error.message}.${error instanceof TypeError && !parts ? " Is it still running?" : ""}`, "bad");
    return;
  }
  if (replaced !== begun) return; // what was answered is not for the new file, which is looked at next
  const later = new Set(pending.map((each) => each.path));
  if ($("text").value !== before) {
    // The text was edited meanwhile: the answers are written into the new one.
    pending.unshift(...sets.filter((each) => !later.has(each.path)));
    wanted = true;
    return;
  }
  pending.unshift(...held.filter((each) => !later.has(each.path)));
  if (text !== before) $("text").value = text;
  $("text").problems = answer.problems.map((each) => ({ line: each.line, message: sentence({ ...each, line: 0 }) }));
  const known = new Set(answer.problems.map(sentence));
  show({ ...answer, problems: [...answer.problems, ...problems.filter((each) => !known.has(sentence(each)))] });
  if (later.size) state("Checking …", ""); // of what was answered meanwhile, it says nothing yet
}

function state(text, kind) {
  $("state").textContent = text;
  $("state").className = kind;
}

// --- what was before -------------------------------------------------------------------------------------------------

const KEPT = `values of ${location.pathname}`; // in this tab alone, so that a reload loses nothing
const ANSWERS = `answers of ${location.pathname}`; // that are not in the values yet

function keep(text) {
  $("undo").disabled = !$("text").undoable;
  try {
    sessionStorage.setItem(KEPT, text);
    sessionStorage.setItem(ANSWERS, JSON.stringify([...sent, ...pending]));
  } catch {
    // A browser can forbid it, or have no room.
  }
}

function kept() {
  try {
    return sessionStorage.getItem(KEPT) || "";
  } catch {
    return "";
  }
}

// The answers that were not in the values yet are given again.
function answerAgain() {
  let answers = [];
  try {
    answers = JSON.parse(sessionStorage.getItem(ANSWERS) || "[]");
  } catch {
    // As for the values.
  }
  for (const set of answers) {
    const known = page.values.find((each) => each.variable === set.path);
    if (known && !fields.has(set.path)) $("others").append(field(known));
    if (!fields.has(set.path)) continue;
    pending.push(set);
    const { input, question } = fields.get(set.path);
    const value = set.yaml ?? set.value ?? question.default ?? "";
    if (input.type === "checkbox") input.checked = value === true;
    else input.value = set.value === null && input.tagName !== "SELECT" ? "" : String(value);
  }
}

// Puts a whole file in the place of the values, and of the answers that are not written into them yet.
function replace(put) {
  replaced += 1;
  pending.length = 0;
  put();
  look(null, 0);
}

const { parts } = document.documentElement.dataset; // of the static page: where its worker is
const LONGEST = 30000; // milliseconds until an answer of the worker; one that takes longer is never ready
let worker = null;
let broken = ""; // why the worker does not work
const waiting = new Map(); // number of a message to the worker -> what hears the answer
let messages = 0;

function begin() {
  worker = new Worker(`${parts}worker.js`, { type: "module" });
  worker.onerror = (event) => end(event.message || "the page's files cannot be loaded");
  worker.onmessage = ({ data }) => {
    if (data.failed) end(data.failed);
    if (data.manifests && !$("text").value.trim()) $("manifests").firstElementChild.textContent ||= data.manifests;
    if (data.ready) {
      $("engine").hidden = true;
      for (const each of waiting.values()) each.started();
      if (!busy) look(null, 0); // the manifests
    }
    waiting.get(data.id)?.done(data.answer);
    waiting.delete(data.id);
    if (data.ended) again();
  };
}

function again() {
  worker.terminate();
  for (const each of waiting.values()) each.failed(new Error("the renderer was started again"));
  waiting.clear();
  $("engine").hidden = false;
  begin();
}

function end(why) {
  broken = why;
  $("engine").textContent = `This page cannot render: ${why}. Reload it, or use a newer browser.`;
  $("engine").className = "bad";
  for (const each of waiting.values()) each.failed(new Error(why));
  waiting.clear();
}

async function work(body) {
  if (broken) throw new Error(broken);
  const id = ++messages;
  let clock;
  const answer = await new Promise((done, failed) => {
    const slow = () => {
      failed(new Error("these values take too long"));
      again();
    };
    const started = () => { clock = setTimeout(slow, LONGEST); };
    waiting.set(id, { done, failed, started });
    if ($("engine").hidden) started();
    worker.postMessage({ id, body });
  }).finally(() => clearTimeout(clock));
  if (answer.error) throw new Error(answer.error);
  return answer;
}

async function post(body) {
  if (parts) return work(body);
  const response = await fetch("look", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || response.statusText);
  return answer;
}

function show(answer) {
  if (answer.values) values = answer.values;
  fill();
  const asked = blame(answer.problems);
  $("problems").replaceChildren(...answer.problems.map((each) => make("li", {}, sentence(each), ...to(asked.get(each)))));
  const count = answer.problems.length;
  const old = $("plan").firstElementChild.textContent || $("manifests").firstElementChild.textContent;
  const shown = old ? " Plan, picture and manifests are those of the last values without errors." : "";
  const waits = pending.length ? " What you answered is written into the file when that is possible." : "";
  if (count) state(`${count} ${count === 1 ? "error" : "errors"}.${shown}${waits}`, "bad");
  else if (unopened) state(unopened, "bad");
  else state("The chart accepts these values.", "good");
  $("result").classList.toggle("old", count > 0);
  if (!count) {
    $("plan").firstElementChild.textContent = answer.plan.join("\n");
    picture(answer.picture);
    $("manifests").firstElementChild.textContent = answer.manifests;
  }
  $("install").firstElementChild.textContent = install();
}

function sentence(problem) {
  const place = problem.line ? `line ${problem.line}: ` : "";
  const key = problem.key ? `${problem.key}: ` : "";
  return `${place}${key}${problem.message}${problem.remedy ? `; ${problem.remedy}` : ""}`;
}

// A link to the question of an error.
function to(hit) {
  if (!hit) return [];
  const link = make("a", { href: `#${hit.input.id}` }, hit.question.label || hit.question.variable);
  link.addEventListener("click", (event) => { event.preventDefault(); hit.input.focus(); });
  return [" (", link, ")"];
}

// Puts each error at the question that it concerns, too; which these are is returned.
function blame(problems) {
  for (const { error, input } of fields.values()) {
    error.hidden = true;
    error.textContent = "";
    input.removeAttribute("aria-invalid");
  }
  const asked = new Map();
  for (const problem of problems) {
    const key = problem.key.replace(/^servers\.[^.]+[.:]\s*/, "");
    const names = key.split(".").map((_, n, parts) => parts.slice(0, parts.length - n).join("."));
    // A value without a question is wrong at the one that turns its block on.
    const hit = names.map((name) => fields.get(name) || fields.get(`${name}.enabled`)).find((each) => each && !each.box.hidden);
    if (!hit) continue;
    const said = `${problem.message}${problem.remedy ? `; ${problem.remedy}` : ""}`;
    hit.error.textContent += `${hit.error.textContent && ". "}${said}`;
    hit.error.hidden = false;
    hit.input.setAttribute("aria-invalid", "true");
    asked.set(problem, hit);
  }
  return asked;
}

function picture(text) {
  const drawn = new DOMParser().parseFromString(text || "<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml");
  $("picture").replaceChildren(document.importNode(drawn.documentElement, true));
}

function install() {
  const file = $("text").value.trim() ? " -f values.yaml" : "";
  const version = page.version ? ` --version ${page.version}` : "";
  return [
    ...(file ? ["# Save the values as values.yaml, then install:"] : []),
    `helm upgrade --install llm ${page.shown}${version}${file}`,
    "helm test llm",
  ].join("\n");
}

// --- files, tabs -----------------------------------------------------------------------------------------------------

async function take(file) {
  if (file.size > MOST) {
    unopened = `${file.name} is not opened: it has more than ${MOST} bytes, and is hardly a values file.`;
    state(unopened, "bad");
    return;
  }
  const text = await file.text();
  replace(() => { $("text").value = text; });
}

function save() {
  const link = make("a", { href: URL.createObjectURL(new Blob([$("text").value], { type: "text/yaml" })), download: "values.yaml" });
  link.click();
  URL.revokeObjectURL(link.href);
}

function select(tab) {
  for (const other of document.querySelectorAll("[role=tab]")) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !chosen;
  }
}

function wire() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  tabs.forEach((tab, n) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const place = { ArrowRight: n + 1, ArrowLeft: n - 1, Home: 0, End: -1 }[event.key];
      if (place === undefined) return;
      event.preventDefault();
      const next = tabs[(place + tabs.length) % tabs.length];
      select(next);
      next.focus();
    });
  });
  $("text").addEventListener("input", () => look(null));
  $("save").addEventListener("click", save);
  $("open").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => {
    const [file] = $("file").files;
    if (file) take(file);
    $("file").value = ""; // the same file can be opened again
  });
  $("undo").addEventListener("click", () => replace(() => $("text").undo()));
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return; // text can be dragged as anywhere
    event.preventDefault();
    document.body.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}

$("text").value = kept(); // Undo goes back to nothing, after a reload too
wire();
page = await (await fetch("page.json")).json();
$("chart").textContent = page.chart;
document.title = `Configure ${page.chart}`;
build();
answerAgain();
fill();
$("text").known({ ...page, values: [...page.questions, ...page.values] });
if (parts) {
  // What the defaults mean is known before anything can render.
  $("engine").hidden = false;
  show(page.first);
  if ($("text").value || pending.length) state("Checking …", "");
  begin();
} else {
  look(null, 0);
}
