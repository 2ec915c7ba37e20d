"""Record a few seconds of the lab's streams into memory, for a calibration."""

from display.say import stage
from stream.calibrate_trial import recorded
from stream.errors import EkamError
from stream.lab import Lab
from stream.lsl import LslSource
from stream.lsl_config import use_loopback
from stream.recording import Recording
from stream.source import Chunk, Role


def record_live(lab: Lab, *, seconds: float, allow_replay: bool) -> Recording:
    """Receive both streams for a while.

    Raises
    ------
    EkamError : a stream is missing, or no markers came.
    """
    if allow_replay:
        use_loopback()
    source = LslSource(*lab.queries(), allow_replay=allow_replay)
    infos = source.open()
    chunks: dict[Role, list[Chunk]] = {role: [] for role in Role}
    try:
        with stage(f"Stand still: recording {seconds:g} s …"):
            while _span_s(chunks[Role.MARKERS]) < seconds and not source.ended:
                pulled = source.pull(2.0)
                if not pulled:
                    raise EkamError("no data came for two seconds: start the capture and try again")
                for chunk in pulled:
                    if chunk.info is not None:  # perhaps with its channels in another order
                        raise EkamError(
                            f"the {chunk.role.value} publisher was restarted while it was recorded: try again"
                        )
                    chunks[chunk.role].append(chunk)
    finally:
        source.close()
    return recorded(infos, chunks, lab)


def _span_s(parts: list[Chunk]) -> float:
    return float(parts[-1].stamps_s[-1] - parts[0].stamps_s[0]) if parts else 0.0
