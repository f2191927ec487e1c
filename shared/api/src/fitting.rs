//! The part of a list that fits a response.

/// A smaller request for the same list that fits a response.
///
/// It says what is certain to fit before the list is rendered. The default names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FittingRequest {
    /// The number of sessions that fit, from the same position on, in the requested detail. 0 if
    /// it is not certain that one fits.
    pub limit: usize,
    /// Whether all requested sessions fit without the bulk of their states.
    pub trimmed: bool,
    /// The number of sessions that fit without the bulk of their states. 0 if it is not certain
    /// that one fits.
    pub trimmed_limit: usize,
    /// The size of the first session without the bulk of its state, in bytes of JSON, if it is
    /// known.
    pub first_trimmed: Option<usize>,
}

impl FittingRequest {
    /// Whether it names a request that is certain to fit.
    pub(crate) fn is_certain(&self) -> bool {
        self.limit > 0 || self.trimmed || self.trimmed_limit > 0
    }
}
