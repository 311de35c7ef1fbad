//! One module for each of gosan's commands.

pub mod clean;
pub mod doctor;
pub mod explain;
pub mod go;
pub mod report;
mod schedule_report;
pub mod schedules;
