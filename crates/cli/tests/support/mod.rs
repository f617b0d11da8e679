//! Runs the program as a user would, and compares what it says with what it said.
#![allow(dead_code, reason = "every test file uses a part of it")]
#![expect(clippy::expect_used, reason = "a test that cannot run its program has failed")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run of the program gave.
pub(crate) struct Ran {
    /// Its exit code.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) out: String,
    /// Its standard error.
    pub(crate) err: String,
}

/// Where test documents stand.
pub(crate) fn book(name: &str) -> String {
    folder("books").join(name).display().to_string()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// Runs `plimsoll` with `arguments`; words that name a test document become its path.
pub(crate) fn plimsoll(arguments: &[&str]) -> Ran {
    plimsoll_with(arguments, "")
}

/// The same with `input` on standard input.
pub(crate) fn plimsoll_with(arguments: &[&str], input: &str) -> Ran {
    let arguments = arguments.iter().map(|word| {
        let path = folder("books").join(word);
        if path.is_file() { path.display().to_string() } else { (*word).to_owned() }
    });
    let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(arguments)
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that refuses its arguments does not read.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code().expect("a code"), out: text(output.stdout), err: text(output.stderr) }
}

/// Where the story `name` stands.
pub(crate) fn scenario(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(name).display().to_string()
}

/// A folder of a test's own, not there until somebody makes it, and gone when the test ends.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("plimsoll-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    pub(crate) fn path(&self) -> String {
        self.0.display().to_string()
    }

    /// The path of a file in it, with `text`.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::create_dir_all(&self.0).expect("the folder is made");
        std::fs::write(self.0.join(name), text).expect("the file is written");
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Lines of JSON.
pub(crate) fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// Compares with `golden/NAME`; with `BLESS` set, writes it instead.
pub(crate) fn golden(name: &str, text: &str) {
    let path = folder("golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        return std::fs::write(path, text).expect("the file is written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == text, "{name} changed; BLESS=1 cargo test accepts it\n--- was\n{known}\n--- is\n{text}");
}
