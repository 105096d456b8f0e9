"""Pages in a real Chromium: they load without an error, and their graph opens, folds and explains itself."""

import pytest

from compat_saver.analysis.node_fates import GraphChange
from compat_saver.report.html.pages import migration_page
from tests.report.html.changes import SMALL_CHANGE, large
from tests.report.html.test_pages import hostile_report
from tests.report.outcomes import make_report

selenium = pytest.importorskip("selenium", reason="selenium drives the browser")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

from tests.report.html.browser import CHROMIUM, DESKTOP, DRIVER, PHONE, browser, show  # noqa: E402

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its chromedriver are not installed")


@pytest.fixture(scope="module")
def driver():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "report.html"
    path.write_text(migration_page(make_report(change=SMALL_CHANGE), {}), encoding="utf-8")
    return path


def labels(driver) -> set[str]:
    """What is said of every box that is drawn in the first picture."""
    found = driver.find_elements(By.CSS_SELECTOR, "[data-graph=before] .button")
    return {item.get_attribute("aria-label") for item in found}


def box(driver, start: str):
    return driver.find_element(By.CSS_SELECTOR, f'[data-graph=before] .button[aria-label^="{start}"]')


def press(driver, start: str) -> None:
    driver.execute_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", box(driver, start))


def details(driver) -> str:
    return driver.find_element(By.CLASS_NAME, "details").text


def errors(driver) -> list[str]:
    return [item["message"] for item in driver.get_log("browser")]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_loads_without_an_error_and_fits(driver, page, size, theme):
    show(driver, page, size, theme)
    assert errors(driver) == []
    assert driver.execute_script("return document.documentElement.scrollWidth") <= size[0]
    color = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (color == "rgb(244, 246, 249)") == (theme == "light")
    assert [item.text for item in driver.find_elements(By.CSS_SELECTOR, "nav a")][:2] == ["What to know", "Signatures"]


def test_scopes_open_and_close(driver, page):
    show(driver, page)
    assert "Placeholder x: kept" in labels(driver)
    assert "MatMul layer/MatMul: kept" in labels(driver)  # few enough to be open at first
    press(driver, "Scope layer,")
    assert "Scope layer, closed: 1 kept, 2 rewritten" in labels(driver)
    assert "MatMul layer/MatMul: kept" not in labels(driver)
    assert "2 rewritten VariableV2 becomes VarHandleOp, outputs exactly equal" in details(driver)
    press(driver, "Scope layer,")
    assert "MatMul layer/MatMul: kept" in labels(driver)


def test_the_keyboard_does_the_same(driver, page):
    show(driver, page)
    box(driver, "Scope layer,").send_keys(Keys.ENTER)
    assert "Scope layer, closed: 1 kept, 2 rewritten" in labels(driver)
    focused = driver.execute_script("return document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("Scope layer, closed")
    before = driver.execute_script("return graphPage.views.before.scale")
    driver.switch_to.active_element.send_keys("+")
    assert driver.execute_script("return graphPage.views.before.scale") > before


def test_a_click_explains_a_rewrite_before_and_after(driver, page):
    show(driver, page)
    press(driver, "VariableV2 layer/w:")
    text = details(driver)
    assert "rewritten VariableV2 becomes VarHandleOp, outputs exactly equal" in text
    sides = [item.text for item in driver.find_elements(By.CSS_SELECTOR, ".pair section")]
    assert sides[0].splitlines()[:2] == ["ORIGINAL", "VariableV2"]
    assert sides[1].splitlines()[:2] == ["MIGRATED", "VarHandleOp"]


def test_side_by_side_the_same_node_is_chosen(driver, page):
    show(driver, page)
    driver.find_element(By.CSS_SELECTOR, "[value=both] + span").click()
    press(driver, "MatMul layer/MatMul")
    chosen = driver.find_elements(By.CSS_SELECTOR, ".button.chosen")
    assert [item.get_attribute("aria-label") for item in chosen] == ["MatMul layer/MatMul: kept"] * 2


def test_a_search_leads_to_a_node(driver, page):
    show(driver, page)
    driver.find_element(By.CSS_SELECTOR, "[data-do=fold]").click()
    driver.find_element(By.ID, "graph-search").send_keys("w_grad")
    driver.find_element(By.CSS_SELECTOR, "#graph-results button").click()
    assert "MatMul gradients/w_grad: dropped" in labels(driver)
    assert "no signature depends on it" in details(driver)


def test_a_legend_entry_hides_its_nodes(driver, page):
    show(driver, page)
    chip = driver.find_element(By.CSS_SELECTOR, "[data-graph=before] .chip.dropped")
    chip.click()
    assert chip.get_attribute("aria-pressed") == "false"
    assert not [label for label in labels(driver) if "gradients" in label]


def test_tables_are_sorted_by_a_click(driver, page):
    show(driver, page)
    head = driver.find_element(By.XPATH, "//section[@id='variables']//th[4]/button")
    names = lambda: [row.text for row in driver.find_elements(By.CSS_SELECTOR, "#variables td:first-child")]  # noqa: E731
    driver.execute_script("arguments[0].click()", head)
    assert names() == ["b", "w"]
    driver.execute_script("arguments[0].click()", head)
    assert names() == ["w", "b"]


def test_strings_of_a_file_do_not_run(driver, tmp_path):
    path = tmp_path / "hostile.html"
    path.write_text(migration_page(hostile_report(), {}), encoding="utf-8")
    show(driver, path)
    assert errors(driver) == []  # an alert would also raise at the next command
    assert driver.find_elements(By.TAG_NAME, "img") == []
    assert len(driver.find_elements(By.CSS_SELECTOR, "[data-graph=before] .box.node")) == 1


def test_50000_nodes_are_usable(driver, tmp_path):
    path = tmp_path / "large.html"
    drawn = large(50_000)
    path.write_text(migration_page(make_report(change=GraphChange(drawn)), {}), encoding="utf-8")
    show(driver, path)
    assert 0 < len(labels(driver)) < 200
    driver.find_element(By.ID, "graph-search").send_keys("op_12345")
    driver.find_element(By.CSS_SELECTOR, "#graph-results button").click()
    assert any(label.endswith("/op_12345: kept") for label in labels(driver))
    assert (
        driver.execute_script(
            "const start = performance.now(); graphPage.views.before.draw(); return performance.now() - start"
        )
        < 2_000
    )
    assert errors(driver) == []
