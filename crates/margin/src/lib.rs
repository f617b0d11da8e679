//! How much collateral a portfolio needs, and why: scenarios, risk tables, equity, margin models.
