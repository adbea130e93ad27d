//! The quality report of an extract: what it says of known files, held against an oracle that reads row by row, and that
//! no value of a file is in any form of it.

mod canaries;
mod known;
mod made;
mod page;
mod properties;
