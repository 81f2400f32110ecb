"""The command line, `nyckeltal`: one module for each command or group of commands, and what they print.

Belongs here: arguments, options, exit codes, and tables and texts for a terminal. Does not belong here: the work that a
command asks for, which stands in the room that is named after it.
"""
