//! The forms in which an explanation is shown.

pub mod json;
pub mod prove;
pub mod text;
