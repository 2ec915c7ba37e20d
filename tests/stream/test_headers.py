"""Headers from the network: what is refused, what is read, and what ours give away."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from stream.errors import EkamError
from stream.header import MAX_CHANNELS, MAX_RATE_HZ, description, header, read_header
from stream.source import Channel, Role, StreamInfo

INFO = StreamInfo(
    Role.MARKERS,
    "Capture",
    "Mocap",
    tuple(Channel(f"RKNE_{axis}", "mm", f"Position{axis}", "RKNE") for axis in "XYZ"),
    200.0,
    source_id="host:22223",
    hostname="capture-pc",
)
XML = header(INFO)


def changed(old: str, new: str) -> str:
    assert old in XML
    return XML.replace(old, new)


BOMB = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))


@pytest.mark.parametrize(
    ("xml", "says"),
    [
        ("", "not readable XML"),
        (XML[: len(XML) // 2], "not readable XML"),
        ("\0" * 20, "not readable XML"),
        (changed("RKNE_X", "\ud800"), "not readable XML"),
        (changed("RKNE_X", "&#1;"), "not readable XML"),
        ("<info/>", "declares 0 channels, not 1 to 4096"),
        (changed("<channel_count>3<", f"<channel_count>{MAX_CHANNELS + 1}<"), "declares 4097 channels"),
        (changed("<channel_count>3<", f"<channel_count>{'9' * 6000}<"), "holds a wrong number"),
        (changed("<channel_count>3<", "<channel_count>4<"), "describes 3 channels but declares 4"),
        (changed("<nominal_srate>200.0<", "<nominal_srate>nan<"), "declares a rate of nan Hz"),
        (changed("<nominal_srate>200.0<", "<nominal_srate>-1<"), "declares a rate of -1 Hz"),
        (changed("<nominal_srate>200.0<", "<nominal_srate>inf<"), "declares a rate of inf Hz"),
        (changed("<nominal_srate>200.0<", "<nominal_srate>1e9<"), "declares a rate of 1e[+]09 Hz"),
        (changed("double64", "string"), "declares texts"),
        (changed("double64", "undefined"), "declares texts"),
        (changed(">RKNE_X<", ">RK\nNE_X<"), r"label 'RK\\nNE_X' with control characters"),
        (changed(">RKNE_X<", ">RK&#155;NE_X<"), "with control characters"),
        (changed(">RKNE_X<", ">RK&#8238;NE_X<"), "with control characters"),  # turns the text round
        (changed(">RKNE_X<", ">../RKNE_X<"), "label '../RKNE_X' with a path separator"),
        (changed(">RKNE_X<", r">RK\NE_X<"), "with a path separator"),
        (changed("<marker>RKNE<", "<marker>a/b<"), "target 'a/b' with a path separator"),
        (changed(">RKNE_X<", f">{'x' * 5000}<"), "5000 characters long"),
        (changed(">mm<", f">{'m' * 5000}<"), "unit 'm+' 5000 characters long"),
        (changed(">Capture<", f">{'x' * 5000}<"), "name 'x+' 5000 characters long"),
        (changed(">capture-pc<", ">capture\tpc<"), "hostname .* with control characters"),
        (changed("<desc>", "<desc>" + "<a>" * 100_000 + "</a>" * 100_000), "more than 32 levels deep"),
        (changed("<desc>", f"<desc><a>{' ' * 9_000_000}</a>"), "9 million characters"),
        (f'<!DOCTYPE info [<!ENTITY e0 "x">{BOMB}]>' + changed("Capture", "&e9;").split("?>")[1], "document type"),
        (changed("<desc>", f"<desc><replay>{'x' * 300}</replay>"), "replay 'x+' 300 characters long"),
        (changed("<desc>", "<desc><replay_speed>0</replay_speed>"), "replay at 0.0 times"),
        (changed("<desc>", "<desc><replay_speed>fast</replay_speed>"), "wrong number"),
    ],
)  # fmt: skip
def test_a_hostile_header_is_refused_in_one_short_sentence(xml: str, says: str) -> None:
    with pytest.raises(EkamError, match=says) as refusal:
        read_header(Role.MARKERS, xml)
    said = str(refusal.value)
    assert "\n" not in said
    assert said.isprintable()
    assert len(said) < 400
    assert said.endswith("mend its publisher.")


@pytest.mark.parametrize("rate_hz", [0.0, 59.94, MAX_RATE_HZ])
def test_rates_that_can_be_are_read(rate_hz: float) -> None:
    assert read_header(Role.MARKERS, header(replace(INFO, nominal_rate_hz=rate_hz))) == replace(
        INFO, nominal_rate_hz=rate_hz
    )


def test_labels_of_known_publishers_are_read() -> None:
    labels = ("Müller 01:LKNE:X", "R_FM1.cx", "FP1_Fx", "Fx1", "L Knee (med.) [1]#*-+")
    info = replace(INFO, channels=tuple(map(Channel, labels)))
    assert read_header(Role.MARKERS, header(info)).labels == labels


@pytest.mark.parametrize(("replay", "speed"), [("", 1.0), ("walk.c3d", 1.0), ("walk.c3d", 2.5)])
def test_the_speed_of_a_replay_is_read_back(replay: str, speed: float) -> None:
    info = replace(INFO, replay=replay, replay_speed=speed)
    assert read_header(Role.MARKERS, header(info)) == info
    assert (description(info).find("replay_speed") is None) == (not replay)


def test_our_headers_pass_on_nothing_of_the_recorded_one() -> None:
    """What a capture system wrote beside the channels may name the walker."""
    recorded = changed(
        "<desc>", "<desc><subject><name>Jane Doe</name></subject><acquisition><operator>J</operator>"
        "</acquisition>",
    )  # fmt: skip
    info = replace(read_header(Role.MARKERS, recorded), replay="walk.xdf")
    assert "Jane Doe" in info.header_xml
    sent = description(info)
    assert {element.tag for element in sent} == {
        "replay", "replay_speed", "channels", "synchronization",
    }  # fmt: skip
    assert "Jane" not in ET.tostring(sent, encoding="unicode")
