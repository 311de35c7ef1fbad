//! `cargo xtask symbols`: what the runtime object asks of a program and gives it.
//!
//! The object is linked into every Go program that gosan builds, cgo programs
//! with a libc of their own among them.  So it may refer to nothing outside, and
//! may define no global name but those that Go's runtime calls: a global
//! `memset` in it would replace libc's for the user's C code.  What it runs on a
//! goroutine's stack has to fit there: see [`stack_use`].

use crate::stack_use;
use anyhow::{Context, Result};
use object::{File, Object, ObjectSection, ObjectSymbol, SectionFlags, elf};

/// Symbols that the object may leave to others.  Raw system calls need none.
const UNDEFINED: &[&str] = &[];

/// What the object's global names begin with.
const PREFIXES: [&str; 2] = ["__tsan_", "__gosan_"];

/// Go's internal linker ignores an object that has constructors.
const REFUSED_SECTIONS: [&str; 4] = [".init_array", ".fini_array", ".ctors", ".dtors"];

/// What Go's linker keeps of a section's alignment.
const MAX_ALIGNMENT: u64 = 4096;

pub fn run() -> Result<bool> {
    let problems = check(gosan_object::OBJECT)?;
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        println!(
            "The object's symbols and sections are as they must be ({} bytes).",
            gosan_object::OBJECT.len()
        );
    }
    Ok(problems.is_empty())
}

/// Lists what is wrong with an object.
fn check(object: &[u8]) -> Result<Vec<String>> {
    let file = File::parse(object).context("the embedded object is no object file")?;
    let mut problems = Vec::new();
    let mut entry_points = 0;
    for symbol in file.symbols() {
        let name = symbol.name().context("a symbol's name is not text")?;
        if name.is_empty() {
            continue;
        }
        if symbol.is_undefined() {
            if !UNDEFINED.contains(&name) {
                problems.push(format!("undefined symbol {name}"));
            }
        } else if symbol.is_global() {
            if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
                entry_points += 1;
            } else {
                problems.push(format!("global symbol {name} is none of Go's entry points"));
            }
        }
    }
    if entry_points == 0 {
        problems.push("the object defines no entry point".to_owned());
    }
    for (name, bytes) in stack_use::quick(&file)? {
        if bytes > stack_use::LIMIT {
            problems.push(format!(
                "{name} may take {bytes} bytes of a goroutine's stack; {} are there",
                stack_use::LIMIT
            ));
        }
    }
    for section in file.sections() {
        let name = section.name().context("a section's name is not text")?;
        if REFUSED_SECTIONS
            .iter()
            .any(|refused| name.starts_with(refused))
        {
            problems.push(format!("section {name}: Go's linker drops such an object"));
        }
        if let SectionFlags::Elf { sh_flags } = section.flags()
            && sh_flags & u64::from(elf::SHF_TLS) != 0
        {
            problems.push(format!("section {name} holds thread-local data"));
        }
        if section.align() > MAX_ALIGNMENT {
            problems.push(format!(
                "section {name} is aligned to {}; Go's linker keeps {MAX_ALIGNMENT} at most",
                section.align()
            ));
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::write::{Object as Writer, StandardSection, Symbol, SymbolSection};
    use object::{Architecture, BinaryFormat, Endianness, SymbolFlags, SymbolKind, SymbolScope};

    fn writer() -> Writer<'static> {
        Writer::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little)
    }

    fn symbol(name: &str, scope: SymbolScope, section: SymbolSection) -> Symbol {
        Symbol {
            name: name.as_bytes().to_vec(),
            value: 0,
            size: 1,
            kind: SymbolKind::Text,
            scope,
            weak: false,
            section,
            flags: SymbolFlags::None,
        }
    }

    fn problems(writer: &Writer) -> Vec<String> {
        check(&writer.write().expect("an object")).expect("it can be read")
    }

    /// An object with the one entry point that a good one has at least.
    fn good() -> (Writer<'static>, SymbolSection) {
        let mut writer = writer();
        let text = writer.section_id(StandardSection::Text);
        writer.append_section_data(text, &[0xc3], 16);
        let section = SymbolSection::Section(text);
        writer.add_symbol(symbol("__tsan_init", SymbolScope::Dynamic, section));
        (writer, section)
    }

    #[test]
    fn a_good_object_has_no_problems() {
        let (mut writer, section) = good();
        writer.add_symbol(symbol("memset", SymbolScope::Compilation, section));
        assert_eq!(problems(&writer), Vec::<String>::new());
    }

    #[test]
    fn a_global_memset_and_a_libc_call_are_found() {
        let (mut writer, section) = good();
        writer.add_symbol(symbol("memset", SymbolScope::Dynamic, section));
        writer.add_symbol(symbol(
            "pthread_self",
            SymbolScope::Unknown,
            SymbolSection::Undefined,
        ));
        let found = problems(&writer).join("\n");
        assert!(found.contains("global symbol memset"), "{found}");
        assert!(found.contains("undefined symbol pthread_self"), "{found}");
    }

    #[test]
    fn constructors_and_thread_locals_are_found() {
        let (mut writer, _) = good();
        let init = writer.add_section(
            Vec::new(),
            b".init_array".to_vec(),
            object::SectionKind::Data,
        );
        writer.append_section_data(init, &[0; 8], 8);
        let tls = writer.section_id(StandardSection::Tls);
        writer.append_section_data(tls, &[0; 8], 8);
        let found = problems(&writer).join("\n");
        assert!(found.contains(".init_array"), "{found}");
        assert!(found.contains("thread-local"), "{found}");
    }

    #[test]
    fn an_object_without_entry_points_is_useless() {
        let found = problems(&writer()).join("\n");
        assert!(found.contains("no entry point"), "{found}");
        assert!(check(b"not an object").is_err());
    }
}
