"""Market data in: files, tables and samples become ``MarketData``; defects are found first."""

from py_rt.data.bundled import SampleInfo, sample, samples
from py_rt.data.catalog import Catalog, Imported
from py_rt.data.load import check, load
from py_rt.data.quality import QualityIssue, QualityReport

__all__ = [
    "Catalog",
    "Imported",
    "QualityIssue",
    "QualityReport",
    "SampleInfo",
    "check",
    "load",
    "sample",
    "samples",
]
