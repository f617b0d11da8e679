//! Reads Rust files just well enough to judge them: text without comments and literals, the same without test
//! code, and the tree of modules that a crate really compiles.

use std::io;
use std::path::{Path, PathBuf};

/// One file that a crate compiles.
pub(crate) struct Source {
    /// Where it is, from the root of the repository.
    pub(crate) path: PathBuf,
    /// Its code with comments and literals blanked, line by line as in the file.
    pub(crate) code: String,
    /// Its code without what only tests compile; empty in a file that only tests compile.
    pub(crate) product: String,
}

/// The files reached from `root_file` by its `mod` lines, itself first.
///
/// # Errors
/// When a file cannot be read. A module without a file is left for the compiler to report.
pub(crate) fn module_tree(repository: &Path, root_file: &Path) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut pending = vec![(root_file.to_path_buf(), false)];
    while let Some((file, test_only)) = pending.pop() {
        let code = without_comments(&std::fs::read_to_string(&file)?);
        let product = if test_only { String::new() } else { without_tests(&code) };
        let in_product = declared_modules(&product);
        for name in declared_modules(&code) {
            let candidates = [folder_of(&file).join(format!("{name}.rs")), folder_of(&file).join(name).join("mod.rs")];
            if let Some(found) = candidates.into_iter().find(|candidate| candidate.exists()) {
                pending.push((found, !in_product.contains(&name)));
            }
        }
        let path = file.strip_prefix(repository).unwrap_or(&file).to_path_buf();
        sources.push(Source { path, code, product });
    }
    Ok(sources)
}

/// Every `.rs` file under `folder`, in order; none when there is no such folder.
///
/// # Errors
/// When a folder cannot be listed.
pub(crate) fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut pending = vec![folder.to_path_buf()];
    while let Some(here) = pending.pop().filter(|here| here.is_dir()) {
        for entry in std::fs::read_dir(here)? {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The identifiers, keywords and numbers of `code`, in order.
pub(crate) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Whether `code` names `std::<module>`, alone or in a group.
pub(crate) fn uses_std(code: &str, module: &str) -> bool {
    code.split("std::").skip(1).any(|tail| match tail.strip_prefix('{') {
        Some(group) => words(group.split(';').next().unwrap_or("")).any(|word| word == module),
        None => words(tail).next() == Some(module) && tail.starts_with(module),
    })
}

/// The names in `mod name;` lines.
pub(crate) fn declared_modules(code: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for line in code.split_inclusive(['\n', ';', '{', '}']) {
        let mut last_words = words(line).collect::<Vec<_>>().into_iter().rev();
        if let (true, Some(name), Some("mod")) = (line.ends_with(';'), last_words.next(), last_words.next()) {
            names.push(name);
        }
    }
    names
}

/// Where the modules that `file` declares live.
fn folder_of(file: &Path) -> PathBuf {
    let is_root = file.file_stem().is_some_and(|stem| stem == "lib" || stem == "main" || stem == "mod");
    if is_root { file.with_file_name("") } else { file.with_extension("") }
}

/// `code` without the items marked `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut pieces = code.split("#[cfg(test)]");
    let mut product = pieces.next().unwrap_or("").to_owned();
    for piece in pieces {
        product.push_str(after_item(piece));
    }
    product
}

/// What follows the first item of `code`: the end of its braces, or its semicolon outside any bracket.
fn after_item(code: &str) -> &str {
    let mut depth = 0_u32;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '}' if depth == 1 => return &code[at + 1..],
            '}' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => return &code[at + 1..],
            _ => {}
        }
    }
    ""
}

/// `text` with comments and the insides of literals blanked; line breaks stay.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = comment_or_literal(rest, code.chars().next_back());
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().map(|inside| if inside == '\n' { '\n' } else { ' ' }));
            rest = &rest[skipped..];
        }
    }
    code
}

/// Bytes of the comment or literal that `rest` starts with; 0 when it starts with code.
fn comment_or_literal(rest: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    if !in_word && let Some(fence) = raw_fence(rest) {
        let opening = rest.find('"').unwrap_or(0) + 1;
        let closing = format!("\"{fence}");
        return rest[opening..].find(&closing).map_or(rest.len(), |at| opening + at + closing.len());
    }
    // A lifetime has no closing quote: 'a' and '\n' are characters, 'a is not.
    let mut following = rest.chars().skip(1);
    match (rest.starts_with('\''), following.next(), following.next()) {
        (true, Some('\\'), _) | (true, Some(_), Some('\'')) => quoted(rest, '\''),
        _ => 0,
    }
}

/// The `#`s of a raw string that starts here: `r"`, `r#"`, `br##"`.
fn raw_fence(rest: &str) -> Option<&str> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r'))?;
    let fence = &after[..after.find(|c| c != '#')?];
    after[fence.len()..].starts_with('"').then_some(fence)
}

/// Bytes up to and with the closing `quote`, past escapes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Bytes of a block comment, which may hold others.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_u32;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[test]
fn comments_and_literals_are_not_code() {
    let text =
        "let a = \"unsafe // \\\" f64\"; /* f64 /* f32 */ unsafe */ b('\"'); // unsafe\nr#\"f64 \" unsafe\"# <'a>";
    let code = without_comments(text);
    assert_eq!(words(&code).collect::<Vec<_>>(), ["let", "a", "b", "a"], "{code}");
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn test_code_is_not_product() {
    let code = "mod a;\n#[cfg(test)]\nmod tests;\n#[cfg(test)] mod inline { fn x() { y } }\nfn z(_: [u8; 3]) {}";
    assert_eq!(declared_modules(code), ["a", "tests"]);
    assert_eq!(declared_modules(&without_tests(code)), ["a"]);
    assert_eq!(words(&without_tests(code)).collect::<Vec<_>>(), ["mod", "a", "fn", "z", "_", "u8", "3"]);
}

#[test]
fn groups_of_std_are_looked_into() {
    assert!(uses_std("use std::{fmt, fs};", "fs") && uses_std("std::fs::read(x)", "fs"));
    assert!(!uses_std("use std::{fmt, sync::Arc}; fs", "fs") && !uses_std("use std::fmt; fs()", "fs"));
}
