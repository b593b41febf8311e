//! (module models)
