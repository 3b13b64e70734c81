//! Doors of `py_rt_quant`: arrays in, arrays and dictionaries out.
