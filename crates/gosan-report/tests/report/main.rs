//! Every rendering of races whose records are made up here; those of real
//! programs are tested with the command.

mod common;
mod hostile;
mod merging;
mod renderings;
mod schemas;
