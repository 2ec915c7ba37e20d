"""Two benches against each other, by ratio to their yardsticks: no machine is as fast every day."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stream.errors import EkamError

WORSE = 1.25
"""A ratio that grew by this factor is a regression: three runs of one program differ by some ten per cent."""


def read_old(path: Path) -> dict[str, Any]:
    """An earlier ``bench.json``.

    Raises
    ------
    EkamError : it is none.
    """
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
        old["budgets"][0]["what"]
    except OSError as error:
        raise EkamError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, IndexError):
        raise EkamError(
            f"{path} is no result of `ekam bench`: give the bench.json of an earlier run"
        ) from None
    return dict(old)


def compared(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Per promise of both: the ratios to the yardstick then and now, and whether that is a regression."""
    before = {each["what"]: each for each in old["budgets"]}
    rows = []
    for each in new["budgets"]:
        was = before.get(each["what"])
        if was is None or not was["ratio"] or not each["ratio"]:
            continue
        # Of times, more is worse; the frames a second are compared as times, too.
        factor = each["ratio"] / was["ratio"]
        if each["unit"] == "1/s":
            factor = 1.0 / factor
        rows.append(
            {
                "what": each["what"],
                "ratio_then": was["ratio"],
                "ratio_now": each["ratio"],
                "factor": factor,
                "regression": bool(factor > WORSE),
            }
        )
    return rows
