//! The Go that the tasks work with: which versions, where it is found, how it
//! is installed.

pub mod find;
pub mod install;
pub mod versions;

pub use find::Go;
