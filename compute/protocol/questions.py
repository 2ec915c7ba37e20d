"""What the walker is asked: when a question is due, which answers stand, which of them halt the training."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import nan

from compute.protocol.plan import Question
from compute.protocol.records import Answer

Answers = tuple[Answer, ...]


def due(question: Question, answers: Sequence[Answer], now_s: float, over_s: float = nan) -> bool:
    """Whether the operator should ask this now.

    Parameters
    ----------
    over_s : when the session came to its end; NaN while it has not.
    """
    given = [each.at_s for each in answers if each.name == question.name and not each.corrected]
    if "start" in question.at and not given:
        return True
    if over_s == over_s:
        return "end" in question.at and not any(at_s >= over_s for at_s in given)
    last_s = max(given, default=0.0)
    return question.every_s is not None and now_s - last_s >= question.every_s


def takes(question: Question, name: str, value: float) -> bool:
    """Whether this is an answer to the question; one out of its range, or no number, is none."""
    return question.name == name and question.low <= value <= question.high


def answered(
    questions: Sequence[Question], answers: Answers, answer: Answer, over_s: float = nan
) -> Answers:
    """The answers with a further one, which is an answer to one of the questions.

    A question that was answered in the same block and is not due again has its answer corrected: the new
    one stands in its place. Where it is due again both stand: what rose within a block did rise.
    """
    own = [i for i, each in enumerate(answers) if each.name == answer.name and not each.corrected]
    asked = any(due(q, answers, answer.at_s, over_s) for q in questions if q.name == answer.name)
    if not own or answers[own[-1]].block != answer.block or asked:
        return (*answers, answer)
    last = own[-1]
    return (
        *answers[:last],
        replace(answers[last], corrected=True),
        *answers[last + 1 :],
        replace(answer, replaces=answers[last].value),
    )


def standing(answers: Answers) -> tuple[tuple[str, Answer], ...]:
    """The answers that no other stands in place of, each with the words by which it can be corrected."""
    count: Counter[str] = Counter()
    found = []
    for each in answers:
        if not each.corrected:
            count[each.name] += 1
            found.append((f"{each.name} {count[each.name]}", each))
    return tuple(found)


def corrected(questions: Sequence[Question], answers: Answers, which: str, value: float) -> Answers:
    """The answers with one of those that stand corrected: the other was given at the same moment.

    The same answers where there is no such one, or the value does not answer the question.
    """
    wrong = dict(standing(answers)).get(which)
    if wrong is None or wrong.value == value:
        return answers
    if not any(takes(each, wrong.name, value) for each in questions):
        return answers
    at = next(i for i, each in enumerate(answers) if each is wrong)
    right = replace(wrong, value=value, replaces=wrong.value)
    return (*answers[:at], replace(wrong, corrected=True), right, *answers[at + 1 :])


def newest(before: Answers, after: Answers) -> Answer:
    """What was added to the answers."""
    pairs = zip(before, after, strict=False)
    first = next((i for i, (old, new) in enumerate(pairs) if old != new), len(before))
    return next(each for each in after[first:] if not each.corrected)


def why_halt(question: Question, answers: Sequence[Answer]) -> str:
    """Why the newest answer to this question halts the training; empty when it does not."""
    values = [each.value for each in answers if each.name == question.name and not each.corrected]
    if not values:
        return ""
    first, value = values[0], values[-1]
    if question.stop_at is not None and value >= question.stop_at:
        return f"{question.name} {value:g}, the limit is {question.stop_at:g}"
    if question.stop_rise is not None and value - first >= question.stop_rise:
        return f"{question.name} rose from {first:g} to {value:g}"
    return ""
