"""Streams of known publishers by name: what to look for on the network.

How each shapes its channels, and what else the lab file has to say, stands in ``publishers.md``.
"""

MARKER_PUBLISHERS: dict[str, dict[str, str]] = {
    "canonical": {"type": "Mocap"},
    "qualisys": {"type": "Mocap", "name": "Qualisys"},
    "optitrack": {"type": "Mocap", "name": "OptiTrack"},
    "phasespace": {"type": "Mocap", "name": "PhaseSpace"},
    "kinect": {"type": "Mocap"},  # named KinectMocap and the sensor's number
    "shadow": {"type": "MoCap", "name": "ShadowMocap"},
    "vicon": {"type": "MoCap", "name": "ViconMarkers"},
}
"""`publisher` under [markers]: what its stream is called; keys of `stream` in the lab file win."""

FORCE_PUBLISHERS: dict[str, dict[str, str]] = {
    "canonical": {"type": "Force"},
    "amti": {"type": "Force"},  # named differently by the program and by its manual
}
"""`publisher` under [forces]."""


def with_publisher(table: object, known: dict[str, dict[str, str]]) -> object:
    """A table of the lab file with the query of the publisher that it names.

    Raises
    ------
    ValueError : the publisher is not known.
    """
    if not isinstance(table, dict) or not isinstance(table.get("publisher"), str):
        return table
    publisher, stream = table["publisher"], table.get("stream", {})
    if publisher not in known:
        raise ValueError(f"there is no publisher {publisher!r}; there are {', '.join(known)}")
    if not isinstance(stream, dict):
        return table
    return {**table, "stream": {**known[publisher], **stream}}
