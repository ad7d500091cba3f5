"""Counts the points that editors kept, changed, deleted and added, by week and version of the model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from ..checks import FAULT_NAMES
from .store import Store

REASONS: dict[str, str] = dict(FAULT_NAMES.items()) | {"other": "another reason"}
"""Names of an editor's reasons for changing or deleting a point."""


@dataclass
class Week:
    """Counts for the lists that a model drafted and that were approved in one week.

    Attributes:
        week: ISO year and week, as "2026-W48".
        model: Name and version of the model.
        lists: Number of approved lists.
        untouched: Number of bullets approved as they were drafted.
        edited: Number of bullets with a changed text.
        deleted: Number of drafted bullets that are not in the approved lists.
        added: Number of bullets that editors added.
    """

    week: str
    model: str
    lists: int = 0
    untouched: int = 0
    edited: int = 0
    deleted: int = 0
    added: int = 0

    @property
    def drafted(self) -> int:
        """Number of bullets that the model wrote."""
        return self.untouched + self.edited + self.deleted

    def share(self, count: int) -> str:
        """Returns a count as a percentage of the model's bullets."""
        return f"{100 * count / self.drafted:.0f}%" if self.drafted else "–"


def weeks(store: Store) -> tuple[list[Week], list[tuple[str, int]]]:
    """Returns the weeks, newest first, and the names of the editors' reasons with their counts, most frequent first."""
    found: dict[tuple[str, str], Week] = {}
    reasons: Counter[str] = Counter()
    for record in store.approved():
        year, week, _ = datetime.fromisoformat(record["changed"]).isocalendar()
        model = f"{record['model']['name']} {record['model']['version']}"
        name = f"{year}-W{week:02}"
        line = found.setdefault((name, model), Week(name, model))
        line.lists += 1
        line.deleted += len(record["removed"])
        for bullet in record["bullets"]:
            if "draft" not in bullet:
                line.added += 1
            elif bullet["text"] == bullet["draft"]:
                line.untouched += 1
            else:
                line.edited += 1
        reasons.update(one["reason"] for one in (*record["bullets"], *record["removed"]) if one.get("reason"))
    return sorted(found.values(), key=lambda line: (line.week, line.model), reverse=True), [
        (REASONS[reason], count) for reason, count in reasons.most_common()
    ]
