//! Tests of the store, to be filled in now.
