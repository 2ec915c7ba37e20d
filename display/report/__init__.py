"""The report of a session and of a person's sessions: one self-contained HTML page each.

Numbers come from `stream.summary` and `stream.course`, words from `display.report.words`, pictures from
`display.report.figures`; this joins them.
"""

from display.report.page import course_page, session_page
from display.report.write import UNBLINDED, WRITTEN, write_session_report, write_text

__all__ = [
    "UNBLINDED",
    "WRITTEN",
    "course_page",
    "session_page",
    "write_session_report",
    "write_text",
]
