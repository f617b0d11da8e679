//! The numbers of `derive-standard`.

use plimsoll_core::Decimal;

use crate::parameters::{ByName, Field, field};

/// Every number of the model, under the venue's names; those by name are by market, `ETH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandardParameters {
    /// Margin of a perpetual, of its mark: maintenance and initial.
    pub mm_perp_req: ByName<Decimal>,
    /// Initial.
    pub im_perp_req: ByName<Decimal>,
    /// Share of a base asset's value that counts; a market not named takes none.
    pub base_margin_factor: ByName<Decimal>,
    /// Share of that at the initial level.
    pub base_im_scale: ByName<Decimal>,
    /// Below this confidence perpetuals cost more initially.
    pub oc_perp_threshold: ByName<Decimal>,
    /// And short options.
    pub oc_option_threshold: ByName<Decimal>,
    /// And base assets.
    pub oc_base_threshold: ByName<Decimal>,
    /// Share of the size per unit of doubt.
    pub oc_factor: ByName<Decimal>,
    /// Margin of a short option at the money, of the index, initial;
    pub max_spot_req: ByName<Decimal>,
    /// it falls with its distance to no less than this.
    pub min_spot_req: ByName<Decimal>,
    /// Of a short call, maintenance.
    pub mm_call_spot_req: ByName<Decimal>,
    /// Of a short put, maintenance,
    pub mm_put_spot_req: ByName<Decimal>,
    /// at least this share of its mark.
    pub mm_put_mtm_req: ByName<Decimal>,
    /// On the forward, of calls short beyond the long: initial.
    pub unpaired_im_scale: ByName<Decimal>,
    /// Maintenance.
    pub unpaired_mm_scale: ByName<Decimal>,
    /// A short put's initial margin is at least its maintenance margin × this.
    pub mm_offset_scale: ByName<Decimal>,
    /// Below this price of the stablecoin sizes cost more initially,
    pub depeg_threshold: Decimal,
    /// by this much of the index per unit.
    pub depeg_factor: Decimal,
}

impl Default for StandardParameters {
    fn default() -> Self {
        let same = |thousandths| ByName::new(Decimal::new(thousandths, 3), []);
        let thousandths = |count| Decimal::new(count, 3);
        Self {
            mm_perp_req: ByName::new(thousandths(67), [("BTC", thousandths(65)), ("ETH", thousandths(65))]),
            im_perp_req: same(100),
            base_margin_factor: ByName::new(
                Decimal::ZERO,
                [
                    ("BTC", thousandths(750)),
                    ("ETH", thousandths(800)),
                    ("USDT", thousandths(980)),
                    ("DAI", thousandths(925)),
                ],
            ),
            base_im_scale: ByName::new(
                thousandths(937),
                [
                    ("BTC", thousandths(930)),
                    ("ETH", Decimal::new(9_375, 4)),
                    ("USDT", thousandths(980)),
                    ("DAI", thousandths(920)),
                ],
            ),
            oc_perp_threshold: same(550),
            oc_option_threshold: same(550),
            oc_base_threshold: same(550),
            oc_factor: same(1_000),
            max_spot_req: same(150),
            min_spot_req: same(130),
            mm_call_spot_req: same(90),
            mm_put_spot_req: same(90),
            mm_put_mtm_req: same(90),
            unpaired_im_scale: same(1_200),
            unpaired_mm_scale: same(1_100),
            mm_offset_scale: same(1_050),
            depeg_threshold: thousandths(990),
            depeg_factor: Decimal::from_int(2),
        }
    }
}

impl StandardParameters {
    /// Every parameter, in the order they are explained.
    pub(super) fn fields(&mut self) -> Vec<Field<'_>> {
        let p = self;
        vec![
            field("mm_perp_req", "share of mark", "of a perpetual, maintenance", 0, 100, &mut p.mm_perp_req),
            field("im_perp_req", "share of mark", "of a perpetual, initial", 0, 100, &mut p.im_perp_req),
            field("base_margin_factor", "share", "of a base asset's value", 0, 100, &mut p.base_margin_factor),
            field("base_im_scale", "share", "of that, initially", 0, 100, &mut p.base_im_scale),
            field("oc_perp_threshold", "confidence", "perpetuals cost more below", 0, 100, &mut p.oc_perp_threshold),
            field("oc_option_threshold", "confidence", "shorts cost more below", 0, 100, &mut p.oc_option_threshold),
            field("oc_base_threshold", "confidence", "base counts less below", 0, 100, &mut p.oc_base_threshold),
            field("oc_factor", "share", "of a size, per unit lacking", 0, 100, &mut p.oc_factor),
            field("max_spot_req", "share of index", "of a short at the money", 0, 120, &mut p.max_spot_req),
            field("min_spot_req", "share of index", "of a short far from it", 0, 120, &mut p.min_spot_req),
            field("mm_call_spot_req", "share of index", "of a short call", 0, 100, &mut p.mm_call_spot_req),
            field("mm_put_spot_req", "share of index", "of a short put", 0, 100, &mut p.mm_put_spot_req),
            field("mm_put_mtm_req", "share of mark", "of a short put, at least", 0, 100, &mut p.mm_put_mtm_req),
            field("unpaired_im_scale", "factor", "on the forward, initial", 100, 300, &mut p.unpaired_im_scale),
            field("unpaired_mm_scale", "factor", "on the forward, maintenance", 100, 300, &mut p.unpaired_mm_scale),
            field("mm_offset_scale", "factor", "on a put's maintenance", 100, 300, &mut p.mm_offset_scale),
            field("depeg_threshold", "price", "sizes cost more below", 0, 100, &mut p.depeg_threshold),
            field("depeg_factor", "share of index", "per unit of price", 0, 300, &mut p.depeg_factor),
        ]
    }
}
