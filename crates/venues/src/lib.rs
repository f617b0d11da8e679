//! Venues' payloads, symbols and files, one folder a venue.
