//! This crate's own files: `roadmap` writes them into a learner's workspace, where cargo and Python find them.

/// Path below the crate's folder, and content.
pub const SOURCES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
