//! The encoding of a requirement's tree, so that a requirement has a hash.
//!
//! A node is its label, its amount and its rule; a rule is a byte that names it, then its fields. A
//! group is written out for every leaf that shares it.

use std::sync::Arc;

use super::{Decode, DecodeError, Encode, length};
use crate::{Decimal, Node, Rule};

/// How many nodes deep a tree may be that is read back: models make about ten, and bytes from
/// elsewhere must not choose how much stack we use.
const DEEPEST: u32 = 64;

const LEAF: u8 = 0;
const SUM: u8 = 1;
const WORST_OF: u8 = 2;
const SCALE: u8 = 3;
const CLAMP: u8 = 4;

impl Encode for Node {
    fn encode(&self, out: &mut Vec<u8>) {
        self.label.encode(out);
        self.amount.encode(out);
        self.rule.encode(out);
    }
}

impl Encode for Rule {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Leaf(origin) => {
                LEAF.encode(out);
                origin.encode(out);
            }
            Self::Sum(of) => {
                SUM.encode(out);
                of.encode(out);
            }
            Self::WorstOf { winner, of } => {
                WORST_OF.encode(out);
                length(*winner).encode(out);
                of.encode(out);
            }
            Self::Scale { by, of } => {
                SCALE.encode(out);
                by.encode(out);
                of.encode(out);
            }
            Self::Clamp { low, high, of } => {
                CLAMP.encode(out);
                low.encode(out);
                high.encode(out);
                of.encode(out);
            }
        }
    }
}

impl Decode for Node {
    /// Reads a tree at most 64 nodes deep. Whether its parts make its total is [`Node::check`]'s.
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        node(bytes, DEEPEST)
    }
}

impl Decode for Rule {
    /// Reads a rule with at most 63 nodes below it, one under the other.
    fn decode(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        rule(bytes, DEEPEST - 1)
    }
}

fn node(bytes: &mut &[u8], depth: u32) -> Result<Node, DecodeError> {
    let depth = depth.checked_sub(1).ok_or(DecodeError::Invalid("a tree of at most 64 nodes deep"))?;
    let label = String::decode(bytes)?.into();
    Ok(Node { label, amount: Decimal::decode(bytes)?, rule: rule(bytes, depth)? })
}

fn rule(bytes: &mut &[u8], depth: u32) -> Result<Rule, DecodeError> {
    Ok(match u8::decode(bytes)? {
        LEAF => Rule::Leaf(Decode::decode(bytes)?),
        SUM => Rule::Sum(nodes(bytes, depth)?.into()),
        WORST_OF => Rule::WorstOf { winner: u32::decode(bytes)? as usize, of: nodes(bytes, depth)?.into() },
        SCALE => Rule::Scale { by: Decimal::decode(bytes)?, of: Arc::new(node(bytes, depth)?) },
        CLAMP => {
            Rule::Clamp { low: Decode::decode(bytes)?, high: Decode::decode(bytes)?, of: Arc::new(node(bytes, depth)?) }
        }
        _ => return Err(DecodeError::Invalid("a rule")),
    })
}

fn nodes(bytes: &mut &[u8], depth: u32) -> Result<Vec<Node>, DecodeError> {
    let count = u32::decode(bytes)?;
    (0..count).map(|_| node(bytes, depth)).collect()
}
