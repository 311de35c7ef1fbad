//! Orders that were seen, kept from one command to the next, so that a later one
//! can turn round what an earlier one saw.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use crate::log::Order;
use crate::program::Program;

/// The most orders that are kept for one program.
const MOST: usize = 4096;

/// Where a program's orders are kept. Places are addresses in the program, so
/// another build has another file.
pub fn file(notes: &Path, program: &Program) -> PathBuf {
    let mut hash = DefaultHasher::new();
    program.directory.hash(&mut hash);
    fs::read(&program.binary)
        .unwrap_or_default()
        .hash(&mut hash);
    notes.join(format!("orders-{:016x}.json", hash.finish()))
}

/// The orders in a file. One that is not there, or not readable, holds none.
pub fn load(file: &Path) -> BTreeSet<Order> {
    let pairs: Vec<(u32, u32)> = fs::read(file)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let order = |(earlier, later)| Order { earlier, later };
    pairs.into_iter().map(order).collect()
}

pub fn store(file: &Path, orders: &BTreeSet<Order>) -> io::Result<()> {
    let pairs: Vec<(u32, u32)> = orders
        .iter()
        .take(MOST)
        .map(|order| (order.earlier, order.later))
        .collect();
    let text = serde_json::to_vec(&pairs).expect("pairs are plain data");
    let temporary = file.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&temporary, text)?;
    fs::rename(&temporary, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn come_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("orders.json");
        assert!(load(&file).is_empty());
        let order = |earlier, later| Order { earlier, later };
        let orders = BTreeSet::from([order(1, 2), order(u32::MAX, 0)]);
        store(&file, &orders).unwrap();
        assert_eq!(load(&file), orders);
    }
}
