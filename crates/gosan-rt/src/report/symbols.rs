//! Names of globals, from the symbol table of the program's own file.
//!
//! Go's runtime has tables for functions only.  The file is read when a race on
//! a global is told, which is rare, and not kept.  A program that was linked
//! with `-s` has no table, so its globals have no names; gosan has `go test` and
//! `go run` keep it.  The format is that of the ELF specification, for 64 bits.

use crate::sys;
use alloc::vec::Vec;

const SECTION_BYTES: usize = 64;
const SYMBOL_BYTES: usize = 24;
const SECTION_IS_SYMBOLS: u32 = 2;
const SYMBOL_IS_OBJECT: u8 = 1;
/// A file whose addresses are those in memory.
const EXECUTABLE: u16 = 2;

/// A global variable.
#[derive(Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name, with the package's path.
    pub name: Vec<u8>,
    /// Where it begins.
    pub start: usize,
    /// Its size in bytes.
    pub bytes: usize,
}

/// The variable that an address lies in.
pub fn at(address: usize) -> Option<Symbol> {
    find(
        sys::MappedFile::open(b"/proc/self/exe\0")?.content(),
        address,
    )
}

fn find(image: &[u8], address: usize) -> Option<Symbol> {
    let is_elf64 = image.starts_with(b"\x7fELF\x02\x01");
    if !is_elf64 || u16_at(image, 16)? != EXECUTABLE {
        return None;
    }
    let sections = usize_at(image, 40)?;
    let count = u16_at(image, 60)? as usize;
    let section = |index: usize| image.get(sections.checked_add(index * SECTION_BYTES)?..);
    let symbols = (0..count)
        .filter_map(section)
        .find(|header| u32_at(header, 4) == Some(SECTION_IS_SYMBOLS))?;
    let names = section(u32_at(symbols, 40)? as usize)?;
    let (symbols, names) = (content(image, symbols)?, content(image, names)?);
    let entry = symbols.chunks_exact(SYMBOL_BYTES).find(|entry| {
        let start = usize_at(entry, 8).unwrap_or(0);
        let bytes = usize_at(entry, 16).unwrap_or(0);
        entry[4] & 15 == SYMBOL_IS_OBJECT && address.wrapping_sub(start) < bytes
    })?;
    let name = names.get(u32_at(entry, 0)? as usize..)?;
    let end = name.iter().position(|byte| *byte == 0)?;
    Some(Symbol {
        name: name[..end].to_vec(),
        start: usize_at(entry, 8)?,
        bytes: usize_at(entry, 16)?,
    })
}

/// A section's bytes, by its header.
fn content<'a>(image: &'a [u8], header: &[u8]) -> Option<&'a [u8]> {
    let (start, bytes) = (usize_at(header, 24)?, usize_at(header, 32)?);
    image.get(start..start.checked_add(bytes)?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn usize_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one variable, `m.total`, of 8 bytes at 0x5000.
    fn image() -> Vec<u8> {
        let mut image = std::vec![0; 64];
        let put = |image: &mut Vec<u8>, at: usize, bytes: &[u8]| {
            image[at..at + bytes.len()].copy_from_slice(bytes);
        };
        put(&mut image, 0, b"\x7fELF\x02\x01\x01");
        put(&mut image, 16, &EXECUTABLE.to_le_bytes());
        image.extend_from_slice(b"\0m.total\0");
        let symbols = image.len();
        image.resize(symbols + 2 * SYMBOL_BYTES, 0);
        put(&mut image, symbols + SYMBOL_BYTES, &1u32.to_le_bytes());
        put(
            &mut image,
            symbols + SYMBOL_BYTES + 4,
            &[0x10 | SYMBOL_IS_OBJECT],
        );
        put(
            &mut image,
            symbols + SYMBOL_BYTES + 8,
            &0x5000u64.to_le_bytes(),
        );
        put(&mut image, symbols + SYMBOL_BYTES + 16, &8u64.to_le_bytes());
        let sections = image.len();
        image.resize(sections + 2 * SECTION_BYTES, 0);
        put(&mut image, 40, &(sections as u64).to_le_bytes());
        put(&mut image, 60, &2u16.to_le_bytes());
        put(&mut image, sections + 24, &64u64.to_le_bytes());
        put(&mut image, sections + 32, &9u64.to_le_bytes());
        let header = sections + SECTION_BYTES;
        put(&mut image, header + 4, &SECTION_IS_SYMBOLS.to_le_bytes());
        put(&mut image, header + 24, &(symbols as u64).to_le_bytes());
        put(
            &mut image,
            header + 32,
            &(2 * SYMBOL_BYTES as u64).to_le_bytes(),
        );
        image
    }

    #[test]
    fn a_variable_is_found_by_any_of_its_bytes() {
        let image = image();
        let total = Symbol {
            name: b"m.total".to_vec(),
            start: 0x5000,
            bytes: 8,
        };
        assert_eq!(find(&image, 0x5000).as_ref(), Some(&total));
        assert_eq!(find(&image, 0x5007), Some(total));
        assert_eq!(find(&image, 0x5008), None);
        assert_eq!(find(&image, 0x4fff), None);
    }

    #[test]
    fn a_broken_file_has_no_names() {
        let image = image();
        let whole = find(&image, 0x5000);
        for end in 0..image.len() {
            let found = find(&image[..end], 0x5000);
            assert!(found.is_none() || found == whole, "{end}");
        }
        assert_eq!(find(&image[..image.len() / 2], 0x5000), None);
        for at in 0..image.len() {
            let mut broken = image.clone();
            broken[at] ^= 0xff;
            // Any answer is fine, as long as there is one.
            let _ = find(&broken, 0x5000);
        }
    }
}
