//! Holds the house together: which crate may use which, that every folder of a kind is complete and registered,
//! and the few rules about source text that lints cannot hold.
//!
//! Each test collects all it finds wrong and says, line by line, what to do about it.

mod source;

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use source::Source;
use toml::{Table, Value};

type Checked = Result<(), Box<dyn Error>>;

/// One crate: its folder, its floor, and the crates it may use.
struct Crate {
    folder: &'static str,
    floor: u32,
    may_use: &'static [&'static str],
}

/// Who may use whom. ARCHITECTURE.md shows the same table.
const CRATES: [Crate; 13] = [
    Crate { folder: "numerics", floor: 0, may_use: &[] },
    Crate { folder: "core", floor: 0, may_use: &[] },
    Crate { folder: "journal", floor: 1, may_use: &["core"] },
    Crate { folder: "pricing", floor: 1, may_use: &["core", "numerics"] },
    Crate { folder: "margin", floor: 2, may_use: &["core", "numerics", "pricing"] },
    Crate { folder: "book", floor: 3, may_use: &["core", "margin", "numerics"] },
    Crate { folder: "document", floor: 3, may_use: &["core", "pricing"] },
    Crate { folder: "engine", floor: 4, may_use: &["book", "core", "margin", "pricing"] },
    Crate { folder: "node", floor: 5, may_use: &["core", "engine", "journal"] },
    Crate { folder: "simulation", floor: 6, may_use: &["core", "engine", "journal", "margin", "node", "pricing"] },
    Crate { folder: "venues", floor: 4, may_use: &["core", "document", "margin", "pricing"] },
    Crate {
        folder: "plimsoll",
        floor: 7,
        may_use: &[
            "book",
            "core",
            "document",
            "engine",
            "journal",
            "margin",
            "node",
            "numerics",
            "pricing",
            "simulation",
            "venues",
        ],
    },
    Crate { folder: "cli", floor: 8, may_use: &["plimsoll"] },
];

/// The faces: they own clocks, files, threads and the environment. Everything below reads none of them, but for the
/// journal, which owns a log's files.
const ROOF: [&str; 1] = ["cli"];

/// Folders of one kind: where they stand, the file that registers them, what each holds beside its `mod.rs`.
struct Kind {
    crate_folder: &'static str,
    parent: &'static str,
    registry: &'static str,
    files: &'static [&'static str],
}

/// A folder that continues a file beside it (`names.rs` and `names/`) is a helper, not one of a kind.
const KINDS: [Kind; 3] = [
    Kind {
        crate_folder: "pricing",
        parent: "src/instruments",
        registry: "mod.rs",
        files: &["names.rs", "settlement.rs", "terms.rs", "value.rs"],
    },
    Kind { crate_folder: "margin", parent: "src/models", registry: "mod.rs", files: &[] },
    Kind { crate_folder: "venues", parent: "src", registry: "lib.rs", files: &[] },
];

/// A file about one thing is shorter than this.
const LINES_MAX: usize = 600;

#[test]
fn every_crate_is_in_the_table() -> Checked {
    let mut wrong = Vec::new();
    let listed = CRATES.iter().map(|row| row.folder.to_owned()).collect::<BTreeSet<_>>();
    let present = folders(&repository().join("crates"))?.into_iter().collect::<BTreeSet<_>>();
    for folder in present.difference(&listed) {
        wrong.push(format!("crates/{folder}: add it to CRATES with its floor and what it may use"));
    }
    for folder in listed.difference(&present) {
        wrong.push(format!("CRATES lists {folder}, but there is no crates/{folder}: take the row out"));
    }
    for row in &CRATES {
        for used in row.may_use {
            if floor_of(used).is_none_or(|floor| floor >= row.floor) {
                wrong.push(format!("CRATES lets {} use {used}, which is not below it", row.folder));
            }
        }
    }
    report(&wrong);
    Ok(())
}

#[test]
fn crates_look_down_only() -> Checked {
    let mut wrong = Vec::new();
    for row in &CRATES {
        let manifest = manifest(row.folder)?;
        for (section, used) in house_dependencies(&manifest) {
            let dev = section == "dev-dependencies";
            let allowed = if dev {
                floor_of(&used).is_some_and(|floor| floor <= row.floor)
            } else {
                row.may_use.contains(&used.as_str())
            };
            if !allowed {
                let may = if dev { "its own floor and below".to_owned() } else { format!("{:?}", row.may_use) };
                wrong.push(format!(
                    "crates/{}/Cargo.toml [{section}] uses {used}, but may use only {may}: move the code down, or \
                     pass what it needs in as an argument",
                    row.folder
                ));
            }
        }
    }
    report(&wrong);
    Ok(())
}

#[test]
fn manifests_share_the_house_rules() -> Checked {
    let mut wrong = Vec::new();
    for row in &CRATES {
        let manifest = manifest(row.folder)?;
        let file = format!("crates/{}/Cargo.toml", row.folder);
        let name = if row.folder == "plimsoll" { "plimsoll".to_owned() } else { format!("plimsoll-{}", row.folder) };
        if manifest["package"]["name"].as_str() != Some(&name) {
            wrong.push(format!("{file}: name the package {name}, after its folder"));
        }
        if manifest.get("lints").and_then(|lints| lints.get("workspace")) != Some(&Value::Boolean(true)) {
            wrong.push(format!("{file}: add `[lints] workspace = true`"));
        }
        for (section, dependency, details) in dependencies(&manifest) {
            if details.get("workspace") != Some(&Value::Boolean(true)) {
                wrong.push(format!(
                    "{file} [{section}]: write `{dependency}.workspace = true` and give the version in the root \
                     Cargo.toml, so that each is decided once"
                ));
            }
        }
    }
    report(&wrong);
    Ok(())
}

/// The table's first column names crates; a column headed "may use" names what each uses.
#[test]
fn the_architecture_page_shows_the_table() -> Checked {
    let page = read("ARCHITECTURE.md")?;
    let mut wrong = Vec::new();
    let rows = page.lines().filter(|line| line.starts_with('|')).map(cells).collect::<Vec<_>>();
    let Some(header_at) = rows.iter().position(|row| row.first().is_some_and(|cell| cell == "crate")) else {
        return Err("ARCHITECTURE.md: give it a table whose first column is headed `crate`".into());
    };
    let uses_at = rows[header_at].iter().position(|cell| cell == "may use");
    for row in &CRATES {
        let Some(shown) = rows.iter().find(|shown| shown.first() == Some(&format!("`{}`", row.folder))) else {
            wrong.push(format!("ARCHITECTURE.md: add a row for `{}`", row.folder));
            continue;
        };
        let shown_uses = uses_at.and_then(|at| shown.get(at)).map(|cell| code_words(cell));
        if shown_uses.is_some_and(|uses| uses != row.may_use.iter().map(|&used| used.to_owned()).collect()) {
            wrong.push(format!("ARCHITECTURE.md: `{}` may use {:?}; the row says otherwise", row.folder, row.may_use));
        }
    }
    let first_cells = rows.iter().skip(header_at + 2).filter_map(|row| row.first());
    for named in first_cells.take_while(|cell| cell.starts_with('`')).flat_map(|cell| code_words(cell)) {
        if floor_of(&named).is_none() {
            wrong.push(format!("ARCHITECTURE.md: `{named}` is not a crate here; take the row out"));
        }
    }
    report(&wrong);
    Ok(())
}

#[test]
fn every_folder_of_a_kind_is_whole() -> Checked {
    let mut wrong = Vec::new();
    for kind in &KINDS {
        let parent = format!("crates/{}/{}", kind.crate_folder, kind.parent);
        for name in folders(&repository().join(&parent))? {
            if !repository().join(&parent).join(&name).with_extension("rs").exists() {
                wrong.extend(gaps(kind, &parent, &name)?);
            }
        }
    }
    report(&wrong);
    Ok(())
}

/// What the folder `name` of `kind` lacks.
fn gaps(kind: &Kind, parent: &str, name: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut wrong = Vec::new();
    let folder = format!("{parent}/{name}");
    let registry = format!("{parent}/{}", kind.registry);
    let registered = source::module_tree(&repository(), &repository().join(&registry))?;
    if !source::declared_modules(&registered[0].code).contains(&name) {
        wrong.push(format!("{folder}: register it with `mod {name};` in {registry}"));
    }
    for file in kind.files {
        if !repository().join(&folder).join(file).exists() {
            wrong.push(format!("{folder}: {file} is missing; copy the exemplar that CONTRIBUTING.md names"));
        }
    }
    let prose = ["mod.rs", "README.md"].map(|file| read(&format!("{folder}/{file}")).unwrap_or_default()).concat();
    if !prose.lines().any(|line| line.trim_start_matches(['/', '!', ' ']).trim_start_matches('#') == " Source") {
        wrong.push(format!("{folder}: open mod.rs, or its README.md, with prose that has a `# Source` section"));
    }
    let outside = repository().join("crates").join(kind.crate_folder).join("tests");
    let mut tests = source::rust_files(&outside)?;
    // A file of the kind's own, or the parent's tests, which go by question and name the kinds they ask.
    let shared = parent.rsplit('/').next().unwrap_or(parent);
    tests.retain(|file| {
        let own = file.file_stem().is_some_and(|stem| stem == name);
        let names_it = || fs::read_to_string(file).is_ok_and(|text| text.contains(name));
        own || (file.parent().is_some_and(|folder| folder.ends_with(shared)) && names_it())
    });
    if tests.is_empty() && !has_cases(&repository().join(&folder))? {
        wrong.push(format!(
            "{folder}: give it `tests.rs`, a `#[cfg(test)]` module or `cases/`, crates/{0}/tests/{name}.rs, or name it in crates/{0}/tests/{shared}/",
            kind.crate_folder
        ));
    }
    Ok(wrong)
}

#[test]
fn every_source_file_is_compiled_and_short() -> Checked {
    let mut wrong = Vec::new();
    for row in &CRATES {
        let folder = repository().join("crates").join(row.folder);
        let compiled = sources(row.folder)?.into_iter().map(|source| source.path).collect::<BTreeSet<_>>();
        for file in source::rust_files(&folder.join("src"))? {
            let path = file.strip_prefix(repository())?;
            if !compiled.contains(path) {
                wrong.push(format!("{}: no `mod` line leads to it; add one or delete the file", path.display()));
            }
        }
        for file in source::rust_files(&folder)? {
            let lines = fs::read_to_string(&file)?.lines().count();
            if lines > LINES_MAX {
                let path = file.strip_prefix(repository())?.display();
                wrong.push(format!("{path}: {lines} lines, over {LINES_MAX}; split it by subject"));
            }
        }
    }
    report(&wrong);
    Ok(())
}

#[test]
fn source_text_keeps_the_promises() -> Checked {
    let mut wrong = Vec::new();
    for row in &CRATES {
        for source in sources(row.folder)? {
            for complaint in complaints(row.folder, &source) {
                wrong.push(format!("{}: {complaint}", source.path.display()));
            }
        }
    }
    report(&wrong);
    Ok(())
}

/// What lints cannot hold, or hold only until someone expects them away.
fn complaints(folder: &str, source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    let has = |word: &str| source::words(&source.product).any(|found| found == word);
    if folder != "numerics" && source::words(&source.code).any(|found| found == "unsafe") {
        wrong.push("`unsafe` lives in numerics only: ask for a safe function there".to_owned());
    }
    if folder == "core" && source::words(&source.code).any(|word| word.ends_with("f64") || word.ends_with("f32")) {
        wrong.push("core has no floats: use Decimal, or move the code to pricing".to_owned());
    }
    if folder == "margin" && names_a_kind(&source.product) {
        wrong.push(
            "`Instrument::<Kind>` above pricing: ask the instrument a question, and add it if missing".to_owned(),
        );
    }
    if ROOF.contains(&folder) {
        return wrong;
    }
    for (word, instead) in [
        ("HashMap", "use BTreeMap: a hash map's order differs from run to run"),
        ("HashSet", "use BTreeSet: a hash set's order differs from run to run"),
    ] {
        if has(word) {
            wrong.push(format!("`{word}` below the roof: {instead}"));
        }
    }
    if source::uses_std(&source.product, "time") && (has("SystemTime") || has("Instant")) {
        wrong.push("a clock below the roof: take the time as an argument".to_owned());
    }
    // Threads that fork and join inside one call, and that nobody can observe.
    let forks = |module| folder == "book" && module == "thread" && has("scope") && !has("sleep") && !has("park");
    // A log is files, and none but the journal's are opened below the roof.
    let keeps_files = |module| folder == "journal" && module == "fs";
    for module in ["env", "fs", "net", "process", "thread"] {
        if !forks(module) && !keeps_files(module) && source::uses_std(&source.product, module) {
            wrong.push(format!("`std::{module}` below the roof: take what it would give as an argument"));
        }
    }
    wrong
}

/// Whether code names a variant of `Instrument`, as a `match` on the kind must.
fn names_a_kind(code: &str) -> bool {
    code.split("Instrument::").skip(1).any(|tail| tail.starts_with(char::is_uppercase))
}

/// The root of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}

fn floor_of(folder: &str) -> Option<u32> {
    CRATES.iter().find(|row| row.folder == folder).map(|row| row.floor)
}

fn manifest(folder: &str) -> Result<Table, Box<dyn Error>> {
    Ok(read(&format!("crates/{folder}/Cargo.toml"))?.parse()?)
}

/// A file's text, by its path from the root of the repository.
fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(repository().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// Section, name and details of every dependency, those of single platforms included.
fn dependencies(manifest: &Table) -> Vec<(&'static str, String, Value)> {
    let platforms = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = platforms.filter_map(Value::as_table).chain([manifest]);
    tables
        .flat_map(|table| ["dependencies", "build-dependencies", "dev-dependencies"].map(|section| (section, table)))
        .filter_map(|(section, table)| Some((section, table.get(section)?.as_table()?)))
        .flat_map(|(section, listed)| {
            listed.iter().map(move |(name, details)| (section, name.clone(), details.clone()))
        })
        .collect()
}

/// Section and folder of every dependency on a crate of ours.
fn house_dependencies(manifest: &Table) -> Vec<(&'static str, String)> {
    let ours = |name: &str| match name {
        "plimsoll" => Some(name.to_owned()),
        _ => name.strip_prefix("plimsoll-").map(str::to_owned),
    };
    dependencies(manifest).iter().filter_map(|(section, name, _)| Some((*section, ours(name)?))).collect()
}

/// Every file the crate's library and programs compile.
fn sources(folder: &str) -> Result<Vec<Source>, Box<dyn Error>> {
    let src = repository().join("crates").join(folder).join("src");
    let programs = source::rust_files(&src.join("bin"))?;
    let roots = [src.join("lib.rs"), src.join("main.rs")].into_iter().chain(programs);
    let mut sources = Vec::new();
    for root in roots.filter(|root| root.exists()) {
        sources.extend(source::module_tree(&repository(), &root)?);
    }
    Ok(sources)
}

/// Names of the folders in `parent`, in order; none when it is not there yet.
fn folders(parent: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    if parent.is_dir() {
        for entry in fs::read_dir(parent)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

fn has_cases(folder: &Path) -> Result<bool, Box<dyn Error>> {
    if folder.join("cases").is_dir() {
        return Ok(true);
    }
    for file in source::rust_files(folder)? {
        if file.ends_with("tests.rs") || fs::read_to_string(&file)?.contains("#[cfg(test)]") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The cells of a line of a Markdown table.
fn cells(line: &str) -> Vec<String> {
    line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// What stands between backticks.
fn code_words(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Fails with everything that is wrong, a line each.
fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n  {}\n", wrong.join("\n  "));
}
