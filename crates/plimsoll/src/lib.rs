//! A cross-margin risk engine for crypto derivatives: one name to depend on.
