//! `scenario run`: stories from files, each told as it stands and with its protecting rule off.

use std::path::Path;

use plimsoll::DocumentErrors;
use plimsoll::document::{Format, Value, parse};
use plimsoll::story::{Rule, StoryError, Told, has_rule, tell};

use super::story;
use crate::args::ScenarioQuestion;
use crate::color::Tone;
use crate::input;
use crate::outcome::{Failure, Outcome};
use crate::screen::Screen;

/// Answers `plimsoll scenario`.
pub(crate) fn run(question: &ScenarioQuestion, screen: &Screen) -> Result<Outcome, Failure> {
    let ScenarioQuestion::Run { files, verbose } = question;
    let (mut out, mut departed, mut wrong) = (String::new(), 0_usize, Vec::new());
    for file in files {
        match one(file, *verbose, &mut out) {
            Ok(goes) => departed += usize::from(!goes),
            Err(failure) => wrong.push(failure),
        }
    }
    let told = files.len() - wrong.len();
    Tone::Quiet.paint(&format!("{told} stories, {departed} of them not as they say\n"), &mut out);
    screen.print(&out)?;
    // What is no story keeps no other from being told.
    if let Some(last) = wrong.pop() {
        for failure in &wrong {
            let _ = failure.report(screen);
        }
        return Err(last);
    }
    Ok(if departed == 0 { Outcome::Answered } else { Outcome::Partly })
}

/// Whether a story goes as it says, and departs without its rule.
fn one(path: &Path, verbose: bool, out: &mut String) -> Result<bool, Failure> {
    let (name, bytes) = input::bytes(path)?;
    let value = read(&name, &bytes)?;
    let opening = match value.get("opening").and_then(Value::scalar) {
        None => None,
        Some(beside) => Some(input::bytes(&path.with_file_name(beside))?),
    };
    let opening = opening.as_ref().map(|(name, bytes)| read(name, bytes)).transpose()?;
    let parts: Vec<&Value<'_>> = opening.iter().chain([&value]).collect();
    let told = |rule| tell(&parts, rule, |_| {});
    let on = told(Rule::On);
    if let Err(error @ (StoryError::Story(_) | StoryError::Line { .. })) = &on {
        // That is no story, whatever it tells.
        return Err(Failure::usage(format!("{name}: {error}")));
    }
    let mut goes = said(&name, &on, verbose, out);
    if has_rule(&value) {
        let (tone, text) = match told(Rule::Off) {
            Err(error @ StoryError::Departs { .. }) => (Tone::Good, format!("without its rule: {error}")),
            Err(error) => (Tone::Bad, format!("without its rule: {error}")),
            Ok(_) => (Tone::Bad, "without its rule: the same; expected that it departs".to_owned()),
        };
        goes &= tone == Tone::Good;
        out.push_str("    ");
        tone.paint(&text, out);
        out.push('\n');
    }
    Ok(goes)
}

fn said(name: &str, told: &Result<Told, StoryError>, verbose: bool, out: &mut String) -> bool {
    match told {
        Ok(told) => {
            if verbose {
                story::shown(told, out);
            }
            let held: usize = told.steps.iter().map(|step| step.held).sum();
            Tone::Good.paint("ok  ", out);
            out.push_str(&format!(
                "{}: {} steps, {held} figures and outcomes as they should be\n",
                told.title,
                told.steps.len()
            ));
            true
        }
        Err(error) => {
            Tone::Bad.paint(&format!("{name}: {error}"), out);
            out.push('\n');
            false
        }
    }
}

fn read<'d>(name: &str, bytes: &'d [u8]) -> Result<Value<'d>, Failure> {
    let format = Format::of_file(name).unwrap_or(Format::Toml);
    parse(bytes, format).map_err(|mut error| {
        error.path = format!("{name}: {}", error.path);
        DocumentErrors::from(error).into()
    })
}
