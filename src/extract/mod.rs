//! The partner's side: read an extract, check it, tokenise it, shuffle it, pack it.
//!
//! Plain identities exist only in here, row by row, in memory. Must never: write one to disk, show one in a message,
//! let the order of the package tell the order of the extract, or know anything of a server. Callers: the partner's
//! commands, and the demo.

pub mod manifest;
