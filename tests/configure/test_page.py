"""The page of `chartgen configure` in a real Chromium."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
import yaml
from configure.browser import CONTROL, PROGRAM, SHIFT, Page, browser
from conftest import CHART, ROOT

from chartgen.chart import loaded
from chartgen.configure import server

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="no Chromium on PATH")]
FINE = "document.querySelector('#state.good') !== null"
QUESTIONS = yaml.safe_load((CHART / "questions.yaml").read_text())["questions"]
# The system of the example kubesphere-deepseek, from nothing. Three values are no questions: the page finds them.
SEED = {
    "minimumResources.cpu": 2,
    "minimumResources.memory": "8Gi",
    "modelCache.size": "50Gi",
    "modelCache.accessModes": "[ReadWriteMany]",
    "openWebui.enabled": False,
    "nextchat.enabled": True,
    "ingress.enabled": True,
    "ingress.className": "kubesphere-router-cluster",
    "ingress.domain": "172.1.1.1.nip.io",
}
# What the example writes besides: the defaults of the chart, and what a controller and the port of a gateway are.
DEFAULTS = {"model": {"name": "registry.ollama.ai/library/deepseek-r1", "tag": "1.5b"}}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    made = server.Server(loaded.load(CHART, str(CHART.relative_to(ROOT))), 0, lambda text: None)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made.url
    made.shutdown()
    made.server_close()


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(tab: Page, url: str) -> Page:
    return visit(tab, url)


def visit(tab: Page, url: str, width: int = 1280) -> Page:
    """Show the page as for the first time."""
    if tab.run("location.origin") == url.rstrip("/"):
        tab.run("sessionStorage.clear()")
    tab.open("about:blank")
    tab.requested.clear()
    tab.open(url, width)
    tab.wait(FINE)
    return tab


def answer(page: Page, key: str, value: object) -> None:
    """Answer a question as a person does, and wait until the values have it."""
    page.run(f"""(() => {{
      const input = document.getElementById("q-" + {json.dumps(key)}), value = {json.dumps(value)};
      if (input.type === "checkbox") {{ if (input.checked !== value) input.click(); return; }}
      input.focus();
      input.value = String(value);
      input.dispatchEvent(new Event("input", {{bubbles: true}}));
      input.dispatchEvent(new Event("change", {{bubbles: true}}));
    }})()""")


def text_of(page: Page) -> str:
    return page.run("document.getElementById('text').value")


def write(page: Page, text: str) -> None:
    """Write the values file as a person does."""
    page.run(f"""(() => {{
      const text = document.getElementById("text");
      document.getElementById("state").className = "";
      text.value = {json.dumps(text)};
      text.dispatchEvent(new Event("input"));
    }})()""")


def drop(page: Page, name: str, text: str) -> None:
    """Drop a file on the page; `text` is an expression in JavaScript."""
    page.run(f"""(() => {{
      const data = new DataTransfer();
      data.items.add(new File([{text}], {json.dumps(name)}));
      document.body.dispatchEvent(new DragEvent("drop", {{dataTransfer: data, bubbles: true, cancelable: true}}));
    }})()""")


def drop_an_example(page: Page) -> None:
    """Drop a file on the page, which then has its text and its answers."""
    text = (CHART / "examples/kubesphere-deepseek.yaml").read_text()
    drop(page, "mine.yaml", json.dumps(text))
    page.wait("document.getElementById('q-nextchat.enabled').checked")
    page.wait(FINE)
    assert text_of(page) == text


def settled(page: Page) -> None:
    page.wait("document.querySelector('#state').className !== ''")


def test_a_first_visit_shows_questions_a_plan_and_a_picture_and_requests_nothing_outside(page: Page, url: str):
    assert page.run("document.querySelectorAll('.question').length") == len(QUESTIONS)
    assert "weights" in page.run("document.querySelector('#plan pre').textContent")
    assert page.run("document.querySelector('#picture svg') !== null")
    assert "kind: Deployment" in page.run("document.querySelector('#manifests pre').textContent")
    assert page.requested
    assert all(each.startswith((url, "data:", "about:")) for each in page.requested)
    assert f"{url}editor.js" in page.requested
    assert page.logged == []


def test_the_seed_system_is_configured_in_under_ten_answers(page: Page):
    assert len(SEED) < 10
    for key, value in SEED.items():
        if page.run(f"document.getElementById('q-{key}') === null"):
            find(page, key)
        answer(page, key, value)
        last = key.rpartition(".")[2]
        page.wait(f"document.getElementById('text').value.includes({json.dumps(last + ':')})")
        settled(page)
    page.wait(FINE)
    found = yaml.safe_load(text_of(page))
    example = yaml.safe_load((CHART / "examples/kubesphere-deepseek.yaml").read_text())
    assert (example["ingress"].pop("controller"), example["ingress"].pop("httpPort")) == ("ingress-nginx", 30888)
    assert example["nextchat"].pop("service") == {"port": 3000}
    assert found | DEFAULTS == example
    said = page.run("document.querySelector('#manifests pre').textContent")
    assert "deepseek-r1:1.5b" in said
    assert "containerPort: 3000" in said
    assert "172.1.1.1.nip.io" in page.run("document.querySelector('#picture').textContent")


def test_a_refusal_is_at_the_question_that_it_concerns(page: Page):
    answer(page, "model.contextLength", "many")
    page.wait("document.querySelector('#state.bad') !== null")
    said = page.run("document.getElementById('q-model.contextLength-error').textContent")
    assert "expected an integer" in said
    assert page.run("document.getElementById('q-model.contextLength').getAttribute('aria-invalid')") == "true"
    answer(page, "model.contextLength", "")
    page.wait(FINE)
    assert page.run("document.getElementById('q-model.contextLength-error').hidden")


def test_a_value_without_a_question_is_refused_at_the_one_that_turns_it_on(page: Page):
    answer(page, "api.ingress.enabled", True)
    page.wait("document.querySelector('#state.bad') !== null")
    said = page.run("document.getElementById('q-api.ingress.enabled-error').textContent")
    assert "no server is reachable" in said


def test_a_comment_of_a_file_stays_where_it_is_when_a_question_is_answered(page: Page):
    write(page, "# mine\nmodel:\n  # by hand\n  tag: 7b # as measured\n")
    page.wait(FINE)
    answer(page, "model.tag", "14b")
    page.wait("document.getElementById('text').value.includes('14b')")
    page.wait(FINE)
    assert text_of(page) == '# mine\nmodel:\n  # by hand\n  tag: "14b" # as measured\n'


def test_a_dropped_file_fills_the_questions(page: Page):
    drop_an_example(page)
    assert page.run("document.getElementById('q-ingress.domain').value") == "172.1.1.1.nip.io"


def test_every_question_can_be_answered_and_its_answer_taken_back(page: Page):
    for question in QUESTIONS:
        key = question["variable"]
        default = question.get("default")
        value = (
            (not default)
            if question["type"] == "boolean"
            else next(each for each in question["options"] if each != default)
            if question["type"] == "enum"
            else int(question.get("min", 1)) + 3
            if question["type"] in ("int", "float")
            else "some-text"
        )
        answer(page, key, value)
        leaf = key.rpartition(".")[2]
        page.wait(f"document.getElementById('text').value.includes({json.dumps(leaf + ':')})")
        answer(page, key, default if default is not None else "")
        page.wait("document.getElementById('text').value === ''")
        settled(page)


def test_a_value_without_a_question_is_found_and_set(page: Page):
    page.run("""(() => {
      const find = document.getElementById("find");
      find.value = "terminationGrace";
      find.dispatchEvent(new Event("input"));
    })()""")
    page.run("document.querySelector('#found button').click()")
    answer(page, "terminationGracePeriodSeconds", 90)
    page.wait("document.getElementById('text').value === 'terminationGracePeriodSeconds: 90\\n'")
    page.wait(FINE)


def test_the_tabs_follow_the_arrow_keys_and_every_input_has_a_label(page: Page):
    page.run("document.getElementById('tab-values').focus()")
    page.key("ArrowRight")
    assert page.run("document.activeElement.id") == "tab-plan"
    assert page.run("!document.getElementById('plan').hidden && document.getElementById('values').hidden")
    unlabelled = "[...document.querySelectorAll('input:not([hidden]),select,textarea')].filter(e => !e.labels.length)"
    assert page.run(f"{unlabelled}.map(e => e.id)") == []


@pytest.mark.parametrize("width", [360, 820])
def test_it_fits_a_phone(tab: Page, url: str, width: int):
    visit(tab, url, width)
    assert tab.run("document.documentElement.scrollWidth") <= width
    tab.dark()
    colour = tab.run("getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb(11, 18, 32)"
    of_editor = "getComputedStyle(document.querySelector('.cm-editor'))"
    assert tab.run(f"{of_editor}.backgroundColor") == colour
    assert tab.run("getComputedStyle(document.querySelector('.cm-content')).caretColor") == "rgb(241, 245, 249)"


# The page's requests wait until `release()` is called, in order.
HOLD = """(() => {
  const own = window.fetch, held = [];
  window.fetch = (...said) => new Promise((done, failed) => held.push(() => own(...said).then(done, failed)));
  window.held = held;
  window.release = () => { window.fetch = own; held.splice(0).forEach((each) => each()); };
})()"""


def test_answers_that_are_given_while_another_is_on_its_way_are_all_kept(page: Page):
    page.run(HOLD)
    answer(page, "model.tag", "7b")
    page.wait("held.length === 1")
    answer(page, "gpu.vendor", "nvidia")
    answer(page, "openWebui.enabled", False)
    page.run("release()")
    page.wait(FINE)  # which it is not said to be before all of them are written
    found = yaml.safe_load(text_of(page))
    assert found == {"model": {"tag": "7b"}, "gpu": {"vendor": "nvidia"}, "openWebui": {"enabled": False}}


def test_what_is_typed_into_the_file_while_an_answer_is_on_its_way_is_kept(page: Page):
    page.run(HOLD)
    answer(page, "model.tag", "7b")
    page.wait("held.length === 1")
    write(page, "replicas: 1\n")
    page.run("release()")
    page.wait("document.getElementById('text').value.includes('tag:')")
    page.wait(FINE)
    assert yaml.safe_load(text_of(page)) == {"replicas": 1, "model": {"tag": "7b"}}


def test_a_file_that_is_dropped_while_an_answer_is_on_its_way_stays_as_it_is(page: Page):
    page.run(HOLD)
    answer(page, "model.tag", "7b")
    page.wait("held.length === 1")
    drop(page, "mine.yaml", json.dumps("replicas: 1\n"))
    page.wait("document.getElementById('text').value.startsWith('replicas')")
    page.run("release()")
    page.wait("document.querySelector('.question.set') === null")
    page.wait(FINE)
    assert text_of(page) == "replicas: 1\n"


def test_an_answer_to_a_file_that_cannot_be_read_is_written_when_it_can(page: Page):
    write(page, "gpu: [\n")
    page.wait("document.querySelector('#state.bad') !== null")
    answer(page, "model.tag", "7b")
    page.wait("document.getElementById('state').textContent.includes('What you answered')")
    assert text_of(page) == "gpu: [\n"
    write(page, "replicas: 1\n")
    page.wait(FINE)
    assert yaml.safe_load(text_of(page)) == {"replicas": 1, "model": {"tag": "7b"}}


def test_undo_brings_back_what_an_answer_or_a_file_replaced(page: Page):
    mine = "# mine\nmodel:\n  tag: 7b # as measured\n"
    write(page, mine)
    page.wait(FINE)
    answer(page, "gpu.vendor", "nvidia")
    page.wait("document.getElementById('text').value.includes('vendor:')")
    page.wait(FINE)
    drop_an_example(page)
    page.run("document.getElementById('undo').click()")
    page.wait("document.getElementById('text').value.includes('vendor: nvidia')")
    page.wait(FINE)
    page.run("document.getElementById('undo').click()")
    page.wait(f"document.getElementById('text').value === {json.dumps(mine)}")
    page.wait(FINE)


def test_a_reload_loses_nothing(page: Page):
    write(page, "# mine\nmodel: {tag: 7b}\n")
    page.wait(FINE)
    page.reload()
    page.wait(FINE)
    assert text_of(page) == "# mine\nmodel: {tag: 7b}\n"
    assert page.run("document.getElementById('q-model.tag').value") == "7b"


def test_a_reload_loses_nothing_that_is_not_looked_at_yet(page: Page):
    page.run(HOLD)
    write(page, "replicas: 1 # mine\n")
    answer(page, "model.tag", "7b")
    page.wait("held.length === 1")
    answer(page, "openWebui.enabled", False)
    page.reload()
    page.wait("document.getElementById('text').value.includes('openWebui')")
    page.wait(FINE)
    assert text_of(page).startswith("replicas: 1 # mine\n")
    assert yaml.safe_load(text_of(page)) == {"replicas": 1, "model": {"tag": "7b"}, "openWebui": {"enabled": False}}
    long = "# x\n" * 100_000
    write(page, long)
    page.reload()
    page.wait("document.querySelector('#state.bad') !== null")
    assert text_of(page) == long
    write(page, "")
    page.wait(FINE)


def test_an_answer_of_before_does_not_hide_that_a_file_was_not_opened(page: Page):
    page.run(HOLD)
    answer(page, "model.tag", "7b")
    page.wait("held.length === 1")
    drop(page, "large.yaml", "'# a line\\n'.repeat(200000)")
    page.wait("document.querySelector('#state.bad') !== null")
    page.run("release()")
    page.wait("document.getElementById('text').value.includes('7b')")
    assert "large.yaml is not opened" in page.run("document.getElementById('state').textContent")


def test_with_errors_the_page_says_whose_plan_it_shows(page: Page):
    write(page, "gpu: {cuont: 1}\n")
    page.wait("document.querySelector('#state.bad') !== null")
    assert "those of the last values without errors" in page.run("document.getElementById('state').textContent")


def test_a_large_file_is_not_opened(page: Page):
    drop(page, "large.yaml", "'# a line\\n'.repeat(200000)")
    page.wait("document.querySelector('#state.bad') !== null")
    assert "large.yaml is not opened" in page.run("document.getElementById('state').textContent")
    assert text_of(page) == ""


def find(page: Page, key: str) -> None:
    """Find a value that is no question, and have a field for it."""
    page.run(f"""(() => {{
      const find = document.getElementById("find");
      find.value = {json.dumps(key)};
      find.dispatchEvent(new Event("input"));
    }})()""")
    page.run(f"document.querySelector('#found button[aria-label=\"Set {key}\"]').click()")


def test_a_list_is_answered_in_yaml(page: Page):
    find(page, "extraArgs")
    answer(page, "extraArgs", "[--a, ")
    page.wait("!document.getElementById('q-extraArgs-error').hidden")
    answer(page, "extraArgs", "[--a, 'b c']")
    page.wait("document.getElementById('text').value.includes('b c')")
    assert yaml.safe_load(text_of(page)) == {"extraArgs": ["--a", "b c"]}


def test_a_screen_reader_is_given_a_name_for_everything_that_can_be_used(page: Page):
    used = {"button", "checkbox", "textbox", "combobox", "searchbox", "tab", "tabpanel", "link", "form", "region"}
    assert [(role, name) for role, name in page.tree() if role in used and not name.strip()] == []


class TestEditor:
    def test_a_key_and_its_value_are_completed_and_described(self, page: Page) -> None:
        edit(page)
        page.type("gpu:\nven")
        page.wait(f"{OFFERED}.join() === 'vendor'")
        assert "Vendor of the accelerators" in page.wait("document.querySelector('.cm-completionInfo')?.textContent")
        accept(page)
        page.wait(f"{OFFERED}.includes('nvidia')")
        page.type("nvi")
        page.wait(f"{OFFERED}.join() === 'nvidia'")
        accept(page)
        page.wait("document.getElementById('q-gpu.vendor').value === 'nvidia'")
        page.wait(FINE)
        assert text_of(page) == "gpu:\n  vendor: nvidia"

    def test_a_value_that_is_typed_whole_ends_with_enter(self, page: Page) -> None:
        edit(page)
        page.type("openWebui:\nenabled: false")
        page.wait("document.querySelector('.cm-tooltip-autocomplete') === null")
        page.type("\nsignup: true\n")
        page.wait(FINE)
        assert yaml.safe_load(text_of(page)) == {"openWebui": {"enabled": False, "signup": True}}

    @pytest.mark.parametrize(
        ("text", "offered", "not_offered"),
        [
            ("", ["engine", "servers"], ["vendor"]),
            ("gpu:\n  vendor: nvidia\n  # more\n\n  ", ["count", "scheme"], ["vendor", "engine"]),
            ("servers:\n  big:\n    ", ["engine", "model", "gpu"], ["openWebui", "servers"]),
            ("servers:\n  'big':\n    gpu: # two\n      ", ["vendor", "count"], ["engine"]),
            ("extraArgs:\n  - ", [], []),
            ("extraArgs:\n  - a: 1\n    ", [], []),
            ("openWebui:\n  enabled: ", ["true", "false"], []),
            ("nothing:\n  such: ", [], []),
            ("constructor:\n  a:\n    ", [], []),
            (f"a{' ' * 100_000}b\n{'x' * 100_000}: 1\nservers: # {' ' * 100_000}\n  a:\n    ", ["engine"], []),
        ],
    )
    def test_the_keys_that_are_offered_are_those_of_the_place(
        self, page: Page, text: str, offered: list[str], not_offered: list[str]
    ) -> None:
        write(page, text)
        edit(page)
        page.key(" ", CONTROL)
        if offered:
            page.wait(f"{OFFERED}.length > 0")
        else:
            settled(page)
        said = page.run(OFFERED)
        assert set(offered) <= set(said)
        assert not set(not_offered) & set(said)
        assert offered or not said

    def test_a_refusal_is_marked_at_its_line_until_it_is_mended(self, page: Page) -> None:
        write(page, "# mine\ngpu:\n  cuont: 1\nreplicas: many\n")
        page.wait("document.querySelectorAll('.cm-lint-marker-error').length === 2")
        lines = page.run("[...document.querySelectorAll('.cm-lintRange-error')].map((each) => each.innerText)")
        assert lines == ["cuont: 1", "replicas: many"]
        assert page.run("document.getElementById('state').textContent").startswith("2 errors.")
        said = page.run("[...document.querySelectorAll('#problems li')].map((each) => each.textContent)")
        assert [each.partition(":")[0] for each in said] == ["line 3", "line 4"]
        page.run("document.querySelector('#problems a').click()")
        assert page.run("document.activeElement.id") == "q-replicas"
        page.point("document.querySelector('.cm-lint-marker-error')")
        said = page.wait("document.querySelector('.cm-tooltip-lint')?.innerText")
        assert said == "gpu.cuont: no such key; did you mean 'count'?"
        write(page, "# mine\ngpu:\n  count: 1\n")
        page.wait("document.querySelectorAll('.cm-lint-marker-error').length === 0")

    def test_a_key_is_described_where_the_mouse_is(self, page: Page) -> None:
        write(page, "servers: {big: {gpu: {vendor: nvidia}}}\n")
        page.wait("document.querySelector('.cm-line span') !== null")
        page.point("[...document.querySelectorAll('.cm-line span')].find((each) => each.innerText === 'vendor')")
        said = page.wait("document.querySelector('.cm-tooltip .cm-said')?.innerText")
        assert "Vendor of the accelerators" in said

    def test_control_z_undoes_what_was_typed_and_what_was_answered(self, page: Page) -> None:
        edit(page)
        page.type("replicas: 1\n")
        page.wait(FINE)
        answer(page, "gpu.vendor", "nvidia")
        page.wait("document.getElementById('text').value.includes('nvidia')")
        page.wait(FINE)
        edit(page)
        page.key("z", CONTROL)
        page.wait("document.getElementById('q-gpu.vendor').value === 'none'")
        assert text_of(page) == "replicas: 1\n"
        for _ in ("the end of the line", "its text"):
            page.key("z", CONTROL)
        page.wait("document.getElementById('text').value === ''")
        page.wait(FINE)

    def test_an_answer_leaves_the_cursor_where_it_is(self, page: Page) -> None:
        write(page, "gpu:\n  count: 1\nreplicas: 1\n")
        page.wait(FINE)
        edit(page)
        answer(page, "gpu.vendor", "nvidia")
        page.wait("document.getElementById('text').value.includes('nvidia')")
        page.run("document.querySelector('.cm-content').focus()")
        page.type("# the end")
        assert text_of(page).endswith("replicas: 1\n# the end")

    def test_a_file_that_is_dropped_on_it_takes_the_place_of_the_text(self, page: Page) -> None:
        write(page, "replicas: 2\n")
        page.run("""(() => {
          const data = new DataTransfer();
          data.items.add(new File(["# theirs\\r\\nreplicas: 1\\r\\n"], "theirs.yaml"));
          const drop = new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
          document.querySelector(".cm-line").dispatchEvent(drop);
        })()""")
        page.wait("document.getElementById('text').value.includes('theirs')")
        page.wait(FINE)
        assert text_of(page) == "# theirs\nreplicas: 1\n"

    def test_the_key_tab_leaves_it_and_it_has_a_name(self, page: Page) -> None:
        edit(page)
        page.key("Tab")
        assert page.run("document.activeElement.id") == "save"
        page.key("Tab", SHIFT)
        assert page.run("document.activeElement.classList.contains('cm-content')")
        assert text_of(page) == ""
        assert ("textbox", "values.yaml") in page.tree()

    def test_a_long_file_is_kept_whole(self, page: Page) -> None:
        text = "".join(f"# line {n}\n" for n in range(9000)) + "replicas: 1\n"
        drop(page, "long.yaml", json.dumps(text))
        page.wait("document.getElementById('text').value.length > 9000")
        page.wait(FINE)
        assert text_of(page) == text

    def test_what_is_searched_for_is_not_taken_for_a_change(self, page: Page) -> None:
        edit(page)
        page.key("f", CONTROL)
        page.wait("document.activeElement.name === 'search'")
        page.run(HOLD)
        page.type("gpu")
        assert page.run("document.getElementById('state').className") == "good"
        assert page.run("held.length") == 0


# What the open list of completions offers.
OFFERED = "[...document.querySelectorAll('.cm-tooltip-autocomplete li')].map((each) => each.innerText.split('…')[0])"


def edit(page: Page) -> None:
    """Put the cursor at the end of the file."""
    page.run("document.querySelector('.cm-content').focus()")
    page.key("End", CONTROL)


def accept(page: Page) -> None:
    """Take the first completion, which the editor accepts a moment after it appears."""
    page.run("new Promise((done) => setTimeout(done, 100))")
    page.key("Enter")
