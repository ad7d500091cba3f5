"""The editors' pages in a real browser (headless Chromium): editing with mouse and keyboard, two editors at once,
hostile articles, and accessibility (axe)."""

import pytest

from .desk import TEXT, TITLE, Editor, as_user, sent, server


def test_edit_reorder_delete_add_approve_and_copy(desk, editor, record):
    here = desk[1]
    drafts = [one["text"] for one in record["bullets"]]
    assert editor.texts() == drafts
    editor.point(1).fill("The council voted on Monday to keep the baths.")
    editor.page.get_by_label("Why point 1 was changed").select_option("leaning")
    editor.button("Move down point 1").click()
    assert editor.texts()[1] == "The council voted on Monday to keep the baths."
    editor.button("Delete point 1").click()
    assert len(editor.texts()) == len(drafts) - 1
    editor.button("Undo").click()
    assert len(editor.texts()) == len(drafts)
    editor.button("Delete point 1").click()
    editor.page.get_by_text("The baths were built in 1934.").click()
    assert editor.texts()[-1] == "The baths were built in 1934."
    editor.button("Save").click()
    editor.said("Saved.")
    editor.button("Approve").click()
    editor.said("Approved.")
    kept = here.store.get(record["id"])
    assert kept["status"] == "approved" and kept["revision"] == 3
    assert [one["text"] for one in kept["bullets"]] == editor.texts()
    assert kept["bullets"][0]["reason"] == "leaning" and [one["text"] for one in kept["removed"]] == [drafts[1]]
    editor.button("Copy Markdown").click()
    editor.said("Copied.")
    pasted = editor.page.evaluate("navigator.clipboard.readText()")
    assert pasted.startswith("- The council voted on Monday to keep the baths.\n") and "approved by an editor" in pasted
    editor.button("Withdraw").click()
    editor.said("Withdrawn.")
    assert here.store.get(record["id"])["status"] == "withdrawn"


def test_with_the_keyboard_alone(desk, editor, record):
    drafts = [one["text"] for one in record["bullets"]]
    press = editor.page.keyboard.press
    for _ in range(40):
        press("Tab")
        if editor.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Point 1":
            break
    press("Alt+ArrowDown")
    assert editor.texts()[:2] == [drafts[1], drafts[0]]
    assert editor.page.evaluate("document.activeElement.value") == drafts[0]
    press("Alt+ArrowUp")
    assert editor.texts() == drafts
    press("Alt+Delete")
    assert editor.texts() == drafts[1:]
    editor.page.locator("#story .s").first.focus()
    press("ArrowDown")
    press("ArrowDown")
    press("Enter")
    assert editor.texts()[-1].startswith("Ann Roe, who leads the council")
    press("Control+s")
    editor.said("Saved.")
    press("Control+Enter")
    editor.said("Approved.")
    assert desk[1].store.get(record["id"])["status"] == "approved"


def test_what_is_not_in_the_article_is_approved_only_when_asked(desk, editor, record):
    asked = []

    def answer(dialog):
        asked.append(dialog.message)
        dialog.accept() if len(asked) > 1 else dialog.dismiss()

    editor.page.on("dialog", answer)
    editor.point(1).fill("The council voted on Monday to pay 14 million pounds.")
    editor.button("Approve").click()
    editor.said("Not approved, and not saved.")
    kept = desk[1].store.get(record["id"])
    assert kept["status"] == "draft" and kept["revision"] == record["revision"]
    assert editor.page.locator(".back mark").all_text_contents() == ["14 million pounds"]
    assert "'14 million pounds' is not in the article." in asked[0] and "Approve anyway?" in asked[0]
    editor.button("Approve").click()
    editor.said("Approved.")
    editor.button("Withdraw").click()
    editor.said("Withdrawn.")
    editor.button("Make it a draft again").click()
    editor.said("This list is a draft again.")
    assert desk[1].store.get(record["id"])["status"] == "draft" and len(asked) == 2


def test_an_approved_list_stays_approved_where_the_question_is_answered_with_no(desk, editor, record):
    editor.button("Approve").click()
    editor.said("Approved.")
    editor.page.on("dialog", lambda dialog: dialog.dismiss())
    editor.point(1).fill("The council voted on Monday to pay 14 million pounds.")
    editor.button("Approve").click()  # before the check of the typed text has run
    editor.said("Not approved, and not saved.")
    kept = desk[1].store.get(record["id"])
    assert kept["status"] == "approved" and kept["revision"] == 2
    assert editor.texts()[0].endswith("14 million pounds.")


def test_what_fails_is_marked_as_one_types(editor):
    editor.point(1).fill("The council voted on Friday to pay 14 million pounds.")
    editor.page.wait_for_selector(".back mark")
    marked = editor.page.locator("#bullets li").first.locator("mark").all_text_contents()
    assert marked == ["Friday", "14 million pounds"]
    assert "'Friday' is not in the article." in editor.page.locator("#checks0").inner_text()
    editor.point(1).fill("The council voted on Monday to keep the baths.")
    editor.page.wait_for_function("() => !document.querySelector('.back mark')")
    editor.page.wait_for_function("() => !document.querySelector('#checks0 .wrong')")


def test_pointing_at_a_point_lights_up_its_sentences(editor, record):
    assert editor.page.locator(".s.lit").count() == 0
    editor.point(2).focus()
    lit = editor.page.locator(".s.lit").all_text_contents()
    assert lit == [one["text"] for one in record["bullets"][1]["sources"]]
    editor.page.locator("#bullets li").first.hover()
    assert editor.page.locator(".s.lit").all_text_contents() == [s["text"] for s in record["bullets"][0]["sources"]]


def test_other_wordings_take_a_points_place(editor, record):
    own = "The repairs cost 2.9 million pounds."
    editor.point(2).fill(own)
    editor.button("Other wordings of point 2").click()
    first = editor.page.locator("#wordings1 .wording").first
    text = first.inner_text()  # at least the sentence itself
    assert text != own
    first.click()
    assert editor.texts()[1] == text
    editor.button("Undo").click()
    assert editor.texts()[1] == own


def test_the_other_length_is_one_click_away(desk, editor, record):
    editor.page.locator("#other").click()
    editor.page.wait_for_url(lambda url: record["id"] not in url)
    editor.page.wait_for_selector("#bullets li")
    assert "brief list" in editor.page.locator(".state").inner_text()
    assert {one.length for one in desk[1].store.entries()} == {"standard", "brief"}


def test_dragging_moves_a_point(editor, record):
    editor.page.locator(".grip").first.drag_to(editor.page.locator("#bullets > li").nth(1))
    assert editor.texts()[:2] == [record["bullets"][1]["text"], record["bullets"][0]["text"]]


def test_what_was_not_saved_is_back_after_a_crash(editor):
    editor.point(1).fill("Half a thought about the baths.")
    editor.page.reload()
    editor.said("are back")
    assert editor.texts()[0] == "Half a thought about the baths."
    editor.button("Save").click()
    editor.said("Saved.")
    editor.page.reload()
    editor.page.wait_for_selector("#bullets li")
    assert editor.texts()[0] == "Half a thought about the baths." and editor.button("Save").is_disabled()


def test_nothing_can_be_typed_while_a_save_runs(editor):
    editor.page.route("**/revisions", lambda route: (editor.page.wait_for_timeout(700), route.continue_()))
    editor.point(1).fill("The baths stay open.")
    editor.page.keyboard.press("Control+s")
    assert editor.page.evaluate("() => document.getElementById('bullets').inert")
    editor.page.keyboard.type(" Typed while it is saved.")
    editor.said("Saved.")
    assert editor.texts()[0] == "The baths stay open." and not editor.page.evaluate(
        "() => document.getElementById('bullets').inert"
    )


def test_unsaved_changes_of_an_older_version_are_a_choice(browser, desk, editor, record):
    editor.point(1).fill("What I had not saved.")
    other = Editor(browser, desk[0], record)
    other.point(2).fill("What the other saved.")
    other.button("Save").click()
    other.said("Saved.")
    other.close()
    for _ in range(2):
        editor.page.reload()
        editor.page.wait_for_selector(".conflict")
    editor.button("Save").click()
    editor.page.wait_for_timeout(300)
    assert desk[1].store.get(record["id"])["revision"] == 2
    editor.button("Use the other list").click()
    assert editor.texts()[1] == "What the other saved."
    editor.button("Undo").click()
    assert editor.texts()[0] == "What I had not saved."
    editor.errors = [error for error in editor.errors if "409" not in error]


def test_a_check_that_waits_goes_with_its_point(editor, record):
    editor.point(1).fill("The council voted on Friday.")
    editor.button("Move down point 1").click()
    editor.page.wait_for_selector("#checks1 .wrong")
    assert "Friday" in editor.page.locator("#checks1").inner_text()
    assert editor.page.locator("#checks0 .wrong").count() == 0
    assert editor.page.locator(".back mark").all_text_contents() == ["Friday"]


def test_marks_are_where_the_words_are(editor):
    editor.point(1).fill("\U0001f600\U0001f600 The council  voted on Friday.")
    editor.page.wait_for_selector(".back mark")
    assert editor.page.locator(".back mark").all_text_contents() == ["Friday"]


def test_on_a_phone_the_sources_are_below_the_point(editor, record):
    editor.point(1).focus()
    assert not editor.page.locator("#source0").is_visible()
    editor.page.set_viewport_size({"width": 390, "height": 760})
    editor.point(2).focus()
    shown = editor.page.locator("#source1").inner_text()
    assert " ".join(record["bullets"][1]["sources"][0]["text"].split()) in " ".join(shown.split())
    count = len(editor.texts())
    editor.page.once("dialog", lambda dialog: dialog.dismiss())
    editor.page.locator("#story .s").first.click()
    assert len(editor.texts()) == count


def test_a_sentence_becomes_a_source_of_the_point_the_editor_was_in(desk, editor, record):
    before = [(one["start"], one["end"]) for one in record["bullets"][0]["sources"]]
    editor.point(1).focus()
    other = next(
        one for one in editor.page.locator("#story .s").all() if int(one.get_attribute("data-start")) > before[-1][1]
    )
    other.click(modifiers=["Shift"])
    editor.said("A source of point 1 now.")
    editor.button("Save").click()
    editor.said("Saved.")
    saved = desk[1].store.get(record["id"])["bullets"][0]["sources"]
    assert len(saved) == len(before) + 1 and len(editor.texts()) == len(record["bullets"])


def test_after_saving_the_caret_is_where_it_was(editor):
    editor.point(2).focus()
    editor.page.keyboard.press("End")
    editor.page.keyboard.type(" Now")
    editor.page.keyboard.press("Control+s")
    editor.said("Saved.")
    editor.page.keyboard.type(" it rains.")
    assert editor.texts()[1].endswith(" Now it rains.")
    assert editor.page.locator("#said").inner_text() == ""


def test_no_words_are_hidden_when_the_window_is_made_narrow(editor):
    editor.page.set_viewport_size({"width": 340, "height": 700})
    hidden = "() => [...document.querySelectorAll('#bullets textarea')].some(a => a.scrollHeight > a.clientHeight)"
    editor.page.wait_for_function(f"() => !({hidden})()")


def test_a_desk_that_does_not_answer_is_said(browser, desk, record):
    context = browser.new_context()
    page = context.new_page()
    page.route(f"**/v1/summaries/{record['id']}", lambda route: route.abort())
    page.goto(f"{desk[0]}/summaries/{record['id']}")
    page.wait_for_function("() => document.getElementById('said').textContent.includes('does not answer')")
    page.keyboard.press("Control+s")
    context.close()


@pytest.mark.parametrize("choice", ["Keep my list", "Use the other list"])
def test_two_editors_see_each_other_and_lose_nothing(browser, desk, record, choice):
    ann, bob = (Editor(browser, desk[0], record) for _ in range(2))
    ann.point(1).fill("Ann's text about the baths.")
    bob.point(2).fill("Bob's text about the money.")
    ann.button("Save").click()
    ann.said("Saved.")
    bob.button("Save").click()
    bob.page.wait_for_selector(".conflict")
    said = bob.page.locator(".conflict").inner_text()
    assert "has changed this list while you worked on it" in said
    assert "Ann's text about the baths." in said and "Bob's text about the money." in said
    bob.button(choice).click()
    if choice == "Keep my list":
        bob.button("Save").click()
        bob.said("Saved.")
    kept = [one["text"] for one in desk[1].store.get(record["id"])["bullets"]]
    assert ("Bob's text about the money." in kept) == (choice == "Keep my list") and bob.texts() == kept
    texts = [[one["text"] for one in version.bullets] for version in desk[1].store.history(record["id"])]
    assert any("Ann's text about the baths." in one for one in texts)
    bob.errors = [error for error in bob.errors if "409" not in error]
    ann.close()
    bob.close()


def test_others_are_told_who_has_a_list_open(browser, base, tmp_path):
    with server(base, tmp_path, user_header="X-Desk-User") as (address, _):
        record = sent(address)
        ann = Editor(browser, address, record, extra_http_headers=as_user("Ann"))
        ann.page.wait_for_function("() => fetch('/').then(r => r.text()).then(t => t.includes('Ann, a moment'))")
        bob = Editor(browser, address, record, extra_http_headers=as_user("Bob"))
        bob.page.wait_for_function(
            "() => document.getElementById('notice').textContent.includes('Ann has this list open too.')"
        )
        bob.close()
        ann.close()


HOSTILE = [
    "<script>window.hurt = 1</script>",
    "<img src=x onerror='window.hurt = 1'>",
    '"><svg onload=window.hurt=1>',
    "{{ 7 * 7 }} ${window.hurt = 1} {% raw %}",
    "javascript:window.hurt=1",
    "</textarea><script>window.hurt = 1</script>",
    "\u202eevil\u202c \u2066x\u2069",
]


def test_what_an_article_holds_is_never_run(browser, desk):
    text = "\n\n".join(
        f"The council said on Monday that {one} was seen. {part}"
        for one, part in zip(HOSTILE, TEXT.split("\n\n") * 2, strict=False)
    )
    record = sent(desk[0], id=HOSTILE[2], title=HOSTILE[0] + HOSTILE[1], text=text, policy="extract", bullets=7)
    editor = Editor(browser, desk[0], record)
    editor.point(1).fill(HOSTILE[1] + HOSTILE[0])
    editor.button("Save").click()
    editor.said("Saved.")
    editor.page.reload()
    editor.page.wait_for_selector("#bullets li")
    for path in ("", f"summaries/{record['id']}"):
        editor.page.goto(f"{desk[0]}/{path}")
        assert editor.page.evaluate("window.hurt") is None
        assert editor.page.locator("main img, main svg, main script").count() == 0
    assert HOSTILE[0] in editor.page.locator("h1").inner_text()
    editor.close()


def test_right_to_left_text_stands_right_to_left(browser, desk):
    hebrew = "המועצה הצביעה ביום שני לשמור על בריכת השחייה פתוחה. התיקונים יעלו שלושה מיליון. הגג יתוקן עד מאי."
    editor = Editor(browser, desk[0], sent(desk[0], text=hebrew, title="בריכה", language="he"))
    assert editor.page.evaluate("getComputedStyle(document.querySelector('#story p')).direction") == "rtl"
    assert editor.page.evaluate("document.querySelector('#bullets textarea').matches(':dir(rtl)')")
    editor.close()


def axe(page):
    """Returns the accessibility faults that axe finds on a page."""
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=rules).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("look", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 700}}])
def test_axe_finds_nothing(browser, desk, record, look):
    editor = Editor(browser, desk[0], record, **look)
    editor.point(1).fill("The council voted on Friday to pay 14 million pounds.")
    editor.page.wait_for_selector(".back mark")
    editor.button("Delete point 2").click()
    editor.page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    for path in (None, "", "new"):
        if path is not None:
            editor.page.goto(f"{desk[0]}/{path}")
        assert axe(editor.page) == [], path
        wide = editor.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{path} is {wide} pixels too wide"
    editor.close()


def test_an_article_pasted_by_hand(browser, base, tmp_path):
    with server(base, tmp_path, user_header="X-Desk-User") as (address, here):
        page = browser.new_context(extra_http_headers=as_user("ann")).new_page()
        page.goto(f"{address}/new")
        page.get_by_label("Headline").fill(TITLE)
        page.get_by_label("Story").fill(TEXT)
        page.get_by_role("button", name="Draft the key points").click()
        page.wait_for_selector("#bullets li")
        page.get_by_role("button", name="Approve").click()
        page.wait_for_function("() => document.getElementById('status').textContent === 'approved'")
        (entry,) = here.store.entries("approved")
        assert entry.title == TITLE and here.store.history(entry.id)[-1].who == "ann"
