//! The margin request as a document: JSON, YAML or TOML in, a checked market and accounts out.
