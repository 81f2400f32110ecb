"""The steps from a publisher to a release: fetch, stage, take in, build, compute, publish.

Belongs here: one function for each step. It reads what stands on disk, does its own part, and writes what it made,
whole or not at all. So each step can be run alone, again, or in another process, and the next one finds its work.
Does not belong here: how the part is done (`sources`, `quality`, `storage`, `warehouse`, `release`), and in which order
steps run (`assets`, `commands`).
"""
