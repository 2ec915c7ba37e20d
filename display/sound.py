"""Plays the cues through Qt, which hands them to the sound system of the computer."""

import logging
import wave
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from PyQt5.QtCore import QTemporaryDir, QUrl

from compute.feedback import WalkerFeedback
from display.cues import CUES, RATE_HZ, Cue, cue, samples

if TYPE_CHECKING:
    from PyQt5.QtMultimedia import QSoundEffect

MISSING = (
    "there is no sound: this computer lacks a system library of it "
    "(apt-get install libpulse-mainloop-glib0)"
)
NO_DEVICE = "there is no sound: this computer has no loudspeaker or none is switched on"

READY_S = 3.0
"""After which a loudspeaker that has not taken the tones will not."""

_log = logging.getLogger(__name__)


class Sound:
    """The loudspeaker; opened with the first picture that wants sound."""

    def __init__(self) -> None:
        self._fault = ""
        self._folder: QTemporaryDir | None = None
        self._effects: dict[Cue, QSoundEffect] = {}
        self._opened_s = 0.0

    @property
    def fault(self) -> str:
        """Why nothing is heard; empty while all is well or no sound is wanted."""
        waited = bool(self._effects) and monotonic() - self._opened_s > READY_S
        if waited and not all(each.isLoaded() for each in self._effects.values()):
            self._fault = NO_DEVICE
        return self._fault

    def told(self, before: WalkerFeedback, after: WalkerFeedback) -> None:
        """The walker is shown `after` now."""
        if after.sound != "off" and not self._effects and not self._fault:
            self._open()
        found = cue(before, after)
        if found is not None and found in self._effects:
            self._effects[found].play()

    def _open(self) -> None:
        try:
            from PyQt5.QtMultimedia import QAudio, QAudioDeviceInfo, QSoundEffect
        except ImportError as error:
            self._fault = MISSING
            _log.warning("%s: %s", MISSING, error)
            return
        if not QAudioDeviceInfo.availableDevices(QAudio.Mode.AudioOutput):
            self._fault = NO_DEVICE
            return
        self._folder, self._opened_s = QTemporaryDir(), monotonic()
        for which in CUES:
            path = Path(self._folder.path()) / f"{which.side.word}_{int(which.inside)}.wav"
            _write(path, which)
            effect = QSoundEffect()
            effect.setSource(QUrl.fromLocalFile(str(path)))
            effect.setVolume(1.0)
            self._effects[which] = effect


def _write(path: Path, which: Cue) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples(which).tobytes())
