//! Thrift's compact protocol, read only to see that nothing claims to be larger than it can be.
//!
//! The reader of Parquet makes room for what a file says of itself before it sees whether it is there.

use super::error::TableFault;

/// Elements of a list or map.
const MAX_ELEMENTS: u64 = 1 << 17;
/// Structures within structures. Parquet goes seven deep.
const MAX_DEPTH: usize = 16;

/// Walks over a structure.
pub(super) struct Walk<'a, F> {
    rest: &'a [u8],
    /// Hears the whole numbers of the structure (their field, 0) and of the structures in it (field of the outer, field
    /// of the inner).
    hear: F,
}

impl<'a, F: FnMut(u64, u64, i64)> Walk<'a, F> {
    pub fn new(bytes: &'a [u8], hear: F) -> Walk<'a, F> {
        Walk { rest: bytes, hear }
    }

    /// Walks over one structure; says how many bytes are left behind it.
    pub fn structure(mut self) -> Result<usize, TableFault> {
        self.fields(&mut Vec::new())?;
        Ok(self.rest.len())
    }

    fn byte(&mut self) -> Result<u8, TableFault> {
        let (first, rest) = self.rest.split_first().ok_or(TableFault::Damaged)?;
        self.rest = rest;
        Ok(*first)
    }

    fn skip(&mut self, length: u64) -> Result<(), TableFault> {
        let length = usize::try_from(length).map_err(|_| TableFault::Damaged)?;
        self.rest = self.rest.get(length..).ok_or(TableFault::Damaged)?;
        Ok(())
    }

    fn number(&mut self) -> Result<u64, TableFault> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(TableFault::Damaged)
    }

    fn signed(&mut self) -> Result<i64, TableFault> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn fields(&mut self, path: &mut Vec<u64>) -> Result<(), TableFault> {
        if path.len() > MAX_DEPTH {
            return Err(TableFault::Damaged);
        }
        let mut id = 0;
        loop {
            let head = self.byte()?;
            let kind = head & 0x0F;
            if kind == 0 {
                return Ok(());
            }
            id = match head >> 4 {
                0 => u64::try_from(self.signed()?).map_err(|_| TableFault::Damaged)?,
                delta => id + u64::from(delta),
            };
            path.push(id);
            // A truth value of a field is in its kind.
            if !matches!(kind, 1 | 2) {
                self.value(kind, path)?;
            }
            path.pop();
        }
    }

    fn value(&mut self, kind: u8, path: &mut Vec<u64>) -> Result<(), TableFault> {
        match kind {
            1..=3 => self.skip(1),
            4..=6 => {
                let number = self.signed()?;
                match **path {
                    [outer] => (self.hear)(outer, 0, number),
                    [outer, inner] => (self.hear)(outer, inner, number),
                    _ => {}
                }
                Ok(())
            }
            7 => self.skip(8),
            8 => {
                let length = self.number()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let size = if head >> 4 == 15 { self.number()? } else { u64::from(head >> 4) };
                self.elements(size, &[head & 0x0F], path)
            }
            11 => {
                let size = self.number()?;
                if size == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                self.elements(size, &[kinds >> 4, kinds & 0x0F], path)
            }
            12 => self.fields(path),
            13 => self.skip(16),
            _ => Err(TableFault::Damaged),
        }
    }

    fn elements(&mut self, size: u64, kinds: &[u8], path: &mut Vec<u64>) -> Result<(), TableFault> {
        if size > MAX_ELEMENTS {
            return Err(TableFault::Large);
        }
        // Elements count as deeper than what a caller hears.
        path.extend([0, 0]);
        for _ in 0..size {
            for kind in kinds {
                self.value(*kind, path)?;
            }
        }
        path.truncate(path.len() - 2);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Heard = Vec<(u64, u64, i64)>;

    fn walk(bytes: &[u8]) -> Result<(Heard, usize), TableFault> {
        let mut heard = Vec::new();
        let left = Walk::new(bytes, |outer, inner, number| heard.push((outer, inner, number))).structure()?;
        Ok((heard, left))
    }

    #[test]
    fn whole_numbers_are_heard_with_their_fields() {
        // 1: i32 -1; 3: struct { 2: i32 300 }; 4: list of two binaries; 5: true; stop; one byte more.
        let bytes =
            [0x15, 0x01, 0x2C, 0x25, 0xD8, 0x04, 0x00, 0x19, 0x28, 0x01, b'a', 0x00, 0x11, 0x00, 0x77];
        assert_eq!(walk(&bytes), Ok((vec![(1, 0, -1), (3, 2, 300)], 1)));
    }

    #[test]
    fn claims_are_no_room() {
        assert_eq!(walk(&[0x19, 0xF8, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x00]), Err(TableFault::Large));
        assert_eq!(walk(&[0x18, 0x05, 0x00]), Err(TableFault::Damaged));
        assert_eq!(walk(&[0x1C; 64]), Err(TableFault::Damaged));
        assert_eq!(walk(&[]), Err(TableFault::Damaged));
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_fall(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = walk(&bytes);
        }
    }
}
