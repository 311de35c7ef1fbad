//! What can be wrong with the input, and the way out.

use std::io;

/// Why a log cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the log cannot be read: {0}")]
    Read(#[source] io::Error),
    #[error("the input is compressed ({format}); {way_out}")]
    Compressed {
        format: &'static str,
        way_out: &'static str,
    },
    #[error(
        "the input is UTF-16, as PowerShell writes it; convert it first: iconv -f UTF-16 -t UTF-8 LOG | gosan explain -"
    )]
    Utf16,
    #[error("the input is not text: there is a zero byte at offset {at}; gosan explain reads logs")]
    Binary { at: usize },
}
