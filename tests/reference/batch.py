"""The constant FAR of tests/batch.rs with 40 digits: python3 batch.py"""

from mpmath import erfc, log10, mp, sqrt

mp.dps = 60
print("log10(erfc(100/sqrt(2))) =", mp.nstr(log10(erfc(100 / sqrt(2))), 40))
