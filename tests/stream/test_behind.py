import threading

import pytest

from stream.behind import Behind


class Sink:
    def __init__(self, disk=None, fails=()):
        self.got, self.closed, self.disk, self.fails = [], False, disk, fails

    def stance(self, stance, told):
        if self.disk is not None:
            self.disk.wait(30.0)
        if stance in self.fails:
            raise OSError(28, "No space left on device")
        self.got.append((stance, told))

    def close(self):
        self.closed = True


def test_a_slow_disk_holds_nobody_up_and_loses_nothing():
    disk = threading.Event()
    sink = Sink(disk)
    behind = Behind([sink])
    for number in range(5):
        behind.stance(number, "told")
    assert sink.got == []
    disk.set()
    behind.close()
    assert sink.got == [(number, "told") for number in range(5)]
    assert sink.closed


def test_what_could_not_be_written_is_raised_and_the_others_are_written():
    bad, good = Sink(fails=(1,)), Sink()
    behind = Behind([bad, good])
    behind.stance(1, "told")
    with pytest.raises(OSError, match="No space left"):
        behind.close()
    behind = Behind([bad, good])
    behind.stance(1, "told")
    raised = 0
    for number in range(2, 500):
        try:
            behind.stance(number, "told")
        except OSError:
            raised += 1
            break
        threading.Event().wait(0.01)
    assert raised == 1
    behind.close()
    assert [stance for stance, _ in good.got] == [1, 1, *range(2, number + 1)]
    assert [stance for stance, _ in bad.got] == list(range(2, number + 1))
