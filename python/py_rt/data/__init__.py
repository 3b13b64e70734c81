"""Market data in: files, tables and samples become ``MarketData``; defects are found first."""

from py_rt._row_files import RowsWriter
from py_rt.data.actions import CorporateAction, adjust, corporate_actions
from py_rt.data.bundled import SampleInfo, sample, samples
from py_rt.data.catalog import Catalog, Imported
from py_rt.data.load import check, load
from py_rt.data.quality import QualityIssue, QualityReport

__all__ = [
    "Catalog",
    "CorporateAction",
    "Imported",
    "QualityIssue",
    "QualityReport",
    "RowsWriter",
    "SampleInfo",
    "adjust",
    "check",
    "corporate_actions",
    "load",
    "sample",
    "samples",
]
