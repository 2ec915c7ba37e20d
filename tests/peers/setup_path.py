"""The whole path of the set-up window with a real keyboard and a real mouse, under Xvfb.

    xvfb-run -a -s "-screen 0 1920x1080x24" python tests/peers/setup_path.py keyboard
    xvfb-run -a -s "-screen 0 1920x1080x24" python tests/peers/setup_path.py mouse
    … setup_path.py keyboard --replay WALK.c3d --lab LAB.toml [--from-walking --mass KG --height M --sex f]

From ``ekam`` without arguments to the end of the session; needs xdotool, openbox and ImageMagick. A picture of
every page goes to --pictures. Ends with exit code 1 where the path is not gone to its end.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from display.say import out
from stream.xdf_read import read_xdf_file

EKAM = [sys.executable, "-P", "-m", "display.cli"]
NEXT = (1790, 1037)
"""Where Next is in a maximised window of 1920 x 1080."""
START, STOP, STOP_NOW, LANE, MARK, FIGURE = (
    (172, 161), (172, 230), (172, 282), (132, 445), (254, 567), (468, 361),
)  # fmt: skip
"""Where the console's buttons are beside the walker's window on one screen."""


class Operator:
    """Looks at the window's title, presses keys and buttons, counts what it did."""

    def __init__(self, mouse, pictures):
        self.mouse, self.pictures = mouse, pictures
        self.keys = self.clicks = 0
        self.begun_s = time.monotonic()
        self.taken = set()

    def title(self):
        found = subprocess.run(
            ["xdotool", "search", "--name", "^ekam: "], capture_output=True, text=True, check=False
        )
        names = [
            subprocess.run(
                ["xdotool", "getwindowname", wid], capture_output=True, text=True, check=False
            ).stdout.strip()
            for wid in found.stdout.split()
        ]
        return next(
            (name for name in names if name.startswith("ekam: set-up")), names[0] if names else ""
        )

    def wait(self, fits, seconds=90.0):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            title = self.title()
            if fits(title):
                return title
            time.sleep(0.2)
        raise TimeoutError(f"the window says {self.title()!r}")

    def key(self, keys):
        subprocess.run(["xdotool", "key", "--clearmodifiers", keys], check=True)
        self.keys += 1

    def type(self, text):
        subprocess.run(["xdotool", "type", "--delay", "20", text], check=True)
        self.keys += len(text)

    def click(self, at):
        subprocess.run(["xdotool", "mousemove", str(at[0]), str(at[1]), "click", "1"], check=True)
        self.clicks += 1

    def picture(self, name):
        if self.pictures and name not in self.taken:
            self.taken.add(name)
            time.sleep(0.4)  # until it is painted
            path = Path(self.pictures) / f"{name}.png"
            subprocess.run(["import", "-window", "root", str(path)], check=False)

    def enter(self, at=NEXT):
        self.click(at) if self.mouse else self.key("Return")


def settled(step, enter):
    return lambda title: f" {step}" in title and f"Enter: {enter}" in title


def go(operator, given, before_session):
    """From Start to the session."""
    operator.wait(settled("Start", "Next"))
    operator.picture("1_start")
    if given.replay:
        # a new laboratory whose replayed streams are admitted
        if operator.mouse:
            operator.click((400, 187))
            time.sleep(0.5)
            operator.click((500, 527))
        else:
            operator.key("alt+w")
            time.sleep(0.5)
            operator.key("alt+t")
        time.sleep(0.5)
        operator.picture("1_start_new")
    operator.enter()
    operator.wait(settled("Streams", "Next"))
    operator.picture("2_streams")
    operator.enter()
    operator.wait(settled("Axes", "Next"))
    operator.picture("3_axes")
    operator.enter()
    operator.wait(settled("Markers", "Next"))
    operator.picture("4_markers")
    operator.enter()
    operator.wait(settled("Plates", "Next"))
    operator.picture("5_plates")
    operator.enter()
    looks = ["empty", "standing", "walking"] if not given.replay else [given.look]
    for look in looks:
        if given.replay:
            if operator.mouse:
                operator.click({"standing": (1080, 171), "walking": (1640, 171)}[look])
            else:
                operator.wait(lambda title: "Check" in title and "Enter: Check" in title)
                operator.key({"standing": "alt+s", "walking": "alt+w"}[look])
        else:
            operator.wait(
                settled(
                    "Check", f"Check: {'empty belts' if look == 'empty' else 'someone ' + look}"
                )
            )
            if operator.mouse:
                operator.click(
                    {"empty": (546, 171), "standing": (1080, 171), "walking": (1640, 171)}[look]
                )
            else:
                operator.key("Return")
        time.sleep(1.5)
        operator.wait(lambda title: "Check" in title and "Checking …" not in title)
        operator.picture(f"6_check_{look}")
    if given.override:
        operator.click((330, 900)) if operator.mouse else operator.key("alt+g")
        time.sleep(0.5)
        operator.picture("6_check_override")
    if operator.mouse:
        operator.enter()
    else:
        operator.key("alt+n")  # Enter would take the looks that are left
    operator.wait(lambda title: " Person" in title)
    if given.replay:
        person(operator, given)
    operator.wait(settled("Person", "Next"))
    operator.picture("7_person")
    operator.enter()
    operator.wait(settled("Static", "Record"))
    if given.from_walking:
        operator.click((500, 146)) if operator.mouse else operator.key("alt+w")
    operator.picture("8_static")
    operator.click((330, 171)) if operator.mouse else operator.key("Return")
    time.sleep(4.5)
    operator.picture("8_static_recording")
    operator.wait(lambda title: "Static" in title and "Recording" not in title)
    operator.picture("8_static_done")
    operator.wait(settled("Static", "Next"))
    operator.enter()
    operator.wait(settled("Ready", "Start session"))
    operator.picture("9_ready")
    before_session()
    operator.enter()


def person(operator, given):
    """Who is in the recording; the mass was offered by the plates where somebody stood on them."""
    if operator.mouse:
        operator.click((400, 171))
    operator.type("T1")
    for keys, text in (("alt+m", f"{given.mass:g}"), ("alt+h", f"{given.height:g}")):
        operator.key(keys)
        operator.key("ctrl+a")
        operator.type(text)
    operator.key("alt+f" if given.sex == "f" else "alt+l")


def session(operator, folder):
    """Start the session, wait for the first feedback, change the picture, mark, stop; when it came, s."""
    until = time.monotonic() + 240.0
    while not any(folder.glob("sessions/*/stances.csv")):
        if time.monotonic() > until:
            raise TimeoutError("no session was made")
        time.sleep(0.3)
    pressed_s = 0.0
    while time.monotonic() < until:
        begun = any(
            len(each.read_text().splitlines()) > 1 for each in folder.glob("sessions/*/stances.csv")
        )
        if not begun and time.monotonic() - pressed_s > 5.0:
            pressed_s = time.monotonic()
            time.sleep(2.0)  # its Start is free once both streams are there
            operator.click(START) if operator.mouse else operator.key("F5")
        for stances in folder.glob("sessions/*/stances.csv"):
            if shown(stances):
                feedback_s = time.monotonic() - operator.begun_s
                operator.picture("10_session")
                end(operator)
                return stances, feedback_s
        time.sleep(0.5)
    raise TimeoutError("no feedback came")


def shown(stances):
    """Whether the walker has been shown a value."""
    with stances.open() as file:
        return any(row["shown"] in ("early", "final") for row in csv.DictReader(file))


def end(operator):
    """Another picture, a mark, a look at another tab, and Stop with its question."""
    for keys, at, name in (
        ("2", LANE, "11_lane"),
        ("space", MARK, ""),
        ("alt+g", FIGURE, "12_figure"),
        ("F6", STOP, "13_stop_asks"),
        ("ctrl+F6", STOP_NOW, ""),
    ):
        operator.click(at) if operator.mouse else operator.key(keys)
        time.sleep(1.5)
        if name:
            operator.picture(name)


def read_events(path):
    """Names of what the session recorded beside the streams, in order."""
    file = read_xdf_file(path)
    own = {i for i, header in file.headers.items() if "<name>ekam-events</name>" in header}
    rows = [row for block in file.blocks if block.stream_id in own for row in block.values]
    return [json.loads(row[0])["event"] for row in rows]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("hand", choices=("keyboard", "mouse"))
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--lab", type=Path)
    parser.add_argument("--then", type=Path, help="replayed from the last page on")
    parser.add_argument("--look", default="walking", choices=("standing", "walking"))
    parser.add_argument("--from-walking", action="store_true")
    parser.add_argument("--override", action="store_true", help="go on although a check failed")
    parser.add_argument("--mass", type=float, default=72.0)
    parser.add_argument("--height", type=float, default=1.72)
    parser.add_argument("--sex", default="f")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--pictures", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True)
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(given.folder / "state"),
        "XDG_CONFIG_HOME": str(given.folder / "config"),
        "EKAM_LSL_SESSION": f"setup-path-{os.getpid()}",
    }
    processes = [subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL)]
    said = (given.folder / "said.txt").open("w")
    operator = Operator(given.hand == "mouse", given.pictures)
    try:
        if given.replay:
            replay = [*EKAM, "replay", str(given.replay), "--lab", str(given.lab), "--loop"]
            first = subprocess.Popen(replay, env=environment, stderr=said)
            processes.append(first)

            def before_session():
                if given.then:
                    first.terminate()
                    first.wait(10.0)
                    replay[-4] = str(given.then)
                    processes.append(subprocess.Popen(replay, env=environment, stderr=said))
                    time.sleep(6.0)

        else:

            def before_session():
                pass

        ekam = subprocess.Popen(EKAM, cwd=given.folder, env=environment, stdout=said, stderr=said)
        processes.append(ekam)
        go(operator, given, before_session)
        ready_s = time.monotonic() - operator.begun_s
        stances, feedback_s = session(operator, given.folder)
        try:
            code = ekam.wait(60.0)
        except subprocess.TimeoutExpired:
            raise TimeoutError("the session was not stopped") from None
        events = read_events(stances.parent / "raw.xdf")
        out.print(
            json.dumps(
                {
                    "hand": given.hand,
                    "to_start_s": round(ready_s, 1),
                    "to_first_feedback_s": round(feedback_s, 1),
                    "events": events,
                    "report": (stances.parent / "report.html").is_file(),
                    "keys": operator.keys,
                    "clicks": operator.clicks,
                    "stances": len(stances.read_text().splitlines()) - 1,
                    "exit_code": code,
                    "files": sorted(
                        str(p.relative_to(given.folder)) for p in given.folder.rglob("*.toml")
                    ),
                }
            )
        )
        return code
    except TimeoutError as error:
        operator.picture("stuck")
        out.print(f"stuck: {error}")
        return 1
    finally:
        for process in reversed(processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10.0)
                except subprocess.TimeoutExpired:
                    process.kill()
        said.close()


if __name__ == "__main__":
    sys.exit(main())
