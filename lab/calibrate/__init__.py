"""Measure this machine's primitive costs, where programs will run. Fit on primitives, judge on programs.

The calibration program (``go_templates/calibrate``) is built and run like any other, in fresh processes by groups of
primitives, in rounds; no scenario's own measurement ever comes in here. The first half of the rounds is the
measurement, the second its repeat: where one is no more the other's equal, the machine was not one machine. Where the
result is kept, :mod:`lab.shelf` says.
"""

from lab.calibrate.drifting import DRIFT, Drift, drifts
from lab.calibrate.groups import GROUPS, LOOP, SHARES, USUAL, Group, Sitting, giving, iterations_per_us
from lab.calibrate.measuring import PROGRAM, Calibration, DriftedError, measure, refusal
from lab.calibrate.precision import Precision, in_words, precision
from lab.calibrate.resting import rest

__all__ = [
    "DRIFT",
    "GROUPS",
    "LOOP",
    "PROGRAM",
    "SHARES",
    "USUAL",
    "Calibration",
    "Drift",
    "DriftedError",
    "Group",
    "Precision",
    "Sitting",
    "drifts",
    "giving",
    "in_words",
    "iterations_per_us",
    "measure",
    "precision",
    "refusal",
    "rest",
]
