//! `gosan clean`: removes what gosan has made, and says what that was.

use std::process::ExitCode;

use anyhow::Result;
use gosan_go::cache::Cache;
use indicatif::HumanBytes;

use crate::exit_codes;

/// Empties the cache. Programs that were built stay, and so does Go's own build
/// cache, where gosan's packages lie among the others.
pub fn run() -> Result<ExitCode> {
    let cache = Cache::locate()?;
    if !cache.dir().exists() {
        println!("nothing to remove: {} does not exist", cache.dir());
        return Ok(ExitCode::from(exit_codes::SUCCESS));
    }
    let cleared = cache.clear()?;
    let roots = match cleared.roots {
        1 => "1 assembled GOROOT".to_owned(),
        count => format!("{count} assembled GOROOTs"),
    };
    println!(
        "removed {roots} from {}, {} freed",
        cache.dir(),
        HumanBytes(cleared.bytes)
    );
    Ok(ExitCode::from(exit_codes::SUCCESS))
}
