//! The tables: a record is read back whole, whatever its size and whoever writes concurrently.

mod any_json;
mod any_record;
mod any_sample;
mod behind;
mod copies;
mod deaths;
mod defaults;
mod interleavings;
mod leases;
mod races;
mod read_limit;
mod refusals;
mod rendering;
mod round_trip;
mod sizes;
mod writes;
