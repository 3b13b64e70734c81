//! Doors of the decoders of recorded files: bytes in, structured arrays out.
