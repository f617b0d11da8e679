//! What a contract is and what it is worth: instruments, market snapshots and formulas.
