"""Exports: tidy tables, their codebook, and C3D files that score to the same EKAM."""

import csv
from dataclasses import replace

import ezc3d
import numpy as np
import pytest
import received
import sessions
import walkers

from compute.plates import plate_axes
from stream.codebook import (
    CODEBOOK_COLUMNS,
    KEY_COLUMNS,
    codebook,
    stance_columns,
    unit_of,
    write_codebook,
)
from stream.errors import EkamError
from stream.even_recording import even, placed
from stream.export_c3d import MOST_FRAMES, export_c3d, lab_for_c3d, spans, spans_of_all
from stream.file_source import FileSource
from stream.lab import read_lab
from stream.mapping import PlateMap
from stream.readers import read_recording
from stream.session import Session
from stream.session_folder import read_session
from stream.source import Channel
from stream.status import SessionView
from stream.subject_file import read_subject
from stream.tables import CURVE_COLUMNS, MORE_COLUMNS, STANCE_COLUMNS
from stream.tidy import TELLING, write_curves, write_stances
from stream.tidy_columns import ANSWERS, BLOCKS, SESSIONS, names


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# --- tables ------------------------------------------------------------------------------------------


def test_every_column_is_in_the_codebook_with_unit_meaning_and_source(tmp_path):
    write_codebook(tmp_path / "codebook.csv")
    lines = rows(tmp_path / "codebook.csv")
    assert tuple(lines[0]) == CODEBOOK_COLUMNS
    told = [(line["table"], line["column"]) for line in lines]
    assert told == [
        *(("stances", c) for c in stance_columns()),
        *(("curves", c) for c in (*KEY_COLUMNS, *CURVE_COLUMNS)),
        *(("answers", c) for c in names(*ANSWERS)),
        *(("blocks", c) for c in names(*BLOCKS)),
        *(("sessions", c) for c in names(*SESSIONS)),
    ]
    assert set(told) >= {("stances", c) for c in (*KEY_COLUMNS, *STANCE_COLUMNS, *MORE_COLUMNS)}
    assert all(line["meaning"] and line["source"] for line in lines)


@pytest.mark.parametrize(
    ("column", "unit"),
    [("ekam_peak1_nm_per_kg", "N·m/kg"), ("ekam_impulse_nms_per_kg", "N·m·s/kg"), ("step_width_m", "m"),
     ("ekam_peak1_pct_bwht", "%BW·Ht"), ("cadence_steps_per_min", "steps/min"), ("knee_flexion_deg", "°"),
     ("stance", ""), ("verdict", ""), ("ekam_peak1_is_local", "")],
)  # fmt: skip
def test_units(column, unit):
    assert unit_of(column) == unit
    assert {line.unit for line in codebook() if line.column == column} <= {unit}


def test_tidy_rows_are_those_of_the_sessions_text_by_text(tmp_path):
    for name in ("a", "b"):
        sessions.write(tmp_path / name, sessions.leg(20, 10), subject_id=f"S{name}")
    read = [read_session(tmp_path / name) for name in ("a", "b")]
    assert write_stances(read, tmp_path / "stances.csv") == 60
    made = rows(tmp_path / "stances.csv")
    assert [row["participant"] for row in made] == ["Sa"] * 30 + ["Sb"] * 30
    originals = [*rows(tmp_path / "a" / "stances.csv"), *rows(tmp_path / "b" / "stances.csv")]
    for row, original in zip(made, originals, strict=True):
        assert {c: row[c] for c in original} == original
    assert write_curves(read, tmp_path / "curves.csv") == 60 * 101
    first = rows(tmp_path / "curves.csv")[0]
    assert (first["participant"], first["recording"], first["stance"], first["pct"]) == (
        "Sa",
        "a",
        "1",
        "0",
    )
    with pytest.raises(FileExistsError):
        write_stances(read, tmp_path / "stances.csv")


def test_what_tells_the_arm_of_a_blinded_session_is_left_empty(tmp_path):
    leg = sessions.leg(20, 10, blocks=lambda n: ["train"] * n)
    read = [read_session(sessions.write(tmp_path / "a", leg, protocol="blinded = true"))]
    write_stances(read, tmp_path / "blind.csv")
    assert all(row[column] == "" for row in rows(tmp_path / "blind.csv") for column in TELLING)
    assert {row["block"] for row in rows(tmp_path / "blind.csv")} == {"train"}
    write_stances(read, tmp_path / "open.csv", unblind=True)
    assert any(row["feedback_value"] for row in rows(tmp_path / "open.csv"))


def test_a_torn_last_line_is_left_out(tmp_path):
    folder = sessions.write(tmp_path / "a", sessions.leg(20, 10))
    for name in ("stances.csv", "curves.csv"):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: -len(whole.splitlines()[-1]) // 2])
    read = [read_session(folder)]
    assert write_stances(read, tmp_path / "stances.csv") == 29
    assert write_curves(read, tmp_path / "curves.csv") == 30 * 101 - 1


def test_an_older_table_without_a_column(tmp_path):
    folder = sessions.write(tmp_path / "a", sessions.leg(20, 10))
    table = rows(folder / "stances.csv")
    with (folder / "stances.csv").open("w", newline="") as file:
        out = csv.DictWriter(
            file, [c for c in table[0] if c != "feedback_value"], extrasaction="ignore"
        )
        out.writeheader()
        out.writerows(table)
    write_stances([read_session(folder)], tmp_path / "stances.csv")
    assert {row["feedback_value"] for row in rows(tmp_path / "stances.csv")} == {""}


# --- C3D ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A recorded session of the synthetic walker."""
    folder = tmp_path_factory.mktemp("live") / "s"
    folder.mkdir()
    received.run(received.chunks_of(walkers.trial().recording), folder)
    return folder


def scored(c3d, lab_path, subject_path):
    lab, view = read_lab(lab_path).lab, SessionView()
    view.control.start()
    made = Session(
        FileSource(read_recording(c3d, lab)),
        lab,
        read_subject(subject_path).subject,
        view,
        live=False,
    )
    made.open()
    return made.run().stances


def exported(session, tmp_path, *arguments, **options):
    made, notes = export_c3d(
        read_session(session), spans(read_session(session), *arguments, **options), tmp_path
    )
    return made, notes


def test_a_c3d_file_scores_to_the_same_ekam(session, tmp_path):
    [path], _ = exported(session, tmp_path, whole=True)
    again = scored(path, tmp_path / "SYNTHETIC_s_lab.toml", tmp_path / "SYNTHETIC_s_subject.toml")
    then = rows(session / "stances.csv")
    assert len(again) == len(then) > 8
    for stance, row in zip(again, then, strict=True):
        assert stance.t_on_s == pytest.approx(float(row["t_on_s"]), abs=1e-4)
        assert stance.ekam_peak1_nm_per_kg == pytest.approx(
            float(row["ekam_peak1_nm_per_kg"]), abs=2e-6
        )
        assert stance.ekam_peak2_nm_per_kg == pytest.approx(
            float(row["ekam_peak2_nm_per_kg"]), abs=2e-6
        )
        assert ";".join(stance.reasons) == row["reasons"]


def test_a_span_of_it(session, tmp_path):
    [path], _ = exported(session, tmp_path, begin_s=2.0, end_s=6.0)
    again = scored(path, tmp_path / "SYNTHETIC_s_lab.toml", tmp_path / "SYNTHETIC_s_subject.toml")
    start_s = float(ezc3d.c3d(str(path))["parameters"]["EKAM"]["START_S"]["value"][0])
    then = {
        round(float(row["t_on_s"]), 2): float(row["ekam_peak1_nm_per_kg"])
        for row in rows(session / "stances.csv")
    }
    pairs = [(s.ekam_peak1_nm_per_kg, then.get(round(s.t_on_s + start_s, 2))) for s in again]
    assert len(pairs) > 3
    for one, other in pairs:
        assert one == pytest.approx(other, abs=2e-5)


def test_what_other_programs_find_in_it(session, tmp_path):
    [path], _ = exported(session, tmp_path, whole=True)
    file = ezc3d.c3d(str(path), extract_forceplat_data=True)
    parameters = file["parameters"]
    table = rows(session / "stances.csv")
    events = parameters["EVENT"]
    assert int(events["USED"]["value"][0]) == 2 * len(table)
    minutes, seconds = events["TIMES"]["value"]
    found = sorted(
        zip(
            (60.0 * minutes + seconds).round(3),
            events["CONTEXTS"]["value"],
            events["LABELS"]["value"],
            strict=True,
        )
    )
    expected = sorted(
        (round(float(row[column]), 3), row["side"].capitalize(), label)
        for row in table
        for column, label in (("t_on_s", "Foot Strike"), ("t_off_s", "Foot Off"))
    )
    assert [each[1:] for each in found] == [each[1:] for each in expected]
    assert [each[0] for each in found] == pytest.approx([each[0] for each in expected], abs=2e-3)
    assert parameters["PROCESSING"]["BODYMASS"]["value"][0] == pytest.approx(72.0)
    assert parameters["SUBJECTS"]["NAMES"]["value"] == ["SYNTHETIC"]
    assert parameters["POINT"]["UNITS"]["value"] == ["mm"]
    assert parameters["EKAM"]["AXES"]["value"] == ["-Y", "+Z", "-X"]
    assert parameters["EVENT"]["USED"]["type"] == ezc3d.ezc3d.INT
    assert len(file["data"]["platform"]) == 2
    original = walkers.trial().recording.markers.values
    points = file["data"]["points"][:3].transpose(2, 1, 0).reshape(len(original), -1)
    scale = 1.0 if walkers.trial().recording.markers.info.channels[0].unit == "mm" else 1000.0
    assert np.nanmax(np.abs(points - scale * original)) < 0.001


def test_more_than_255_events_go_on_in_a_second_parameter(session, tmp_path):
    read = read_session(session)
    column = np.linspace(0.1, 7.0, 200)
    table = replace(read.stances, count=200, numbers={**read.stances.numbers, "t_on_s": column, "t_off_s": column + 0.5},
                    texts={"side": ("left",) * 200})  # fmt: skip
    [path], _ = export_c3d(replace(read, stances=table), spans(read, whole=True), tmp_path)
    events = ezc3d.c3d(str(path))["parameters"]["EVENT"]
    assert len(events["LABELS"]["value"]) == 255
    assert len(events["LABELS"]["value"]) + len(events["LABELS2"]["value"]) == int(
        events["USED"]["value"][0]
    )
    assert events["TIMES2"]["value"].shape == (2, len(events["LABELS2"]["value"]))


def test_lost_samples_stay_lost_and_keep_their_place(session):
    recording = walkers.trial().recording
    kept = np.ones(len(recording.markers.stamps_s), dtype=bool)
    kept[[200, 201, 350]] = False
    markers = replace(
        recording.markers,
        stamps_s=recording.markers.stamps_s[kept],
        values=recording.markers.values[kept],
    )
    found, first_s = even(
        placed(replace(recording, markers=markers), walkers.lab()), 0.0, 100.0, "x"
    )
    lost = np.isnan(found.markers.values).all(axis=1)
    assert np.flatnonzero(lost).tolist() == [200, 201, 350]
    assert first_s == pytest.approx(0.0, abs=1e-6)
    assert len(found.forces.values) == 10 * len(found.markers.values)


def test_a_lab_file_for_c3d(tmp_path):
    assert lab_for_c3d(walkers.LAB_PATH) == walkers.LAB_PATH.read_text(encoding="utf-8")
    text = walkers.LAB_PATH.read_text(encoding="utf-8").replace(
        'unit = "auto" ', 'unit = "mm"\nrate_hz = 100.0'
    )
    (tmp_path / "lab.toml").write_text(text.replace("index = 1", "index = 3"), encoding="utf-8")
    (tmp_path / "c3d.toml").write_text(lab_for_c3d(tmp_path / "lab.toml"), encoding="utf-8")
    lab = read_lab(tmp_path / "c3d.toml").lab
    assert (lab.markers.unit, lab.markers.rate_hz) == ("auto", None)
    assert [plate.index for plate in lab.plates] == [1, 2]


def test_long_spans_are_cut_into_parts_that_overlap(session):
    from stream.export_c3d import OVERLAP_S, Span, _parts

    given = replace(
        placed(walkers.trial().recording, walkers.lab()),
        marker_s=np.arange(0.0, 2000.0, 0.01),
        rates_hz=(100.0, 1000.0),
    )
    parts = _parts(Span("all", 0.0, np.inf), given)
    assert parts[0].begin_s == 0.0
    assert parts[-1].end_s == pytest.approx(1999.99)
    assert all(part.end_s - part.begin_s <= MOST_FRAMES / 100.0 + 1e-9 for part in parts)
    for one, other in zip(parts, parts[1:], strict=False):
        assert one.end_s - other.begin_s == pytest.approx(OVERLAP_S)


def test_refused_in_a_sentence(session, tmp_path):
    read = read_session(session)
    with pytest.raises(EkamError, match="no block 'x'"):
        spans(read, ["x"])
    with pytest.raises(EkamError, match="must lie after"):
        spans(read, begin_s=5.0, end_s=4.0)
    with pytest.raises(EkamError, match="nothing was recorded"):
        export_c3d(read, spans(read, begin_s=500.0, end_s=600.0), tmp_path)
    made = read_session(sessions.write(tmp_path / "made", sessions.leg()))
    with pytest.raises(EkamError, match="no raw.xdf"):
        export_c3d(made, spans(made, whole=True), tmp_path)


def test_a_block_that_only_some_sessions_have(tmp_path):
    made = [
        read_session(
            sessions.write(tmp_path / name, sessions.leg(20, 10, blocks=lambda n, b=block: [b] * n))
        )
        for name, block in (("a", "train"), ("b", "usual"))
    ]
    found, without = spans_of_all(made, ["train", "usual"], whole=True)
    assert [[each.name for each in found[one.path]] for one in made] == [
        ["all", "train"],
        ["all", "usual"],
    ]
    assert without == (
        "b has no block 'train': it has usual",
        "a has no block 'usual': it has train",
    )
    with pytest.raises(EkamError, match="a has no block 'x': it has train; b has no block 'x'"):
        spans_of_all(made, ["train", "x"])


def test_plates_known_by_centre_of_pressure_are_given_a_surface(tmp_path):
    """The same loads as force, centre of pressure and free moment: the wrench about the lab origin is kept."""
    recording, r_lab = walkers.trial().recording, walkers.lab().axes.r_lab_from_capture()
    wrench = PlateMap(recording.forces.info, walkers.lab()).apply(recording.forces.values)
    channels, columns, plates = [], [], ""
    for number, side in enumerate(("left", "right"), 1):
        force, moment = wrench[:, number - 1, :3], wrench[:, number - 1, 3:]
        up_n = np.where(force[:, 1] > 20.0, force[:, 1], np.nan)
        at = np.column_stack([moment[:, 2] / up_n, 0.0 * up_n, -moment[:, 0] / up_n])
        free = np.nan_to_num(moment - np.cross(at, force))
        force = np.where(np.isnan(up_n)[:, None], 0.0, force)
        for what, values, unit in (("f", force, "N"), ("p", at, "m"), ("t", free, "N·m")):
            columns.append(values @ r_lab)  # capture axes
            channels += [Channel(f"{what}{number}{axis}", unit) for axis in "xyz"]
        names = {what: [f"{what}{number}{axis}" for axis in "xyz"] for what in "fpt"}
        plates += f'[[plates]]\nside = "{side}"\nforce = {names["f"]}\ncop = {names["p"]}\nfree_moment = {names["t"]}\n'
    text = walkers.LAB_PATH.read_text(encoding="utf-8")
    (tmp_path / "lab.toml").write_text(text[: text.index("[[plates]]")] + plates, encoding="utf-8")
    info = replace(recording.forces.info, channels=tuple(channels), plates=())
    forces = replace(recording.forces, info=info, values=np.hstack(columns))
    found = placed(replace(recording, forces=forces), read_lab(tmp_path / "lab.toml").lab)
    assert len(found.notes) == 2
    for number, described in enumerate(found.described):
        r, centre_m = plate_axes(np.array(described.corners_m))
        own = found.plates[:, number]
        force = own[:, :3] @ r.T
        moment = own[:, 3:] @ r.T + np.cross(centre_m - r @ np.array(described.origin_m), force)
        loaded = force @ r_lab[1] > 20.0
        assert loaded.sum() > 1000
        expected = wrench[loaded, number]
        assert np.abs(force[loaded] @ r_lab.T - expected[:, :3]).max() < 1e-6
        assert np.abs(moment[loaded] @ r_lab.T - expected[:, 3:]).max() < 1e-6
