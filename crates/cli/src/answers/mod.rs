//! The questions a desk is asked: one file each, with its table, its JSON and its CSV.

pub(crate) mod compare;
pub(crate) mod explain;
pub(crate) mod greeks;
pub(crate) mod liquidation;
pub(crate) mod margin;
pub(crate) mod matrix;
pub(crate) mod whatif;

use plimsoll::margin::level::State;

use crate::color::Tone;

/// How a state looks.
pub(crate) const fn tone_of(state: State) -> Tone {
    match state {
        State::Healthy => Tone::Good,
        State::Restricted | State::Called => Tone::Warn,
        State::Liquidating | State::Bankrupt => Tone::Worst,
    }
}
