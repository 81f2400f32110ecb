"""Tests of one module each: no network, no sleeping, each in a folder of its own."""
