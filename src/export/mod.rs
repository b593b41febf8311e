//! (module export)
