//! Request identifiers of every common trace format, on one canonical key.
