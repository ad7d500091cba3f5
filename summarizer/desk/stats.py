"""How the model does: what editors left as it was, changed, deleted and added, by week and version of the model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from .store import Store


@dataclass
class Week:
    """What became of the drafts of a model that were approved in a week.

    Attributes:
        week: ISO year and week, as "2026-W48".
        model: Its name and version.
        lists: Approved lists.
        untouched: Bullets that were approved as they were drafted.
        edited: Bullets whose words were changed.
        deleted: Bullets that are not in the approved list.
        added: Bullets that an editor wrote.
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
        """Bullets that the model wrote."""
        return self.untouched + self.edited + self.deleted

    def share(self, count: int) -> str:
        """A count as a percentage of the model's bullets."""
        return f"{100 * count / self.drafted:.0f}%" if self.drafted else "–"


def weeks(store: Store) -> tuple[list[Week], list[tuple[str, int]]]:
    """The weeks, the newest first, and the reasons that were given, the most frequent first."""
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
    return sorted(found.values(), key=lambda line: (line.week, line.model), reverse=True), reasons.most_common()
