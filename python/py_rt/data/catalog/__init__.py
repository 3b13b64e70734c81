"""A catalog of market data: Parquet files by symbol, kind and date, and one manifest of them."""

from py_rt.data.catalog.catalog import Catalog, Imported

__all__ = ["Catalog", "Imported"]
