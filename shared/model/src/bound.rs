//! The bounds of numbers in records.

/// A bound of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Greater than.
    Above(f64),
    /// Greater than or equal to.
    AtLeast(f64),
    /// Less than.
    Below(f64),
    /// Less than or equal to.
    AtMost(f64),
}

impl Bound {
    /// Whether a number is within the bound.
    pub fn contains(self, number: f64) -> bool {
        match self {
            Self::Above(bound) => number > bound,
            Self::AtLeast(bound) => number >= bound,
            Self::Below(bound) => number < bound,
            Self::AtMost(bound) => number <= bound,
        }
    }
}
