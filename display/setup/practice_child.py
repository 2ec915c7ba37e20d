"""The process of the practice walker: does what its standard input says until that ends."""

import os
import sys
import threading
from importlib.resources import as_file, files


def run(publisher: str) -> None:
    """Publish until standard input ends; `publisher` begins the source_id of both streams."""
    from stream.clock import LslClock
    from stream.lab import read_lab
    from stream.lsl_config import use_loopback
    from stream.practice import ALL, Does, practice_pieces
    from stream.readers import read_recording
    from stream.replay import replay

    use_loopback()
    now: list[Does] = ["stands"]
    stop = threading.Event()

    def obey() -> None:
        for line in sys.stdin:
            word = line.strip()
            now[:] = [each for each in ALL if each == word] or now
        stop.set()
        threading.Timer(3.0, lambda: os._exit(1)).start()

    threading.Thread(target=obey, daemon=True).start()
    with as_file(files("replay_data")) as data:
        lab = read_lab(data / "synthetic_lab.toml").lab
        static = read_recording(data / "synthetic_static.c3d", lab)
        walk = read_recording(data / "synthetic_walk.c3d", lab)
    pieces = practice_pieces(static, walk, lambda: now[0])
    replay(static, LslClock(), stop=stop, instead=pieces, publisher=publisher)
    os._exit(0)
