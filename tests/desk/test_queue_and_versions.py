"""The pages around a list, in a real browser: the queue, the next draft, and earlier versions."""

from .desk import TEXT, sent


def test_an_earlier_version_is_shown_and_restored(desk, editor, record):
    drafts = editor.texts()
    editor.point(1).fill("The council voted on Monday to keep the baths.")
    editor.button("Save").click()
    editor.said("Saved.")
    editor.page.get_by_text("History", exact=True).click()
    editor.button("Show version 1").click()
    assert drafts[0] in editor.page.locator(".version").inner_text()
    editor.button("Restore this version").click()
    editor.said("Save it to make it the newest version.")
    assert editor.texts() == drafts
    editor.button("Save").click()
    editor.said("Saved.")
    kept = desk[1].store.get(record["id"])
    assert [one["text"] for one in kept["bullets"]] == drafts and kept["revision"] == 3


def test_the_next_draft_is_a_key_away(desk, editor, record):
    other = sent(desk[0], id="story-2", text=TEXT + "\n\nIt rained.")
    for wanted in (other, record):
        editor.page.keyboard.press("Alt+n")
        editor.page.wait_for_url(f"**/summaries/{wanted['id']}")
        editor.page.wait_for_selector("#bullets li")
    for one in (record, other):
        desk[1].store.change(one["id"], 1, "ann", "rejected")
    editor.page.goto(f"{desk[0]}/summaries/{record['id']}/next")
    assert editor.page.url == f"{desk[0]}/"


def test_the_queue_has_a_row_an_article_and_can_be_searched(desk, editor, record):
    sent(desk[0], length="brief")
    sent(desk[0], id="cms-77", title="100% of pools close", text=TEXT + "\n\nIt rained.")
    rows = editor.page.locator("table.queue tbody tr")
    for asked, found in (("", 2), ("KEEP THE", 1), ("cms-7", 1), ("100%", 1), ("%", 1), ("_", 0)):
        editor.page.goto(desk[0])
        editor.page.get_by_label("Headline or id").fill(asked)
        with editor.page.expect_navigation():
            editor.button("Find").click()
        assert rows.count() == found, asked
    editor.page.goto(f"{desk[0]}/?q=keep")
    assert editor.page.locator("td[data-name=Lists] a").all_text_contents() == ["brief", "standard"]
    assert editor.page.locator("td[data-name=Id]").all_text_contents() == ["story-1"]
