//! The words of margining: exact prices, quantities and amounts, portfolios, and explained requirements.
