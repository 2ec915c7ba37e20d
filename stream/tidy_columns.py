"""Columns of the tidy tables beyond those of a session's own: name, unit, meaning, source."""

from typing import NamedTuple


class Column(NamedTuple):
    """One column of a table."""

    name: str
    unit: str
    meaning: str
    source: str


SHOWN = "see target_unit"
OWN = "see variable_unit"
LOG = "protocol.jsonl"
_ANEW = "begins anew in each recording"
_FOLLOWED = "empty without a protocol, or where its log protocol.jsonl is missing or damaged"
_TELLS = "tells the arm: empty in a blinded session without --unblind"

KEYS = (
    Column("participant", "", "pseudonym of the person", "subject.toml"),
    Column(
        "session",
        "",
        "number of the session in the protocol's schedule, from 1; empty without a protocol: there every "
        "recording is a session",
        LOG,
    ),
    Column(
        "part",
        "",
        "part of the session, from 1: an interrupted one is in several recordings; empty where not known",
        LOG,
    ),
    Column("recording", "", "name of the folder; with participant and stance it names a row", "folder"),
    Column(
        "session_begun_utc", "", "when the recording began, UTC", "session.json, journal or folder's name"
    ),
)  # fmt: skip

OF_RECORDING = (
    Column(
        "superseded",
        "",
        "1: this session was begun again later and is none of the schedule: leave it out",
        "journal.jsonl",
    ),
    Column("rehearsal", "", "1: of nobody, to try a protocol out: leave it out", "participant.json"),
    Column(
        "replay", "", "what the streams replayed: nobody walked; empty for a walker", "session.json"
    ),
    Column("protocol", "", "name of the protocol; empty without one", LOG),
    Column("protocol_sha256", "", "hash of its file: the same for all arms", LOG),
    Column(
        "legs_trained",
        "",
        "left, right, or both separated by ';'; both without a protocol",
        f"{LOG}, session.json",
    ),
    Column("body_mass_kg", "kg", "mass on the day of the calibration", "subject.toml"),
    Column("height_m", "m", "height", "subject.toml"),
)  # fmt: skip
"""In front of the columns of a stance, and in the table of recordings."""

TERMS = (
    Column(
        "target_variable",
        "",
        "variable that is fed back. In a blinded session its own column, and what moves with it, stays: it "
        "may let a reader guess the arm",
        "protocol.toml, session.json",
    ),
    Column(
        "target_mode",
        "",
        "terms of the target: relative (% of the leg's own baseline), difference (to it) or absolute",
        "protocol.toml, session.json",
    ),
    Column(
        "target_unit",
        "",
        "unit of target_low, target_high, feedback_value, judged_value, and of change and asked",
        "target_mode and target_variable",
    ),
    Column("variable_unit", "", "unit of baseline and mean", "target_variable"),
)  # fmt: skip

OF_STANCE = (
    Column("leg_trained", "", "1: this stance's leg is trained; 0: it is only watched", "legs_trained"),
    Column(
        "block_kind",
        "",
        "familiarise, baseline, test, train, catch, retention or rest, the same in every arm; empty outside "
        "of the blocks. Without a protocol: baseline until the leg's first feedback_value, then train",
        "protocol.toml",
    ),
    Column(
        "block_number", "", f"place of the block in its session, from 1; {_FOLLOWED}", LOG
    ),
    Column(
        "attempt",
        "",
        f"which attempt at the block, from 1, counted through all parts; {_FOLLOWED}",
        LOG,
    ),
    Column(
        "attempt_discarded",
        "",
        "1: the operator began this block again later, in this recording or in a further part that was "
        f"exported with it: leave it out; {_FOLLOWED}",
        LOG,
    ),
    Column(
        "counted",
        "",
        "1: decided before its block ended, was paused or had its band moved, so that the protocol counts it "
        "where it is valid; "
        f"{_FOLLOWED}",
        LOG,
    ),
    Column(
        "told",
        "",
        "1: the walker was to be told of this stance, if only that it does not count; 0: not. Without a "
        "log: 1 where there is a feedback_value, else empty",
        LOG,
    ),
    Column(
        "mean_of", "", f"steps whose mean the walker is told in this block; {_FOLLOWED}", "protocol.toml"
    ),
    Column(
        "judged_mean_of",
        "",
        f"valid steps whose mean is held against the band, told or not; {_FOLLOWED}",
        "protocol.toml: mean_of while training",
    ),
    *TERMS,
    Column(
        "baseline",
        OWN,
        "mean of this leg's baseline that its target went by when the stance was scored; empty before there "
        "is one. Without a protocol: the baseline that the recording ended with",
        f"{LOG}, session.json",
    ),
    Column(
        "judged_value",
        SHOWN,
        "what the protocol judges, told or not, measured in every arm: mean of the leg's last judged_mean_of "
        "valid counted stances of this attempt, this one included, in the terms of the target; only of the "
        "trained leg in test, train, catch and retention. Without a protocol: feedback_value",
        f"{LOG}, session.json",
    ),
    Column(
        "in_band",
        "",
        "1: target_low <= judged_value <= target_high; empty without a band or a value. A block's own share "
        "(blocks.csv) takes the band with which it ended. Without a protocol: by the band with which the "
        f"recording ended (session.json). It {_TELLS}",
        "judged_value and band",
    ),
)  # fmt: skip

ARM = (
    Column("arm", "", "code of the arm; only with --unblind", LOG),
    Column(
        "sham",
        "",
        "what stood in for feedback in this arm: natural (a band around the own baseline) or noise (values "
        "made up); empty for real feedback; only with --unblind",
        "protocol.toml and arm",
    ),
)

ANSWERS = (
    *KEYS,
    Column("told_utc", "", "when the value was written down, UTC; empty where not known", "outcomes.jsonl"),
    Column(
        "at_s",
        "s",
        f"moment of the session to which the answer belongs, {_ANEW}; empty for one given outside of it",
        "outcomes.jsonl",
    ),
    Column("question", "", "name of the question or outcome", "protocol.toml"),
    Column("value", "", "answer, in the question's own scale", "operator"),
    Column("replaces", "", "value in whose place this one stands: a correction", "outcomes.jsonl"),
    Column("replaced", "", "1: another value stands in its place: leave it out", "outcomes.jsonl"),
)  # fmt: skip

BLOCKS = (
    *KEYS,
    *OF_RECORDING,
    Column("block_number", "", "place of the block in its session, from 1", LOG),
    Column("block", "", "name of the block", "protocol.toml"),
    Column("block_kind", "", "kind of the block", "protocol.toml"),
    Column("attempt", "", "which attempt at it, from 1; empty without a log", LOG),
    Column(
        "ended",
        "",
        "ended, repeated (the operator began it again before it ended) or unfinished (the recording ended "
        "first). A block is in the recording in which it ended",
        LOG,
    ),
    Column("attempt_discarded", "", "1: begun again later: leave it out", LOG),
    Column("side", "", "leg: left or right", LOG),
    Column("leg_trained", "", "1: this leg is trained", "legs_trained"),
    Column(
        "from_s",
        "s",
        "when it began, moved on by every pause in it: to_s less from_s was walked; negative where it began "
        "in the part before",
        LOG,
    ),
    Column("to_s", "s", f"when it ended, seconds of the recording, {_ANEW}", LOG),
    Column("valid", "", "valid stances that counted, the value known", LOG),
    Column("rejected", "", "the others that counted", LOG),
    *TERMS,
    Column("baseline", OWN, "mean of the leg's baseline at the end of the block", LOG),
    Column("mean", OWN, "mean of the variable over the valid stances", LOG),
    Column("change", SHOWN, "of that mean from the baseline; only of a leg with a target", LOG),
    Column(
        "measured_pct",
        "%",
        "change of what is to improve (outcome of a personal target, else the variable), % of baseline",
        LOG,
    ),
    Column(
        "guards_beyond",
        "",
        "guards beyond their limit with their rise, separated by ';'; measured in every arm",
        LOG,
    ),
    Column("asked", SHOWN, f"change up to the nearer edge of the band; it {_TELLS}", LOG),
    Column("in_band_pct", "%", f"of the valid stances, as the protocol judges them; it {_TELLS}", LOG),
    Column("success", "", f"1 or 0, of a trained leg with a target; it {_TELLS}", LOG),
    Column("why", "", f"what is missing for success, separated by ';'; it {_TELLS}", LOG),
)  # fmt: skip

SESSIONS = (
    *KEYS,
    *OF_RECORDING,
    Column("blinded", "", "1: what tells the arm is hidden unless --unblind", "protocol.toml"),
    Column("protocol_ended", "", "1: the protocol came to its end in this recording", f"{LOG}, session.json"),
    Column("halted", "", "why the protocol stood halted when the recording ended", f"{LOG}, session.json"),
    Column("mode", "", "live, replay, demo or process", "session.json"),
    Column("minutes", "min", "from the first heel strike to the last toe-off", "stances.csv"),
    Column("valid_left", "", "valid stances of the left leg", "stances.csv"),
    Column("valid_right", "", "valid stances of the right leg", "stances.csv"),
    Column("rejected_left", "", "rejected stances of the left leg", "stances.csv"),
    Column("rejected_right", "", "rejected stances of the right leg", "stances.csv"),
    Column("quality", "", "good, care or bad: the worst of the points of the report", "report"),
    Column("remarks", "", "every point that is not good, separated by ';'", "report"),
    Column("ekam_version", "", "version of this program that scored it", "session.json"),
    Column("versions", "", "of all that computes, separated by ';'", "session.json"),
    Column("lab", "", "name of the laboratory", "lab.toml"),
    Column("lab_sha256", "", "hash of the laboratory file", "session.json"),
    Column("subject_sha256", "", "hash of the subject file: another is another calibration", "session.json"),
    Column("plates_good", "", "1: the plates passed the daily check; empty where not known", "session.json"),
    Column("plates_check", "", "how it ended", "session.json"),
    Column("sync", "", "markers and forces in step: ok, warn or refuse", "session.json"),
    Column("markers_missing_pct", "%", "samples of the marker stream that never came", "session.json"),
    Column("forces_missing_pct", "%", "samples of the force stream that never came", "session.json"),
    Column(
        "latency_p95_ms",
        "ms",
        "deciding sample's stamp to value handed to the walker's window, 95th percentile",
        "session.json",
    ),
)  # fmt: skip


def names(*columns: Column) -> tuple[str, ...]:
    """Names of columns."""
    return tuple(column.name for column in columns)
