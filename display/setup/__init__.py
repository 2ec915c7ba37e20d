"""The set-up window of ``ekam``: from unknown streams to a started session, without editing files.

Read `display.setup.steps`, then `display.setup.state` (what is known, what blocks Next; no Qt), then
`display.setup.window`. Guesses over data are functions of `stream`.
"""
