"""What `make bench` runs: speed and memory, as ratios against a stated floor in the same run.

Belongs here: measuring. Does not belong here: tests of behaviour, or numbers that were not seen.
"""
