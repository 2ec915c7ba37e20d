"""What a session keeps of its stances."""

import numpy as np

from compute import Side, Stance
from display.say import summary_table
from stream.sinks import KEPT, Outcome


def stance(number, *reasons):
    return Stance(
        number, Side(number % 2), float(number), number + 0.7, number + 0.8, 70.0, 1.7,
        ekam_peak1_nm=35.0 + number % 3, ekam_peak2_nm=28.0, reasons=reasons,
    )  # fmt: skip


def test_a_long_session_counts_all_and_keeps_the_last():
    live, of_file = Outcome({}, {}), Outcome({}, {})
    for number in range(KEPT + 40):
        given = stance(number, *(("no_peak", "outlier") if number % 10 == 0 else ()))
        live.add(given, live=True)
        of_file.add(given, live=False)
    assert [s.number for s in live.stances] == list(range(40, KEPT + 40))
    assert len(of_file.stances) == len(live.tally) == len(of_file.tally) == KEPT + 40
    for side in Side:
        own = [s for s in of_file.stances if s.side is side]
        valid = [s for s in own if s.valid]
        assert live.tally.rejected(side) == len(own) - len(valid)
        np.testing.assert_allclose(
            live.tally.valid(side),
            [(s.ekam_peak1_nm_per_kg, s.ekam_peak2_nm_per_kg, s.stance_s) for s in valid],
        )
    assert live.tally.reasons == {"no_peak": 54, "outlier": 54}
    assert summary_table(live.tally).row_count == 2
    assert summary_table(Outcome({}, {}).tally).row_count == 2
