"""Calibrations: how often a method claims something where nothing is, measured over many draws (`make calibrate`).

Belongs here: a module for each method that is measured, and the outcome of every draw as it was seen. Does not belong
here: the methods (`indicators/statistics`), or the tests that do a few of the draws again and hold `docs/method.md`
against the outcomes (`tests/golden`).
"""
