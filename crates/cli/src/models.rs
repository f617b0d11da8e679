//! What does not need a document: models, the schema, completions, the manual page.

use clap::CommandFactory;
use plimsoll::margin::level::Policy;
use plimsoll::margin::models::{Model, NAMES, by_name};
use plimsoll::margin::parameters::{Dated, Field};
use serde_json::{Value, json};

use crate::answer::{Csv, pretty, remark};
use crate::args::{Arguments, Format, Models as Asked};
use crate::color::Tone;
use crate::figures::quantity;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;
use crate::table::{Cell, Table, text};

/// Answers `plimsoll models`.
pub(crate) fn run(asked: &Asked, screen: &Screen) -> Result<Outcome, Failure> {
    let Some(name) = &asked.name else {
        screen.print(&list(asked.format))?;
        return Ok(Outcome::Answered);
    };
    if name == Policy::NAME {
        if asked.example || !asked.diff.is_empty() {
            return Err(Failure::usage(format!("{name} is no model: it has no dates and no example")));
        }
        screen.print(&describe(name, POLICY_PAGE, &[], &Policy::default().fields(), asked.format))?;
        return Ok(Outcome::Answered);
    }
    let open = |name: &str| by_name(name).map_err(|error| Failure::usage(format!("{error}, {}", Policy::NAME)));
    let mut model = open(name)?;
    if asked.example {
        screen.print_plain(model.about().example)?;
        return Ok(Outcome::Answered);
    }
    let text = match asked.diff.as_slice() {
        [from, to] => {
            let of = |date: &str| open(&format!("{}@{date}", model.name()));
            difference(of(from)?.as_mut(), from, of(to)?.as_mut(), to, asked.format)
        }
        _ => describe(name, model.about().page, model.about().sets, &model.fields(), asked.format),
    };
    screen.print(&text)?;
    Ok(Outcome::Answered)
}

/// The parameters in which two dates differ; none is said in so many words.
fn difference(before: &mut dyn Model, from: &str, after: &mut dyn Model, to: &str, format: Format) -> String {
    let values = |model: &mut dyn Model| model.fields().iter().flat_map(Field::values).collect::<Vec<_>>();
    let (name, before, after) = (before.name(), values(before), values(after));
    let of = |all: &[(String, String)], name: &str| {
        let named = all.iter().find(|(known, _)| known == name);
        // What is not named has the value of its field.
        let named =
            named.or_else(|| all.iter().find(|(known, _)| name.split_once('.').is_some_and(|(of, _)| of == known)));
        named.map_or_else(String::new, |(_, value)| value.clone())
    };
    let mut changes: Vec<(&str, String, String)> = Vec::new();
    for (parameter, _) in before.iter().chain(&after) {
        let (old, new) = (of(&before, parameter), of(&after, parameter));
        if old != new && !changes.iter().any(|(known, ..)| known == parameter) {
            changes.push((parameter, old, new));
        }
    }
    match format {
        Format::Table => {
            let mut out = String::new();
            if changes.is_empty() {
                remark(&format!("{name} has the same parameters on {from} and on {to}."), &mut out);
                return out;
            }
            let mut table = Table::new([text("parameter"), text(from), text(to)]);
            for (parameter, old, new) in &changes {
                let old = Cell::new(old, Tone::Quiet);
                table.row([Cell::new(parameter, Tone::Strong), old, new.as_str().into()]);
            }
            table.render(&mut out);
            out
        }
        Format::Json => {
            let shown = changes.iter().map(|(name, old, new)| json!({"parameter": name, "from": old, "to": new}));
            pretty(&json!({"name": name, "from": from, "to": to, "changes": shown.collect::<Vec<_>>()}))
        }
        Format::Csv => {
            let mut csv = Csv::new(["parameter", "from", "to"]);
            changes.iter().for_each(|(name, old, new)| csv.row([name, old.as_str(), new.as_str()]));
            csv.into_text()
        }
    }
}

const POLICY_PAGE: &str = "# policy: where the lines between initial and maintenance margin are

Not a model: the shares of (initial − maintenance) at which an account may still fill an order, is called, and stops
being liquidated, and the share of maintenance at which the backstop takes over. Changed under `parameters.policy`.
";

fn list(format: Format) -> String {
    let models: Vec<Box<dyn Model>> = NAMES.iter().filter_map(|name| by_name(name).ok()).collect();
    match format {
        Format::Table => {
            let mut out = String::new();
            let mut table = Table::new([text("model"), text("what it is"), text("")]);
            for (place, model) in models.iter().enumerate() {
                let note = Cell::new(if place == 0 { "default" } else { "" }, Tone::Quiet);
                table.row([Cell::new(model.name(), Tone::Strong), summary(model.about().page).into(), note]);
            }
            table.row([Cell::new(Policy::NAME, Tone::Strong), summary(POLICY_PAGE).into(), "".into()]);
            table.render(&mut out);
            out.push('\n');
            remark("One model's page and parameters: plimsoll models NAME", &mut out);
            out
        }
        Format::Json => {
            let shown =
                models.iter().map(|model| json!({"name": model.name(), "summary": summary(model.about().page)}));
            pretty(&json!({"models": shown.collect::<Vec<_>>(), "default": NAMES[0]}))
        }
        Format::Csv => {
            let mut csv = Csv::new(["name", "summary"]);
            models.iter().for_each(|model| csv.row([model.name(), summary(model.about().page)]));
            csv.into_text()
        }
    }
}

/// The first line of a page, after its name.
fn summary(page: &str) -> &str {
    let line = page.lines().next().unwrap_or_default();
    line.split_once(": ").map_or(line, |(_, summary)| summary)
}

fn describe(name: &str, page: &str, sets: &[Dated], fields: &[Field<'_>], format: Format) -> String {
    match format {
        Format::Table => {
            let mut out = page.trim_end().to_owned();
            out.push_str("\n\n");
            let mut table =
                Table::new([text("parameter"), text("value"), text("unit"), text("from … to"), text("what it does")]);
            for field in fields {
                for (place, (name, value)) in field.values().into_iter().enumerate() {
                    let first = |text: String| if place == 0 { Cell::new(text, Tone::Quiet) } else { "".into() };
                    let bounds = format!("{} … {}", quantity(field.low), quantity(field.high));
                    table.row([
                        Cell::new(name, if place == 0 { Tone::Strong } else { Tone::Plain }),
                        value.as_str().into(),
                        first(field.unit.to_owned()),
                        first(bounds),
                        first(field.about.to_owned()),
                    ]);
                }
            }
            table.render(&mut out);
            out.push('\n');
            for set in sets {
                remark(&format!("Parameters of {}: {}.", set.date, set.read), &mut out);
            }
            remark(
                &format!("Changed in a document under parameters.{name}, or with --set {name}.PARAMETER=VALUE."),
                &mut out,
            );
            out
        }
        Format::Json => {
            let parameters = fields.iter().map(|field| {
                let values = field.values().into_iter().map(|(name, value)| (name, json!(value)));
                json!({
                    "name": field.name, "unit": field.unit, "about": field.about,
                    "low": field.low.to_string(), "high": field.high.to_string(),
                    "values": Value::Object(values.collect()),
                })
            });
            let sets = sets.iter().map(|set| json!({"date": set.date, "read": set.read}));
            pretty(&json!({
                "name": name, "page": page, "sets": sets.collect::<Vec<_>>(),
                "parameters": parameters.collect::<Vec<_>>(),
            }))
        }
        Format::Csv => {
            let mut csv = Csv::new(["parameter", "value", "unit", "low", "high", "about"]);
            for field in fields {
                for (name, value) in field.values() {
                    let (low, high) = (field.low.to_string(), field.high.to_string());
                    csv.row([name, value, field.unit.to_owned(), low, high, field.about.to_owned()]);
                }
            }
            csv.into_text()
        }
    }
}

/// Answers `plimsoll schema`.
pub(crate) fn schema(screen: &Screen) -> Result<Outcome, Failure> {
    screen.print_plain(plimsoll::document::schema())?;
    Ok(Outcome::Answered)
}

/// Answers `plimsoll completions`.
pub(crate) fn completions(shell: clap_complete::Shell, screen: &Screen) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "plimsoll", &mut script);
    screen.print_plain(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Answered)
}

/// Answers `plimsoll man`: one page for the command and all it can do.
pub(crate) fn man(screen: &Screen) -> Result<Outcome, Failure> {
    let mut page = Vec::new();
    let command = Arguments::command();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for command in command.get_subcommands() {
        let man = clap_mangen::Man::new(command.clone().display_name(format!("plimsoll-{}", command.get_name())));
        man.render_name_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    screen.print_plain(&String::from_utf8_lossy(&page))?;
    Ok(Outcome::Answered)
}
