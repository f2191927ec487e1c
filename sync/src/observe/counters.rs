//! The counters of a sync process, with their names in the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($( $(#[$meta:meta])* $field:ident, $name:literal, $help:literal; )*) => {
        /// What the process has done since its start.
        #[derive(Debug, Default)]
        pub struct Counters {
            $( $(#[$meta])* pub $field: AtomicU64, )*
        }

        /// The values of the counters at one moment.
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
        pub struct Counts {
            $( $(#[$meta])* pub $field: u64, )*
        }

        impl Counters {
            /// The current values.
            pub fn now(&self) -> Counts {
                Counts { $( $field: self.$field.load(Ordering::Relaxed), )* }
            }
        }

        impl Counts {
            /// Each counter: its name for CloudWatch, its name and help text for Prometheus, and
            /// its value.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str, u64)> {
                [$( ($name, stringify!($field), $help, self.$field), )*].into_iter()
            }

            /// The increase since `earlier`.
            pub fn since(&self, earlier: &Self) -> Self {
                Self { $( $field: self.$field - earlier.$field, )* }
            }
        }
    };
}

counters! {
    /// Notifications of relevant changes.
    followed, "Followed", "Notifications of changes that matter";
    /// Records that were read from Redis.
    reads, "Reads", "Records read from Redis";
    /// Replicas that were written.
    written, "Written", "Copies written to the tables";
    /// Replicas that were deleted.
    deleted, "Deleted", "Copies deleted from the tables";
    /// Records whose replicas were current.
    unchanged, "Unchanged", "Records whose copies were current";
    /// Leases that were set or renewed.
    leases_set, "LeasesSet", "Run leases set or renewed";
    /// Leases that were ended.
    leases_ended, "LeasesEnded", "Run leases ended";
    /// Attempts that failed and were made again.
    errors, "Errors", "Attempts that failed and are made again";
    /// Values that the release does not know. They were copied unchanged.
    unknown_values, "UnknownValues", "Values unknown to the release, kept as they came";
    /// Records of a later release than the set one. They were not copied.
    later_release, "LaterRelease", "Records of a later release than the set one, not copied";
    /// Reconciliations that were completed.
    reconciliations, "Reconciliations", "Full reconciliations completed";
}
