//! `explain`: a figure as the tree it was computed by.

use clap::ValueEnum;
use plimsoll::{Margin, Node};
use serde_json::json;

use crate::answer::{Csv, ask, remark, title};
use crate::args::{Explain as Asked, Figure, Format};
use crate::engine;
use crate::input;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::tree::{self, Fold};

/// Answers `plimsoll explain`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    if let Some(sequence) = asked.event {
        return engine::explain::run(asked, sequence, screen);
    }
    let desk = input::open(&asked.asked, screen)?;
    let judges = desk.judges();
    let answers = ask(&desk, screen, |place, _| judges.margin(place).map(|margin| tree_of(margin, asked.level)));
    let figure = name(asked.level);
    let text = match asked.asked.format {
        Format::Table => {
            let mut out = String::new();
            let fold = Fold { depth: asked.depth.unwrap_or(usize::MAX - 1), all: asked.all };
            for (place, (entry, node)) in answers.given.iter().enumerate() {
                out.push_str(if place > 0 { "\n" } else { "" });
                title(&desk, entry, &entry.model, &mut out);
                out.push_str("\n\n");
                tree::render(node, desk.market().currency().as_str(), fold, &mut out);
            }
            if !asked.all {
                out.push('\n');
                remark(
                    "▶ decides. --all shows what lost and every small part; --format json the whole tree.",
                    &mut out,
                );
            }
            out
        }
        Format::Json => answers.json(|_, node| json!({"figure": figure, "tree": tree::json_of(node)})),
        Format::Csv => {
            let mut csv = Csv::new(tree::COLUMNS);
            answers.given.iter().for_each(|(entry, node)| tree::rows(&entry.id, &figure, node, &mut csv));
            csv.into_text()
        }
    };
    answers.finish(&text, asked.asked.format, screen)
}

/// The word of the command line for a figure.
pub(crate) fn name(figure: Figure) -> String {
    figure.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The tree of a figure.
pub(crate) fn tree_of(margin: Margin, figure: Figure) -> Node {
    match figure {
        Figure::Initial => margin.requirement.initial,
        Figure::Maintenance => margin.requirement.maintenance,
        Figure::Equity => margin.equity.initial,
        Figure::EquityMaintenance => margin.equity.maintenance,
        Figure::Withdrawable => margin.equity.withdrawable,
        Figure::NetValue => margin.equity.net_value,
    }
}
