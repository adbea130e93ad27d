//! Aliases: two links that a steward approved as one person.
//!
//! A person gets a CPR number after a replacement number, or a new CPR number. Aliases chain and may form circles:
//! what counts is which links hang together. Numbers stay as they were allotted; an alias lies on top of them.

use rustc_hash::FxHashMap;

use crate::token::Link;

/// An approved alias. No `Debug`: it is a person's handle twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// The link that was in use before.
    pub old: Link,
    /// The link that is in use now.
    pub new: Link,
}

/// Which numbers stand for a person whose older number is another.
///
/// Of the numbers that hang together, the least is the person's: numbers grow from seal to seal, so it is the oldest,
/// and it stays the same when more links join.
#[derive(Clone, Default)]
pub(super) struct Merged(FxHashMap<u32, u32>);

impl Merged {
    /// Which numbers stand for an older one, under `aliases`. A link without a number joins nobody yet, but holds
    /// its neighbours together.
    pub(super) fn of(aliases: &[Alias], number: impl Fn(&Link) -> Option<u32>) -> Merged {
        let mut merged = FxHashMap::default();
        for links in components(aliases) {
            let numbers: Vec<u32> = links.iter().filter_map(&number).collect();
            let Some(oldest) = numbers.iter().copied().min() else { continue };
            merged.extend(numbers.into_iter().filter(|n| *n != oldest).map(|n| (n, oldest)));
        }
        Merged(merged)
    }

    /// The number of the person that `number` stands for.
    pub(super) fn person(&self, number: u32) -> u32 {
        if self.0.is_empty() { number } else { self.0.get(&number).copied().unwrap_or(number) }
    }
}

/// Links that aliases hold together, by person: looked up by any of them. No `Debug`: they are persons' handles.
pub struct Joined {
    groups: Vec<Vec<Link>>,
    of: FxHashMap<Link, usize>,
}

impl Joined {
    /// What some aliases join.
    #[must_use]
    pub fn of(aliases: &[Alias]) -> Joined {
        let groups = components(aliases);
        let links = groups.iter().enumerate();
        let of = links.flat_map(|(at, links)| links.iter().map(move |link| (*link, at))).collect();
        Joined { groups, of }
    }

    /// The links of a link's person, itself included.
    #[must_use]
    pub fn links<'a>(&'a self, link: &'a Link) -> &'a [Link] {
        self.group(link).map_or(std::slice::from_ref(link), |group| &self.groups[group])
    }

    /// Position of a link's group; `None` for a link that no alias names.
    #[must_use]
    pub fn group(&self, link: &Link) -> Option<usize> {
        self.of.get(link).copied()
    }

    /// The groups.
    #[must_use]
    pub fn groups(&self) -> &[Vec<Link>] {
        &self.groups
    }
}

/// The links of each group that hangs together: of one person each.
#[must_use]
pub fn components(aliases: &[Alias]) -> Vec<Vec<Link>> {
    let mut links: Vec<Link> = aliases.iter().flat_map(|alias| [alias.old, alias.new]).collect();
    links.sort_unstable();
    links.dedup();
    let place = |link: &Link| links.binary_search(link).expect("every link of an alias is listed");
    let mut parent: Vec<usize> = (0..links.len()).collect();
    let root = |parent: &mut Vec<usize>, mut at: usize| {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    };
    for alias in aliases {
        let (a, b) = (root(&mut parent, place(&alias.old)), root(&mut parent, place(&alias.new)));
        parent[a.max(b)] = a.min(b);
    }
    let mut groups: Vec<Vec<Link>> = vec![Vec::new(); links.len()];
    for (at, link) in links.iter().enumerate() {
        groups[root(&mut parent, at)].push(*link);
    }
    groups.retain(|group| group.len() > 1);
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(n: u8) -> Link {
        Link::from_stored([n + 1; 16])
    }

    /// Whether two links hang together, by walking from one until nothing new is reached.
    fn reachable(pairs: &[(u8, u8)], from: u8, to: u8) -> bool {
        let mut reached = vec![from];
        while let Some(next) =
            pairs.iter().find_map(|(a, b)| match (reached.contains(a), reached.contains(b)) {
                (true, false) => Some(*b),
                (false, true) => Some(*a),
                _ => None,
            })
        {
            reached.push(next);
        }
        reached.contains(&to)
    }

    proptest! {
        #[test]
        fn two_links_are_one_person_iff_aliases_join_them(
            pairs in prop::collection::vec((0u8..12, 0u8..12), 0..14),
            numbers in Just((1u32..=12).collect::<Vec<_>>()).prop_shuffle(),
            unknown in prop::collection::btree_set(0u8..12, 0..5),
        ) {
            let aliases: Vec<Alias> = pairs.iter().map(|(a, b)| Alias { old: link(*a), new: link(*b) }).collect();
            let number = |l: &Link| {
                let n = l.as_stored()[0] - 1;
                (!unknown.contains(&n)).then(|| numbers[usize::from(n)])
            };
            let merged = Merged::of(&aliases, number);
            let known: Vec<u8> = (0..12).filter(|n| !unknown.contains(n)).collect();
            for &a in &known {
                let group: Vec<u32> = known.iter().filter(|b| reachable(&pairs, a, **b))
                    .map(|b| numbers[usize::from(*b)]).collect();
                let oldest = group.iter().min().copied();
                prop_assert_eq!(Some(merged.person(numbers[usize::from(a)])), oldest);
            }
        }
    }

    #[test]
    fn chains_and_circles_end_at_the_oldest() {
        let alias = |a, b| Alias { old: link(a), new: link(b) };
        let merged = Merged::of(&[alias(2, 1), alias(1, 0), alias(0, 2), alias(5, 5)], |l| {
            Some(u32::from(l.as_stored()[0]) * 10)
        });
        assert_eq!([10, 20, 30, 60, 70].map(|n| merged.person(n)), [10, 10, 10, 60, 70]);
    }
}
