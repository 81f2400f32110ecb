"""The command line, `nyckeltal`: one module for each command or group of commands, and their output.

Belongs here: arguments, options, exit codes, and tables and texts for a terminal. Does not belong here: the work
behind a command, which is in the room named after it.
"""
