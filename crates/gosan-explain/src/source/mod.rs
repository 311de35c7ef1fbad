//! The user's source, where it is at hand: what stands at a frame's line.
//!
//! A log has function names and lines, and many causes look alike in it. With
//! the source, the variable itself can be named, where it is declared, and which
//! locks are held. A file is used only if the frame's function really stands at
//! that line: a file of another version would make a liar of the diagnosis.

mod declaration;
mod file;
mod locate;
mod package;
mod site;
mod touches;

pub use declaration::DeclarationKind;
pub use file::GoFile;
pub use locate::Sources;
pub use package::Package;
pub use site::{Held, LockMode, Site};
pub use touches::{How, Touch};
