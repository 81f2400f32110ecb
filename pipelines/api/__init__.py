"""The query interface: what `nyckeltal serve` answers over HTTP, from the current release and nothing else.

Belongs here: questions as addresses (`asked`, `tables`, `cursors`), answers in the form that was asked for (`forms`,
`jsonstat`, `answers`), following the pointer from release to release (`serving`), the release's own pages and files
(`files`), errors (`problems`), and what guards the door (`guard`). Does not belong here: computing anything; the
rules of reading (`reading/reader.py`); writing pages (`site`). Nothing but the command line imports this package.
"""
