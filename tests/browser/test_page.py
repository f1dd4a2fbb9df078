"""The page of a run as a reader meets it: by pointer, by keyboard, on paper, light and dark, wide and narrow."""

from __future__ import annotations

import io

import pypdf
import pytest
from playwright.sync_api import Page, expect

import workings as wk
from docs import screens
from tests.browser.nets import NETS, page_of, run_of
from workings.train.record import spread
from workings.write.values import value_text

pytestmark = pytest.mark.browser

PANELS = ("derivation", "picture", "program")
# names that stand in the formulas, in the picture and in the program
SHARED = {
    "neuron": ("w", "x", "expected", "y", "z", "loss"),
    "paths": ("w", "a", "paths"),
    "layers": ("x", "t", "logits"),
}


@pytest.fixture
def shown(open_html):
    """Opens the page of a net, ready to be used."""

    def show(name: str) -> Page:
        page = open_html(page_of(name), f"{name}.html")
        page.wait_for_selector("body[data-ready]", state="attached")
        return page

    return show


def id_of(page: Page, name: str) -> str:
    """The id that the program's `name` has."""
    found = (
        page.locator("#program .wk-name")
        .filter(has_text=name)
        .evaluate_all("(all, name) => all.filter((one) => one.textContent === name)[0].dataset.node", name)
    )
    assert found
    return found


def lit(page: Page) -> dict[str, list[str]]:
    """For each panel the ids of what is lit in it."""
    return page.evaluate(
        """(panels) => Object.fromEntries(panels.map((panel) => [panel,
            [...document.querySelectorAll(`#${panel} .wk-lit`)]
                .map((e) => `${e.dataset.node || ""} ${e.dataset.nodes || ""}`)]))""",
        list(PANELS),
    )


def check_lit(page: Page, node: str) -> None:
    """`node`, and nothing else, is lit in all three places."""
    found = lit(page)
    assert all(found.values()), found
    assert all(node in ids.split() for panel in found.values() for ids in panel), found


def check_dark(page: Page) -> None:
    """Nothing is lit."""
    assert lit(page) == {panel: [] for panel in PANELS}


def place(page: Page, panel: str, node: str):
    """Something that is seen in a panel and stands for the node alone."""
    return page.locator(f'#{panel} [data-node="{node}"]:visible').first


# ── what is pointed at ──


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("name", NETS)
def test_what_is_pointed_at_lights_in_all_three_places(name, panel, shown):
    page = shown(name)
    if name == "layers":
        page.locator("#wk-view").select_option("all")
    check_dark(page)
    for symbol in SHARED[name]:
        node = id_of(page, symbol)
        place(page, panel, node).hover()
        check_lit(page, node)
        assert page.locator(".wk-status").inner_text().startswith(symbol)
        page.locator("h1").hover()
        check_dark(page)
        assert not page.locator(".wk-status").is_visible()


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("name", NETS)
def test_what_is_focused_lights_in_all_three_places(name, panel, shown):
    page = shown(name)
    if name == "layers":
        page.locator("#wk-view").select_option("all")
    for symbol in SHARED[name]:
        node = id_of(page, symbol)
        stop = page.locator(f'#{panel} [data-node="{node}"][tabindex]:visible').first
        stop.focus()
        check_lit(page, node)
        stop.blur()
        check_dark(page)


def test_a_folded_layer_lights_for_what_is_in_it(shown):
    page = shown("layers")
    node = id_of(page, "h_2")
    place(page, "program", node).hover()
    check_lit(page, node)
    assert page.locator("#picture .wk-lit[data-scope]:visible").get_attribute("data-scope") == "layer_2"


def test_a_derivative_lights_in_its_formula_and_its_line(shown):
    page = shown("neuron")
    node = id_of(page, "d_z")
    place(page, "program", node).hover()
    assert lit(page)["program"]
    assert "dlossdz" in page.locator("#derivation .wk-lit").all_text_contents()


def test_a_click_keeps_it_lit_until_escape(shown):
    page = shown("neuron")
    node, other = id_of(page, "y"), id_of(page, "w")
    place(page, "derivation", node).click()
    page.locator("h1").hover()
    check_lit(page, node)
    place(page, "derivation", other).hover()
    check_lit(page, other)
    page.locator("h1").hover()
    check_lit(page, node)
    page.keyboard.press("Escape")
    check_dark(page)
    place(page, "derivation", node).click()
    place(page, "derivation", node).click()
    page.locator("h1").hover()
    check_dark(page)


# ── recorded steps ──


def slide(page: Page, index: int) -> None:
    page.locator("#wk-step").fill(str(index))


def said(page: Page, panel: str, name: str) -> str:
    """What the line at the foot says of a name that is pointed at."""
    place(page, panel, id_of(page, name)).hover()
    text = page.locator(".wk-status").inner_text()
    page.locator("h1").hover()
    return text


def test_the_slider_shows_the_numbers_of_a_run_of_so_many_steps(shown):
    page = shown("neuron")
    steps = spread(200, 200)
    assert page.locator("#wk-step").get_attribute("max") == str(len(steps) - 1)
    for index in (0, 1, 57, 120, len(steps) - 1):
        slide(page, index)
        step = steps[index]
        again = wk.train(screens.loss, {"w": 0.5}, {"x": 1.0, "expected": 2.0}, optimizer=wk.SGD(0.01), steps=step)
        w, loss = value_text(again.parameters["w"]), value_text(again.value("loss"))
        assert page.locator("#wk-at").inner_text() == str(step)
        assert page.locator("#wk-loss").inner_text() == f"loss = {loss}"
        assert page.locator("#wk-step").get_attribute("aria-valuetext") == f"step {step}, loss {loss}"
        assert f"w = parameter = {w} " in said(page, "program", "w")
        assert f"loss = z² = {loss} " in said(page, "program", "loss")
        for node, whole in ((id_of(page, "w"), w), (id_of(page, "loss"), loss)):
            box = (page.locator(f'#picture [data-value="{node}"]').text_content() or "").strip()
            assert box.startswith("= ")
            # what is cut says so, and is not rounded
            assert whole == box[2:] or (box.endswith("…") and len(box) > 8 and whole.startswith(box[2:-1]))
    assert (
        run_of("neuron").losses[steps[57]]
        == wk.train(
            screens.loss, {"w": 0.5}, {"x": 1.0, "expected": 2.0}, optimizer=wk.SGD(0.01), steps=steps[57] + 1
        ).losses[-1]
    )


def test_the_slider_shows_the_arrays_of_a_run_of_so_many_steps(shown):
    page = shown("layers")
    page.locator("#wk-view").select_option("all")
    steps = spread(200, NETS["layers"][1])
    before = said(page, "program", "layers_1_w")
    for index in (3, len(steps) - 1):
        slide(page, index)
        again = screens.four_layers(steps[index])
        for name, value in (
            ("layers_1_w", again.parameters["layers"][1]["w"]),
            ("out_b", again.parameters["out"]["b"]),
        ):
            assert f"= {value_text(value)} " in said(page, "program", name)
        assert page.locator("#wk-loss").inner_text() == f"classify = {value_text(again.value('classify'))}"
    slide(page, 0)
    assert said(page, "program", "layers_1_w") == before


@pytest.mark.parametrize("name", NETS)
def test_a_step_reads_as_the_derivation_of_that_step(name, shown, open_html):
    """What is packed into the page comes out as the page that the derivation of the step has by itself."""
    run = run_of(name)
    steps = spread(run.steps, NETS[name][1])
    chosen = (1, len(steps) // 2, len(steps) - 1)
    page = shown(name)
    shown_ = []
    for index in chosen:
        slide(page, index)
        shown_.append(list(page.locator("#derivation .wk-part").all_inner_texts()))
    for index, texts in zip(chosen, shown_, strict=True):
        open_html(run.explain(step=steps[index]).page().html)
        page.wait_for_selector("body[data-ready]", state="attached")
        assert page.locator("#derivation .wk-part").all_inner_texts() == texts
    assert shown_[0] != shown_[1]


def test_what_is_pinned_stays_lit_from_step_to_step(shown):
    page = shown("neuron")
    node = id_of(page, "y")
    place(page, "derivation", node).click()
    slide(page, 30)
    check_lit(page, node)


def test_the_buttons_go_from_step_to_step(shown):
    page = shown("paths")
    steps = spread(60, 20)
    at = page.locator("#wk-at")
    page.get_by_role("button", name="Next recorded step").click()
    assert at.inner_text() == str(steps[1])
    page.get_by_role("button", name="Previous recorded step").click(click_count=2)
    assert at.inner_text() == "0"
    play = page.get_by_role("button", name="Play")
    play.click()
    expect(at).to_have_text("60", timeout=10_000)
    page.wait_for_selector("[data-play][aria-pressed=false]")
    assert page.get_by_role("button", name="Play").inner_text() == "Play"


# ── the keyboard ──


def here(page: Page) -> str:
    """Where the focus is, in a word."""
    return page.evaluate(
        """() => {
            const e = document.activeElement;
            if (!e || e === document.body) return "";
            if (e.id) return "#" + e.id;
            const panel = e.closest("#derivation, #picture, #program, #terms, .wk-bar");
            const kind = e.matches("[data-node], [data-scope]") ? "name" : e.tagName.toLowerCase();
            return `${panel ? panel.id || "steps" : "page"} ${kind}`;
        }"""
    )


def tabbed(page: Page) -> list[str]:
    """All stops of Tab, from the top of the page to its end; each is seen."""
    stops: list[str] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        stop = here(page)
        if not stop:
            return stops
        assert page.evaluate(
            """() => {
                const shape = document.activeElement.querySelector(":scope .wk-shape");
                const outline = getComputedStyle(document.activeElement).outlineStyle;
                return outline !== "none" || (shape && getComputedStyle(shape).strokeWidth === "4px");
            }"""
        ), f"no one sees that {stop} has the focus"
        stops.append(stop)
    raise AssertionError(f"Tab never came to an end: {stops[-20:]}")


def test_tab_reaches_everything_and_leaves_again(shown):
    page = shown("layers")
    stops = tabbed(page)
    assert stops[0] == "page a"
    for wanted in ("page button", "steps button", "#wk-step", "derivation summary", "#wk-view"):
        assert wanted in stops, wanted
    # each panel is one stop; from there it is arrows
    assert [stop for stop in stops if stop.endswith(" name")] == [f"{panel} name" for panel in PANELS]
    assert stops.index("derivation name") < stops.index("picture name") < stops.index("program name")
    page.keyboard.press("Shift+Tab")
    assert here(page) == stops[-1]


@pytest.mark.parametrize("panel", PANELS)
def test_arrows_go_from_name_to_name(panel, shown):
    page = shown("neuron")
    while here(page) != f"{panel} name":
        page.keyboard.press("Tab")
    focused = "() => document.activeElement.dataset.node"
    walked = [page.evaluate(focused)]
    count = page.locator(f"#{panel} [tabindex][data-node]").count()
    assert count > 5
    for _ in range(count - 1):
        page.keyboard.press("ArrowRight")
        walked.append(page.evaluate(focused))
    assert page.evaluate("(p) => document.activeElement.closest('#' + p) !== null", panel)
    page.keyboard.press("ArrowRight")  # the last one is the end
    assert page.evaluate(focused) == walked[-1]
    assert {id_of(page, name) for name in SHARED["neuron"]} <= set(walked)
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(focused) == walked[-2]
    page.keyboard.press("Home")
    assert page.evaluate(focused) == walked[0]
    page.keyboard.press("End")
    assert page.evaluate(focused) == walked[-1]
    # Tab comes back to where it was left
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == walked[-1]


@pytest.mark.parametrize("panel", PANELS)
def test_enter_pins_and_escape_lets_go(panel, shown):
    page = shown("neuron")
    while here(page) != f"{panel} name":
        page.keyboard.press("Tab")
    node = page.evaluate("() => document.activeElement.dataset.node")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    check_lit(page, node)
    page.keyboard.press("Escape")
    check_dark(page)


def test_the_slider_goes_by_arrows(shown):
    page = shown("paths")
    while here(page) != "#wk-step":
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#wk-at").inner_text() == str(spread(60, 20)[2])
    page.keyboard.press("End")
    assert page.locator("#wk-at").inner_text() == "60"
    page.keyboard.press("Home")
    assert page.locator("#wk-at").inner_text() == "0"


def test_the_view_is_chosen_by_keyboard(shown):
    page = shown("layers")
    views = page.locator(".wk-view:visible")
    assert views.get_attribute("data-view") == ""
    while here(page) != "#wk-view":
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert views.get_attribute("data-view") == "all"
    page.keyboard.press("ArrowDown")
    assert views.get_attribute("data-view") == "layer"


def test_a_folded_box_opens_by_enter_and_by_a_click(shown):
    page = shown("layers")
    views = page.locator(".wk-view:visible")
    page.locator('.wk-view:visible [data-scope="layer_2"]').focus()
    page.keyboard.press("Enter")
    assert views.get_attribute("data-view") == "layer_2"
    # the focus is not lost with the box that went
    assert page.evaluate("() => document.activeElement.closest('#picture') !== null")
    page.locator("#wk-view").select_option("")
    page.locator('.wk-view:visible [data-scope="layer_3"]').click()
    assert views.get_attribute("data-view") == "layer_3"


def test_folds_open_and_close_by_keyboard_and_stay_as_they_are(shown):
    page = shown("layers")
    folds = page.locator("#derivation details")
    closed = page.locator("#derivation details:not([open])")
    assert folds.count() > 3
    while here(page) != "derivation summary":
        page.keyboard.press("Tab")
    start = closed.count()
    page.keyboard.press("Enter")
    assert abs(closed.count() - start) == 1
    changed = closed.count()
    slide(page, 3)
    assert closed.count() == changed
    page.get_by_role("button", name="Fold the layers").press("Enter")
    assert closed.count() == folds.count()
    slide(page, 4)
    assert closed.count() == folds.count()
    page.get_by_role("button", name="Unfold them").press("Space")
    assert closed.count() == 0


def test_the_losses_are_read_by_pointer_and_by_arrows(shown):
    page = shown("neuron")
    losses = run_of("neuron").losses
    plot = page.locator(".wk-losses .wk-overlay")
    plot.hover()
    heard = page.locator(".wk-losses [role=status], .wk-losses [aria-live]").first
    told = heard.inner_text()
    assert any(value_text(loss) in told for loss in losses), told
    page.locator(".wk-losses svg").focus()
    page.keyboard.press("Home")
    assert value_text(losses[0]) in heard.inner_text()
    page.keyboard.press("ArrowRight")
    assert value_text(losses[1]) in heard.inner_text()


# ── how it looks ──


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NETS)
def test_no_serious_fault_of_accessibility_and_no_sideways_scrolling(name, scheme, width, page, shown, axe):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    shown(name)
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if name == "layers":
        page.locator("#wk-view").select_option("all")
        slide(page, 5)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 1000, 390])
@pytest.mark.parametrize("name", NETS)
def test_no_number_and_no_line_of_code_is_cut_and_all_letters_can_be_read(name, width, page, shown):
    page.set_viewport_size({"width": width, "height": 900})
    shown(name)
    last = page.locator("#wk-step").get_attribute("max")
    for index in (0, 5, int(last or 0)):
        slide(page, index)
        cut = "(all) => all.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"
        assert page.locator(".wk-part, .wk-code, .wk-equations th .wk-m").evaluate_all(cut) == []
    sizes = page.locator("#picture .wk-view:visible text").evaluate_all(
        "(all) => all.map((e) => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a)"
    )
    assert min(sizes) >= 9


def test_nothing_moves_when_the_step_changes(shown):
    page = shown("paths")
    width = "(e) => e.getBoundingClientRect().width"
    widths = set()
    for index in range(20):
        slide(page, index)
        widths.add(page.locator("#wk-step").evaluate(width))
    assert len(widths) == 1


def test_light_and_dark_by_the_button(shown, axe):
    page = shown("neuron")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    axe(page)
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(ground) == light


def test_the_page_stays_small():
    assert all(len(page_of(name).encode()) < 400_000 for name in NETS)


def test_terms_lead_to_the_dictionary(shown):
    page = shown("layers")
    links = page.locator("a.wk-term")
    assert links.count() >= 3
    targets = links.evaluate_all("(all) => all.map((a) => document.getElementById(a.hash.slice(1))?.tagName)")
    assert set(targets) == {"DT"}


@pytest.mark.parametrize("name", NETS)
def test_every_printed_page_has_something_on_it(name, shown):
    page = shown(name)
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4")))
    texts = [sheet.extract_text() for sheet in printed.pages]
    assert all(len(text.split()) > 5 for text in texts), [len(text.split()) for text in texts]
    whole = " ".join(" ".join(texts).split())
    assert "Play" not in whole
    # folds are open on paper, and the program is whole
    assert run_of(name).source("python").splitlines()[-1].split()[-1] in whole
    assert "The terms" in whole
