"""The tests: `unit` (single modules), `integration` (the command and whole runs), `browser` (the pages in
Chromium), `contract` (rules for the whole repository), `golden` (values to compare with), `support` (shared
helpers).
"""
