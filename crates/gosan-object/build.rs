//! Builds the runtime object.
//!
//! `panic` and `lto` cannot be set for one package of a workspace, so the
//! object is built by a cargo of its own, with the profile `object` and a
//! target directory of its own.  The compiler's output then loses what Go's
//! linker does not want: symbols other than the interface become local (a
//! global `memset` would replace libc's in the user's C code), unwind tables
//! and debug information go.

use anyhow::{Context, Result, ensure};
use object::build::elf::{Builder, SectionData};
use object::elf;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What Go's runtime, and its files in the assembled GOROOT, refer to.
const INTERFACE: [&[u8]; 2] = [b"__tsan_", b"__gosan_"];
/// Sections that the link does not need.
const USELESS: [&[u8]; 6] = [
    b".debug",
    b".rela.debug",
    b".eh_frame",
    b".rela.eh_frame",
    b".comment",
    b".llvm",
];

fn main() -> Result<()> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let crates = here.parent().context("the crate lies in a folder")?;
    for source in ["gosan-rt", "gosan-engine", "gosan-wire"] {
        println!(
            "cargo::rerun-if-changed={}",
            crates.join(source).join("src").display()
        );
        println!(
            "cargo::rerun-if-changed={}",
            crates.join(source).join("Cargo.toml").display()
        );
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!(
        "cargo::rerun-if-changed={}",
        crates.join("../Cargo.toml").display()
    );
    let compiled = compile(crates, &out)?;
    let bytes = fs::read(&compiled).with_context(|| format!("reading {}", compiled.display()))?;
    fs::write(out.join("race_linux.syso"), tidy(&bytes)?)?;
    Ok(())
}

/// Compiles the crate and returns the one object file that comes out.
fn compile(crates: &Path, out: &Path) -> Result<PathBuf> {
    let target = out.join("object-target");
    // A name of our own: where nothing changed, cargo leaves the file as it is.
    let object = out.join("gosan_rt.o");
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo.current_dir(crates.join("gosan-rt"));
    // What is set for the outer build is not meant for this one.
    for (name, _) in env::vars() {
        let outer = [
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "RUSTC_WRAPPER",
        ]
        .contains(&name.as_str())
            || name == "RUSTC_WORKSPACE_WRAPPER"
            || name.starts_with("CARGO_PROFILE_");
        if outer {
            cargo.env_remove(name);
        }
    }
    cargo.args(["rustc", "--quiet", "--lib", "--crate-type", "staticlib"]);
    cargo
        .args([
            "--profile",
            "object",
            "--features",
            "object",
            "--target-dir",
        ])
        .arg(&target);
    cargo.args(["--", "-Cforce-unwind-tables=no", "-Ctarget-cpu=x86-64"]);
    cargo.arg(format!("--emit=obj={}", object.display()));
    let status = cargo
        .status()
        .context("running cargo for the runtime object")?;
    ensure!(status.success(), "the runtime object does not compile");
    Ok(object)
}

fn tidy(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut elf = Builder::read(bytes).context("the compiler's object")?;
    for section in &mut elf.sections {
        let name: &[u8] = &section.name;
        if USELESS.iter().any(|useless| name.starts_with(useless)) {
            section.delete = true;
        }
    }
    // The compiler keeps the names of sections and symbols in one table; the
    // writer wants two.
    if !elf
        .sections
        .iter()
        .any(|section| matches!(section.data, SectionData::SectionString))
    {
        let names = elf.sections.add();
        names.name = b".shstrtab"[..].into();
        names.sh_type = elf::SHT_STRTAB;
        names.sh_addralign = 1;
        names.data = SectionData::SectionString;
    }
    let mut undefined = Vec::new();
    for symbol in &mut elf.symbols {
        let name: &[u8] = &symbol.name;
        let interface = INTERFACE.iter().any(|prefix| name.starts_with(prefix));
        if symbol.st_bind() == elf::STB_LOCAL {
            continue;
        }
        if symbol.section.is_none() && symbol.st_shndx == elf::SHN_UNDEF {
            undefined.push(String::from_utf8_lossy(name).into_owned());
        } else if !interface {
            symbol.set_st_info(elf::STB_LOCAL, symbol.st_type());
        }
    }
    ensure!(
        undefined.is_empty(),
        "the object refers to {undefined:?}, and nothing has these"
    );
    elf.delete_orphans();
    let mut out = Vec::new();
    elf.write(&mut out).context("writing the object")?;
    Ok(out)
}
