//! From bytes to lines that the parsers understand: what loggers, containers
//! and CI systems put around a line is taken off here, and nowhere else.

pub mod envelope;
pub mod prefix;
pub mod route;
pub mod scan;
pub mod stamp;
pub mod text;
