//! Doors of order books, the matching engine and queue models.
