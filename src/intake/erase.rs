//! A staged file written anew without rows that are erased.

use std::fs::File;
use std::io;
use std::path::Path;

use super::staged::{Body, Frame, FrameInfo, Layout, bound_name, read_frames};
use crate::clock::Day;
use crate::programme::{Dataset, Role};
use crate::token::Link;
use crate::vault::{FrameFile, FrameSink as _, Vault};

/// What is to be erased of a staged file.
pub struct StagedErasure<'a> {
    /// Whether a person's row of this day may stay.
    pub stays: &'a dyn Fn(&Link, Day) -> bool,
    /// Whether nothing of a person stays, so that the rows of others do not name them either.
    pub gone: &'a dyn Fn(&Link) -> bool,
    /// The first day whose rows stay, whoever's they are.
    pub from: Option<Day>,
}

/// Where the columns stand that erasure looks at.
struct Columns {
    layout: Layout,
    person: Option<usize>,
    related: Option<usize>,
    date: Option<usize>,
}

/// What becomes of a row.
enum Fate {
    Stays,
    /// Without its related person.
    Unrelated,
    /// It goes, and it stays known whose it was.
    Withheld(Link),
    /// It goes.
    Past,
}

impl Columns {
    fn of(dataset: &Dataset) -> Columns {
        Columns {
            layout: Layout::of(dataset),
            person: dataset.position(|role| matches!(role, Role::Person)),
            related: dataset.position(|role| matches!(role, Role::RelatedPerson)),
            date: dataset.position(|role| matches!(role, Role::Date)),
        }
    }

    fn fate(&self, row: &[u8], erasure: &StagedErasure<'_>) -> Fate {
        let link = |column: Option<usize>| column.and_then(|column| self.layout.link(row, column));
        let day = self.date.map(|column| self.layout.day(row, column));
        if let Some((person, day)) = link(self.person).zip(day)
            && !(erasure.stays)(&person, day)
        {
            return Fate::Withheld(person);
        }
        if day.zip(erasure.from).is_some_and(|(day, from)| day < from) {
            return Fate::Past;
        }
        match link(self.related) {
            Some(related) if (erasure.gone)(&related) => Fate::Unrelated,
            _ => Fate::Stays,
        }
    }

    /// The frame without what goes; `lost` is told of each row that is withheld.
    fn rewrite(
        &self,
        (info, body): (FrameInfo, Body<'_>),
        erasure: &StagedErasure<'_>,
        lost: &mut dyn FnMut(&Link),
    ) -> (Vec<u8>, FrameInfo) {
        let mut frame = Frame::in_place_of(&info);
        body.withheld().for_each(|link| frame.withhold(link));
        for row in body.rows.chunks_exact(self.layout.width()) {
            match self.fate(row, erasure) {
                Fate::Stays => frame.keep(row),
                Fate::Past => {}
                Fate::Withheld(link) => {
                    lost(&link);
                    frame.withhold(link);
                }
                Fate::Unrelated => {
                    let mut row = row.to_vec();
                    let at = self.related.expect("a related person was found in it");
                    row[self.layout.place(at)].fill(0);
                    frame.keep(&row);
                }
            }
        }
        frame.finish()
    }
}

/// Writes the staged file at `path` anew at `out`, without what is erased; durable when it returns. Returns the rows that
/// are left, or `None`, and nothing at `out`, when all of them stay. `lost` is told of each row that goes by an order.
///
/// # Errors
/// I/O errors.
pub fn erase_staged(
    vault: &Vault,
    (path, out): (&Path, &Path),
    dataset: &Dataset,
    erasure: &StagedErasure<'_>,
    lost: &mut dyn FnMut(&Link),
) -> io::Result<Option<u64>> {
    let columns = Columns::of(dataset);
    let width = columns.layout.width();
    let mut all_stay = true;
    read_frames(vault, path, &columns.layout, |_, body| {
        let mut rows = body.rows.chunks_exact(width);
        all_stay &= rows.all(|row| matches!(columns.fate(row, erasure), Fate::Stays));
        Ok::<_, io::Error>(())
    })?;
    if all_stay {
        return Ok(None);
    }
    let mut file = FrameFile::create(vault, out, &bound_name(out))?;
    let mut left = 0;
    read_frames(vault, path, &columns.layout, |info, body| {
        let (bytes, info) = columns.rewrite((info, body), erasure, lost);
        left += u64::from(info.rows);
        file.put(&bytes)
    })?;
    file.sync_all()?;
    if let Some(folder) = out.parent().filter(|_| cfg!(unix)) {
        File::open(folder)?.sync_all()?;
    }
    Ok(Some(left))
}

/// Gives every person and related person that rows of a staged file name to `each`.
///
/// # Errors
/// I/O errors.
pub fn named_in(
    vault: &Vault,
    path: &Path,
    dataset: &Dataset,
    each: &mut dyn FnMut(&Link),
) -> io::Result<()> {
    let columns = Columns::of(dataset);
    let links = [columns.person, columns.related];
    read_frames(vault, path, &columns.layout, |_, body| {
        for row in body.rows.chunks_exact(columns.layout.width()) {
            let named = links.iter().flatten().filter_map(|column| columns.layout.link(row, *column));
            named.for_each(|link| each(&link));
        }
        Ok(())
    })
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::intake::staged::{Value, open_for_append};
    use crate::programme::Programme;

    /// Person, related person, day; 0 is absent.
    type Row = (u8, u8, i32);

    fn link(n: u8) -> Option<Link> {
        (n != 0).then(|| Link::from_stored([n; 16]))
    }

    fn dataset() -> Dataset {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        Programme::parse(text).unwrap_or_else(|e| panic!("{e}")).datasets[0].clone()
    }

    /// Position of a block, its rows as sent, and who is withheld.
    type Read = (u32, u32, Vec<u8>);

    fn read(vault: &Vault, path: &Path, dataset: &Dataset) -> (Vec<Row>, Vec<Read>) {
        let columns = Columns::of(dataset);
        let (mut rows, mut frames) = (Vec::new(), Vec::new());
        let number = |link: Option<Link>| link.map_or(0, |link| link.as_stored()[0]);
        read_frames(vault, path, &columns.layout, |info, body| {
            for row in body.rows.chunks_exact(columns.layout.width()) {
                let of = |column: Option<usize>| number(columns.layout.link(row, column.expect("a column")));
                let day = columns.layout.day(row, columns.date.expect("a date")).days();
                rows.push((of(columns.person), of(columns.related), day));
            }
            let withheld = body.withheld().map(|link| link.as_stored()[0]).collect();
            frames.push((info.index, info.read, withheld));
            Ok::<_, io::Error>(())
        })
        .expect("read");
        (rows, frames)
    }

    proptest! {
        #[test]
        fn the_rows_left_are_those_that_may_stay_and_whoever_lost_one_is_withheld(
            blocks in prop::collection::vec(prop::collection::vec((0u8..6, 0u8..6, 0i32..20), 0..8), 1..4),
            until in prop::collection::vec(prop::option::of(0i32..20), 6),
            from in prop::option::of(0i32..10),
        ) {
            let dataset = dataset();
            let dir = tempfile::tempdir().expect("a folder");
            let (path, out) = (dir.path().join("a"), dir.path().join("b"));
            let vault = Vault::throwaway();
            let (mut file, _) = open_for_append(&vault, &path, &Layout::of(&dataset)).expect("opened");
            for (index, rows) in (0u32..).zip(&blocks) {
                let mut frame = Frame::new(index, &[index as u8; 32]);
                for (person, related, day) in rows {
                    for column in &dataset.columns {
                        frame.push(match column.role {
                            Role::Person => Value::Link(link(*person)),
                            Role::RelatedPerson => Value::Link(link(*related)),
                            Role::Case | Role::Staff => Value::Link(link(200)),
                            Role::Date => Value::Day(Day::from_days(*day)),
                            Role::Category { .. } => Value::Code(1),
                            Role::Measure(_) => Value::Measure(5),
                        });
                    }
                    frame.end_row();
                }
                file.put(&frame.finish().0).expect("written");
            }
            // A person's rows stay up to a day: none at all for 0.
            let limit = |person: u8| until[usize::from(person)];
            let stays = |person: u8, day: i32| limit(person).is_none_or(|limit| day < limit);
            let erasure = StagedErasure {
                stays: &|link, day| stays(link.as_stored()[0], day.days()),
                gone: &|link| limit(link.as_stored()[0]) == Some(0),
                from: from.map(Day::from_days),
            };
            let mut lost = Vec::new();
            let left = erase_staged(&vault, (&path, &out), &dataset, &erasure, &mut |link| lost.push(link.as_stored()[0]))
                .expect("rewritten");
            let goes = |row: &Row| row.0 != 0 && !stays(row.0, row.2);
            let wanted: Vec<Row> = blocks.iter().flatten()
                .filter(|row| !goes(row) && from.is_none_or(|from| row.2 >= from))
                .map(|row| (row.0, if row.1 != 0 && limit(row.1) == Some(0) { 0 } else { row.1 }, row.2))
                .collect();
            let before: Vec<Row> = blocks.iter().flatten().copied().collect();
            prop_assert_eq!(left.is_none(), wanted == before);
            prop_assert_eq!(out.exists(), left.is_some());
            if let Some(left) = left {
                let (rows, frames) = read(&vault, &out, &dataset);
                prop_assert_eq!(left, wanted.len() as u64);
                prop_assert_eq!(&rows, &wanted);
                for (block, (index, read, withheld)) in blocks.iter().zip(&frames) {
                    let mut who: Vec<u8> = block.iter().filter(|row| goes(row)).map(|row| row.0).collect();
                    who.sort_unstable();
                    who.dedup();
                    prop_assert_eq!(withheld, &who);
                    prop_assert_eq!(*read as usize, block.len(), "the block that it stands for is as long as before");
                    prop_assert!(frames[*index as usize].0 == *index);
                }
                let all: Vec<u8> = before.iter().filter(|row| goes(row)).map(|row| row.0).collect();
                prop_assert_eq!(lost, all);
                // A second time there is nothing left to do.
                let again = erase_staged(&vault, (&out, &path), &dataset, &erasure, &mut |_| ()).expect("read");
                prop_assert_eq!(again, None);
                let mut named = Vec::new();
                named_in(&vault, &out, &dataset, &mut |link| named.push(link.as_stored()[0])).expect("read");
                prop_assert!(named.iter().all(|n| rows.iter().any(|row| row.0 == *n || row.1 == *n)));
            }
        }
    }
}
