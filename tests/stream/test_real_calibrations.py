"""Calibrations of the shared recordings."""

from dataclasses import replace

import bodies
import numpy as np
import pytest
import reference

from compute import Side
from compute.calibration import JointWidths, Person, calibrate
from stream.lab import read_lab
from stream.mapping import MarkerMap, PlateMap, present_markers, rate_hz
from stream.readers import read_recording

OPENSIM, HBM, ZOO1, ZOO2 = reference.TRIALS

pytestmark = reference.needs_data


def trial_of(given, name=None, extra=None):
    """Markers by canonical name, their rate, and the wrench on both feet (None without plates)."""
    lab = read_lab(given.lab).lab
    if extra:
        names = {**lab.markers.names, **extra}
        lab = lab.model_copy(update={"markers": lab.markers.model_copy(update={"names": names})})
    trial = read_recording(given.path(name or given.static), lab, None)
    names = present_markers(trial.markers.info, lab)
    at = MarkerMap(trial.markers.info, lab, names).apply(trial.markers.values)
    wrench = None
    if trial.forces is not None:
        wrench = PlateMap(trial.forces.info, lab).apply(trial.forces.values)
    markers = {name: at[:, i] for i, name in enumerate(names)}
    return markers, rate_hz(trial.markers.info, lab), wrench


def person_of(given):
    return Person("T1", given.mass_kg, given.height_m, given.sex)


@pytest.mark.parametrize(
    ("given", "warned"),
    [
        (OPENSIM, set()),
        (HBM, {"torsion_left", "foot_length_left", "foot_length_right"}),
        *(
            (
                zoo,
                {"static_length"}
                | {f"{what}_{side}" for what in ("leg_length", "thigh_markers", "foot_length")
                   for side in ("left", "right")},
            )
            for zoo in (ZOO1, ZOO2)
        ),
    ],
    ids=lambda x: x.folder if isinstance(x, reference.Trial) else "",
)  # fmt: skip
def test_every_recording_calibrates_and_warns_of_what_it_lacks(given, warned):
    markers, rate, wrench = trial_of(given)
    subject = calibrate(
        markers, rate, person_of(given), wrench=wrench, from_walking=given.from_walking
    )
    assert {check.name for check in subject.checks if check.verdict == "warned"} == warned
    assert subject.pelvis is not None
    assert subject.trunk is not None
    for side in Side:
        assert subject.leg(side).foot is not None
        assert 0.06 < abs(subject.pelvis.points_m[side.letter + "HJC"][2]) < 0.12
    order = np.random.default_rng(1).permutation(list(markers))
    again = calibrate(
        {name: markers[name] for name in order},
        rate,
        person_of(given),
        from_walking=given.from_walking,
    )
    bodies.close(again, subject)


@pytest.mark.parametrize("yaw_deg", [90.0, 215.0])
def test_a_turned_laboratory_gives_the_same_body(yaw_deg):
    markers, rate, _ = trial_of(OPENSIM)
    bodies.close(
        calibrate(bodies.turned(markers, yaw_deg, (2, 0, 1)), rate, person_of(OPENSIM)),
        calibrate(markers, rate, person_of(OPENSIM)),
    )


def test_the_mirror_image_of_a_real_body():
    markers, rate, _ = trial_of(OPENSIM)
    one = calibrate(markers, rate, person_of(OPENSIM))
    other = calibrate(bodies.mirrored(markers), rate, person_of(OPENSIM))
    for side in Side:
        for part in ("shank", "thigh", "foot"):
            np.testing.assert_allclose(
                getattr(one.leg(side), part).local_m,
                np.array(getattr(other.leg(side.other), part).local_m) * [1, 1, -1],
                atol=1e-9,
            )


@pytest.mark.parametrize("given", [ZOO1, ZOO2], ids=lambda x: x.folder)
def test_wands_and_widths_find_the_joint_centres_of_the_vendor(given):
    """Plug-in Gait's own knee and ankle joint centres (FEO, TIO) and hip joint centres (HJC)."""
    hips = {"RHJC": "RHJC", "LHJC": "LHJC"}
    markers, rate, _ = trial_of(given, extra=hips)
    vendor = calibrate(markers, rate, person_of(given))
    mean = {name: np.nanmean(x, axis=0) for name, x in markers.items()}
    for side in Side:
        letter = side.letter
        offsets = [
            float(np.linalg.norm(mean[letter + a] - mean[letter + b]))
            for a, b in (("KNE", "KJC"), ("ANK", "AJC"))
        ]
        widths = JointWidths(2 * (offsets[0] - 0.007), 2 * (offsets[1] - 0.007))
        own = {n: x for n, x in markers.items() if n[1:] not in ("KJC", "AJC", "TAO", "TAL")}
        person = replace(person_of(given), widths=widths)
        leg = calibrate(own, rate, person).leg(side)
        wanted = vendor.leg(side)
        at = np.stack([mean[name] for name in leg.shank.cluster])
        local = np.array(leg.shank.local_m)
        # the tibia origin (knee joint centre) in the lab, from the markers that carry it
        h = (local - local.mean(axis=0)).T @ (at - at.mean(axis=0))
        u, _, vt = np.linalg.svd(h)
        r = vt.T @ np.diag([1, 1, np.linalg.det(vt.T @ u.T)]) @ u.T
        knee = at.mean(axis=0) - r @ local.mean(axis=0)
        ankle = knee + r @ np.array(leg.shank.ajc_local_m)
        assert np.linalg.norm(knee - mean[letter + "KJC"]) < 0.0005
        assert np.linalg.norm(ankle - mean[letter + "AJC"]) < 0.0005
        assert leg.shank.length_m == pytest.approx(wanted.shank.length_m, abs=0.0005)
