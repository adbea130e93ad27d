//! Where a command's answer goes.

use std::io::{self, Write};

/// Where the parts of an answer go.
pub(super) trait Outlet {
    /// What is said.
    fn say(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// What goes into the file that was asked for.
    fn file(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Whether a file was asked for.
    fn has_file(&self) -> bool;
    /// Makes the file durable under its name; it is there when this returns.
    fn keep(&mut self) -> io::Result<()>;
    /// How far it has come, for whoever watches.
    fn progress(&mut self, done: u64, of: u64) -> io::Result<()>;
}

/// A command's answer: written to like standard output.
pub(crate) struct Answer<'a>(&'a mut dyn Outlet);

impl<'a> Answer<'a> {
    pub(super) fn to(outlet: &'a mut dyn Outlet) -> Answer<'a> {
        Answer(outlet)
    }

    /// Whether a file was asked for.
    pub(crate) fn has_file(&self) -> bool {
        self.0.has_file()
    }

    /// What is written to it goes into the file that was asked for.
    pub(crate) fn file(&mut self) -> AnswerFile<'_> {
        AnswerFile(self.0)
    }

    /// Makes the file durable under its name: what follows from its being there can be recorded then.
    pub(crate) fn keep(&mut self) -> io::Result<()> {
        self.0.keep()
    }

    /// Tells whoever watches how far it has come.
    pub(crate) fn progress(&mut self, done: u64, of: u64) -> io::Result<()> {
        self.0.progress(done, of)
    }
}

impl Write for Answer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.say(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file that was asked for.
pub(crate) struct AnswerFile<'a>(&'a mut dyn Outlet);

impl Write for AnswerFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.file(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
