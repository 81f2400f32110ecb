"""The HTTP query API: what `nyckeltal serve` answers, from the current release and nothing else.

Belongs here: request parameters and the SQL they lead to (`parameters`, `queries`, `cursors`), responses and their
formats (`answers`, `formats`, `jsonstat`), following the release pointer (`current_release`), the release's own pages
and files (`release_files`, `pages`), errors (`problems`), and security headers and host checks (`guard`). Does not
belong here: computing anything; the rules for reading a release safely (`reading/reader.py`); generating the site's
pages (`site`). Only the command line imports this package.
"""
