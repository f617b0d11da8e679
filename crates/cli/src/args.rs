//! What can be asked, and how.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// How much collateral a whole portfolio needs, why, and how far it is from every line.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, max_term_width = 100, after_help = CODES)]
pub(crate) struct Arguments {
    /// When to colour: on a terminal and without `NO_COLOR`, always, or never
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: When,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const CODES: &str = "Exit codes:
  0  everything asked was answered
  1  some account could not be answered, some case departs, some promise broke, or the output or the journal could
     not be written
  2  wrong usage, or a document that is wrong
  3  with `margin --check`: some account is below its maintenance margin

Documents are JSON, YAML or TOML; `plimsoll schema` says what may stand in them.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Equity, requirement and excess at every level, and the state
    Margin(Margin),
    /// The requirement as a tree: every figure with those it was made from
    Explain(Explain),
    /// P&L over price × volatility, with the worst cell
    Matrix(Asked),
    /// Delta, gamma, vega, theta and rho by position, expiry and underlying
    Greeks(Asked),
    /// Liquidation prices: the index under and over which maintenance is broken
    Liquidation(Asked),
    /// The account after trades, orders, deposits and market moves, beside what it is
    Whatif(Box<WhatIf>),
    /// Isolated, cross and portfolio margin side by side
    Compare(Asked),
    /// A market document from a venue's files: Deribit chains, book summaries, tickers, instruments
    Import(Import),
    /// The engine over a stream of commands: documents with `steps`, or lines of JSON; events out, a line each
    Run(Run),
    /// A journal that `run` kept: verified, decided again, exported, looked into
    Journal {
        #[command(subcommand)]
        question: JournalQuestion,
    },
    /// Stories of what happened to a venue, told and held to what they say
    Scenario {
        #[command(subcommand)]
        question: ScenarioQuestion,
    },
    /// A falling market told line by line, and a hedged book of options margined: no file needed
    Demo {
        /// Print the demo's market and book as one JSON document instead
        #[arg(long)]
        document: bool,
    },
    /// The margin models, or one model's page and parameters
    Models(Models),
    /// Published cases run through the engine, counted by model
    Conformance(Conformance),
    /// A whole venue on a simulated clock, with faults put in and every promise checked
    Simulate {
        #[command(subcommand)]
        what: SimulateWhat,
    },
    /// The JSON Schema of a document
    Schema,
    /// A completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// The manual page, in roff
    Man,
}

/// Which documents and accounts, and how to answer.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Documents (.json, .yaml, .toml; - is standard input). Several are merged: a book and a market
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Only this account; repeatable
    #[arg(short, long = "account", value_name = "ID")]
    pub(crate) accounts: Vec<String>,
    /// Margin every account with this model, whatever the document says
    #[arg(short, long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Change a parameter: `plimsoll.price_range.BTC=0.2`; repeatable
    #[arg(long, value_name = "MODEL.NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// How to answer
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Margin {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// Exit with 3 when an account is below its maintenance margin
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// Which figure to explain
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) level: Figure,
    /// How deep to go in a table; without it, all the way
    #[arg(short, long, value_name = "LEVELS")]
    pub(crate) depth: Option<usize>,
    /// Show what lost, too, and every small part
    #[arg(long)]
    pub(crate) all: bool,
    /// FILE is a journal's folder: the margin of those whom this record touched, as it was decided
    #[arg(short, long, value_name = "SEQUENCE", conflicts_with_all = ["model", "set"])]
    pub(crate) event: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct WhatIf {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// A trade: BTC-PERPETUAL=-5000, at the mark or at a price: NAME=QUANTITY@PRICE; repeatable
    #[arg(short, long, value_name = "NAME=QUANTITY[@PRICE]")]
    pub(crate) trade: Vec<String>,
    /// An order: 'buy NAME QUANTITY @ PRICE'; repeatable
    #[arg(short, long, value_name = "ORDER")]
    pub(crate) order: Vec<String>,
    /// A deposit, or a withdrawal where negative: USDC=-5000; repeatable
    #[arg(long, value_name = "ASSET=AMOUNT")]
    pub(crate) deposit: Vec<String>,
    /// A move of prices: BTC=-10%, or of everything: -10%; repeatable
    #[arg(long = "move", value_name = "[UNDERLYING=]MOVE", allow_hyphen_values = true)]
    pub(crate) moves: Vec<String>,
    /// A move of volatility, relative or in points: BTC=+10%, +5pt; repeatable
    #[arg(long, value_name = "[UNDERLYING=]MOVE", allow_hyphen_values = true)]
    pub(crate) vol: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Files of commands (.jsonl, .ndjson, .toml, .yaml, .json; - is standard input), or folders of them, read by name
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Keep a journal in this folder, and go on from what it holds
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) journal: Option<PathBuf>,
    /// The asset everything is valued in; without it the one that a journal or the first document names, else USD
    #[arg(long, value_name = "ASSET")]
    pub(crate) currency: Option<String>,
    /// Save a snapshot at the end
    #[arg(long, requires = "journal")]
    pub(crate) snapshot: bool,
    /// Save a snapshot whenever so many records were added, on a thread of its own
    #[arg(long, requires = "journal", value_name = "RECORDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) snapshot_every: Option<u64>,
    /// Say nothing of events, only how many there were
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScenarioQuestion {
    /// Tells each story, and again with its protecting rule off, where it must depart
    Run {
        /// Stories (.toml, .yaml, .json)
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Show what happened, step by step
        #[arg(short, long)]
        verbose: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalQuestion {
    /// Every byte checked: checksums, sequences, the chain, snapshots
    Verify {
        /// The journal's folder
        folder: PathBuf,
    },
    /// Every command decided again, and compared byte by byte with what was logged
    Replay {
        /// The journal's folder
        folder: PathBuf,
    },
    /// Events, a line each
    Export {
        /// The journal's folder
        folder: PathBuf,
        /// How
        #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
        format: ExportFormat,
    },
    /// The accounts as the journal leaves them, or one record
    Inspect {
        /// The journal's folder
        folder: PathBuf,
        /// The record
        #[arg(short, long, value_name = "SEQUENCE")]
        event: Option<u64>,
        /// A contract: who would be matched against whom, first to last
        #[arg(short, long, value_name = "NAME", conflicts_with = "event")]
        contract: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object an event
    #[default]
    Json,
    /// One row a movement of cash
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimulateWhat {
    /// Crashes, torn writes, full disks, flipped bits, lost and repeated commands, silent and absurd prices
    Faults(SimulateFaults),
}

#[derive(Debug, Args)]
pub(crate) struct SimulateFaults {
    /// Runs, each of the seed after the one before
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    pub(crate) seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    pub(crate) seed: u64,
    /// Simulated hours of a run
    #[arg(long, default_value = "0.1", value_name = "HOURS")]
    pub(crate) hours: String,
    /// Accounts at the venue
    #[arg(long, default_value_t = 500, value_name = "COUNT")]
    pub(crate) accounts: usize,
    /// Commands of clients in a simulated second
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    pub(crate) rate: u32,
    /// Let nothing go wrong
    #[arg(long)]
    pub(crate) calm: bool,
    /// Plant every known fault, one at a time, and say which promise finds it (needs a build with --features planted)
    #[arg(long)]
    pub(crate) planted: bool,
    /// How to answer
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: SimulateFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SimulateFormat {
    /// For people: what was run, what went wrong by plan, what was looked at
    #[default]
    Table,
    /// Counts, and every broken promise with the line that repeats it
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files of one instant, plain or gzipped: chains in CSV, API responses in JSON (- is standard input)
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The instant to take rows of, where the files hold several or none: 2026-01-05T08:00:00Z
    #[arg(long, value_name = "INSTANT")]
    pub(crate) as_of: Option<String>,
    /// Where to write the document; without it, standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Name every row that was left out, not only how many
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Models {
    /// The model to describe, alone or of a date: NAME@DATE; without it, all are listed
    pub(crate) name: Option<String>,
    /// What its venue changed from one date to another
    #[arg(long, num_args = 2, value_names = ["DATE", "DATE"], requires = "name", conflicts_with = "example")]
    pub(crate) diff: Vec<String>,
    /// A book it margins, as a document in YAML
    #[arg(long, requires = "name")]
    pub(crate) example: bool,
    /// How to answer
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Conformance {
    /// Files of cases, or folders of them (.json)
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// How to answer
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: ConformanceFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConformanceFormat {
    /// For people, with what departs
    #[default]
    Table,
    /// Counts, worst errors and all that departs
    Json,
    /// One line a model
    Csv,
    /// The page docs/conformance.md
    Markdown,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: aligned, rounded to cents
    #[default]
    Table,
    /// Exact decimals as text
    Json,
    /// One header line, exact decimals
    Csv,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    #[default]
    Auto,
    Always,
    Never,
}

/// A figure with a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Figure {
    /// Initial margin: to open or add risk
    #[default]
    Initial,
    /// Maintenance margin: to keep what is open
    Maintenance,
    /// Margin equity at the initial level
    Equity,
    /// Margin equity at the maintenance level
    EquityMaintenance,
    /// What could be withdrawn if nothing were required
    Withdrawable,
    /// Equity with no haircut, weight or credit
    NetValue,
}
