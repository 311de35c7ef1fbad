//! The diagnoses, one file each.
//!
//! The order matters only between diagnoses that are equally sure: what says more
//! stands first.

mod gs0101_map_write_write;
mod gs0102_map_read_write;
mod gs0103_map_iteration_write;
mod maps;

use crate::diagnosis::Diagnosis;

/// All of them.
pub const TABLE: &[Diagnosis] = &[
    gs0101_map_write_write::DIAGNOSIS,
    gs0102_map_read_write::DIAGNOSIS,
    gs0103_map_iteration_write::DIAGNOSIS,
];
