//! Test numbers: CPR numbers of persons who do not exist, published so that health systems can be tried out.
//!
//! Sources: MedCom, "Nationale test-CPR-numre" (medcom.dk, Standarder, Tabeller; revised 2016 to 2024), as retyped in the
//! data set `test_cpr` of the package cprr (CRAN) and in the examples of HL7 Denmark's DK Core; and the number of Nancy
//! Ann Berggren before that list. All are public and no living person's. The list is not exhaustive: MedCom revises it,
//! and other test systems have numbers of their own.

/// The numbers, ascending.
const TEST_NUMBERS: [&[u8; 10]; 39] = [
    b"0104909989",
    b"0104909995",
    b"0107729995",
    b"0108589995",
    b"0108629996",
    b"0201609995",
    b"0201609996",
    b"0201919990",
    b"0201919995",
    b"0201919996",
    b"0211223989",
    b"0212159995",
    b"0504909989",
    b"0504909995",
    b"0505059996",
    b"0505109990",
    b"0505159995",
    b"0505209996",
    b"0505239996",
    b"0506889996",
    b"1007059995",
    b"1110109996",
    b"1306249995",
    b"1306249996",
    b"1310169995",
    b"1310169996",
    b"1502779995",
    b"1502799995",
    b"1502829995",
    b"1509819996",
    b"2103009996",
    b"2311143995",
    b"2509479989",
    // Before MedCom's list.
    b"2512484916",
    b"2512489996",
    b"2911829996",
    b"3001749995",
    b"3101229995",
    b"3103979995",
];

/// Whether a canonical number is a published test number.
pub(super) fn is_test_number(text: &[u8; 10]) -> bool {
    // All have a 9 in the eighth place: nine of ten numbers need no look at the list.
    text[7] == b'9' && TEST_NUMBERS.binary_search(&text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::{IdKind, Identifier, LeadingZero, Modulus};
    use super::*;
    use crate::clock::Day;

    #[test]
    fn every_test_number_is_a_well_formed_cpr_number_and_found() {
        assert!(TEST_NUMBERS.windows(2).all(|pair| pair[0] < pair[1]), "ascending, each once");
        let today = Day::from_ymd(2026, 1, 1).expect("a day");
        for number in TEST_NUMBERS {
            let Ok(id) = Identifier::parse(number, today, LeadingZero::Refuse) else { panic!("refused") };
            assert_eq!(id.kind(), IdKind::Cpr);
            assert!(id.is_test_number());
            // MedCom's own word: they do not fulfil modulus 11. The older one does.
            let passes = id.modulus() == Some(Modulus::Passes);
            assert_eq!(passes, number == b"2512484916");
        }
        for other in [b"0707614285", b"2512489997", b"0104909996"] {
            assert!(!is_test_number(other));
        }
    }
}
