//! What glibc 2.35 has under a new version, so that the program starts on systems with 2.34 as well: RHEL 9
//! and its like. Nothing calls it by its name here; the linker takes it for libraries that do.

/// C's `hypotf`, the length of a vector: what reads fonts for a PDF asks for it.
#[expect(unsafe_code, reason = "a function of C's library is replaced by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn hypotf(x: f32, y: f32) -> f32 {
    // As the standard says, one that is infinite counts more than one that is no number.
    if x.is_infinite() || y.is_infinite() {
        return f32::INFINITY;
    }
    let (x, y) = (f64::from(x), f64::from(y));
    (x * x + y * y).sqrt() as f32
}

#[cfg(test)]
mod tests {
    #[test]
    fn lengths_are_those_of_c() {
        for (x, y, length) in [
            (3.0, -4.0, 5.0),
            (3e38, 0.0, 3e38),
            (1e-40, 0.0, 1e-40),
            (f32::NAN, f32::NEG_INFINITY, f32::INFINITY),
        ] {
            assert_eq!(super::hypotf(x, y), length);
        }
        assert!(super::hypotf(f32::NAN, 1.0).is_nan());
    }
}
