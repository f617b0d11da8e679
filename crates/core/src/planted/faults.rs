//! The list, and the switch.

use std::cell::Cell;
use std::fmt;

thread_local! {
    static ON: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Runs `job` with one fault switched on in this thread, or with none. Afterwards, after a panic too, what was on
/// before is on again.
pub fn with<T>(fault: Option<Fault>, job: impl FnOnce() -> T) -> T {
    struct Before(Option<Fault>);
    impl Drop for Before {
        fn drop(&mut self) {
            ON.set(self.0);
        }
    }
    let _before = Before(ON.replace(fault));
    job()
}

/// Whether `fault` is the one that is switched on in this thread.
#[must_use]
pub fn is_on(fault: Fault) -> bool {
    ON.get() == Some(fault)
}

macro_rules! faults {
    ($($fault:ident $name:literal $about:literal)*) => {
        /// A fault, at one place of the product.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $(#[doc = $about] $fault,)*
        }

        impl Fault {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$fault),*];

            /// Its name: `funding-sign`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$fault => $name,)*
                }
            }

            /// What it does, in a line.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$fault => $about,)*
                }
            }
        }
    };
}

faults! {
    FundingSign "funding-sign" "Shorts pay funding as longs do, and the house's rounding keeps it."
    FlipCost "flip-cost" "A trade through zero takes out of the closed position's cost the share that it is of the trade."
    InterestBackdated "interest-backdated" "What is added to a loan bears interest from when the loan was last charged."
    LastIndex "last-index" "Expiry settles at the last index, not at the window's mean."
    OthersPrincipal "others-principal" "Gains leave out of what other accounts paid in."
    GroupFirst "group-first" "A group's level is found on what its first account holds."
    SurfaceLate "surface-late" "Tables are made without the surface points that came with the prices."
    TierCliff "tier-cliff" "Above the first tier the last rate reached is charged on the whole size."
    OrdersNet "orders-net" "One open order's gain in a scenario counts against another's loss."
    FoldSkips "fold-skips" "A worst-of leaves its first scenario out where nobody asks why."
    CertificateKept "certificate-kept" "Whoever sleeps keeps the certificate after a fill or a payment changed the slack."
    InverseByStrike "inverse-by-strike" "An inverse option's payoff becomes coins at the strike, not at the settlement price."
    OutlierPrice "outlier-price" "The index stays at the median that outliers were still part of."
    UnsyncedFrame "unsynced-frame" "A frame of one record is acknowledged before it is synced; a later sync takes it along."
    TornFrame "torn-frame" "A frame whose header is whole is taken in, whatever its records are."
    AnswersForgotten "answers-forgotten" "Opened from a snapshot, a node forgets its answers, and carries out again what is repeated."
    MatchedAtLimit "matched-at-limit" "What no wave closed is matched at the limit of a wave's orders, not at the mark."
    CoinsKept "coins-kept" "Gains bear a deficit as if the insolvent had nothing of other assets."
    AllTaken "all-taken" "The fund takes all that the solvent have of other assets, whatever it pays for it."
    BudgetAnew "budget-anew" "What the fund lost on others that day counts against none of its budgets."
    BonusWhole "bonus-whole" "Whoever takes over a share of the solvent has the discount of all of it."
    LossesKept "losses-kept" "What neither the fund nor the insolvent pay is left as bad debt, whoever gained by it."
    ClosingKept "closing-kept" "Who is cured keeps the engine's closing orders, and pays the fund for their fills."
    SafestMatched "safest-matched" "Of those in gain, whoever stands safest is matched first."
    PenaltyWhole "penalty-whole" "A part of a closing order pays the fund as all that is left of it would."
    PauseIgnored "pause-ignored" "A tripped breaker that pauses liquidations stops none."
    WithinIgnored "within-ignored" "A breaker lifts inside its bound, however narrow the one it was to come back inside of."
    RateInUnits "rate-in-units" "A withdrawal rate in the currency counts units, whatever they are worth."
    MatchesUncounted "matches-uncounted" "A liquidation rate counts fills of the engine's orders, and not what is matched."
    SetForgets "set-forgets" "A breaker that is set again forgets what happened in its window, and where it is tripped."
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}
