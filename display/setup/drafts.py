"""Where the set-up keeps what was answered until it is finished, and which laboratories were used; no Qt."""

import json
from contextlib import suppress
from pathlib import Path

import platformdirs

from display.setup.answers import Answers, from_json, to_json

RECENT = 6


def own_folder() -> Path:
    """The folder for this program's own notes on this machine."""
    return Path(platformdirs.user_state_dir("ekam", appauthor=False))


class Drafts:
    """One draft and a list of laboratories; a folder that cannot be written costs only them."""

    def __init__(self, folder: Path) -> None:
        self._draft = folder / "setup_draft.json"
        self._recent = folder / "recent_labs.json"

    def keep(self, answers: Answers) -> None:
        """Keep a draft in the place of the last one."""
        _write(self._draft, to_json(answers))

    def draft(self) -> Answers | None:
        """The draft that was left, if it can be read."""
        try:
            return from_json(self._draft.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None

    def drop(self) -> None:
        """The set-up is finished: there is no draft any more."""
        with suppress(OSError):
            self._draft.unlink()

    def recent(self) -> list[Path]:
        """Laboratory files that were used and still exist, the newest first."""
        try:
            listed = json.loads(self._recent.read_text(encoding="utf-8"))
            return [Path(each) for each in listed if isinstance(each, str) and Path(each).is_file()]
        except (OSError, ValueError, TypeError):
            return []

    def used(self, lab: Path) -> None:
        """A laboratory file was used."""
        path = lab.absolute()
        listed = [path, *(each for each in self.recent() if each != path)]
        _write(self._recent, json.dumps([str(each) for each in listed[:RECENT]]))


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
