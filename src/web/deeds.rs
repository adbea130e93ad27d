//! What was done, in words.

use crate::audit::Deed;
use crate::language::Language;

/// A deed in words, to whoever reads the chain.
pub(super) const fn words(deed: Deed, l: Language) -> &'static str {
    let (da, en) = match deed {
        Deed::ServiceInitialised => ("Datamappen blev lavet", "The data folder was made"),
        Deed::ProgrammeAdopted => ("Programmet trådte i kraft", "The programme came into force"),
        Deed::PrincipalAdded => ("En adgang blev givet", "A principal was added"),
        Deed::PrincipalRevoked => ("En adgang blev spærret", "A principal was revoked"),
        Deed::PrincipalChanged => ("En person fik en anden rolle", "A person was given another role"),
        Deed::SignedIn => ("En person loggede ind", "A person signed in"),
        Deed::TokenRotated => ("Et token blev skiftet ud", "A token was replaced by a new one"),
        Deed::TokenRevoked => ("Et token blev spærret", "A token was revoked"),
        Deed::CertificateBound => {
            ("En adgang blev bundet til et klientcertifikat", "A principal was bound to a client certificate")
        }
        Deed::CertificateUnbound => (
            "En adgang blev løst fra et klientcertifikat",
            "A principal was no longer bound to a client certificate",
        ),
        Deed::KeyEnrolled => ("En underskriftsnøgle blev registreret", "A signing key was enrolled"),
        Deed::KeyRevoked => ("En underskriftsnøgle blev spærret", "A signing key was revoked"),
        Deed::UploadOpened => ("En pakke blev påbegyndt", "A package was begun"),
        Deed::UploadCompleted => ("En pakke blev modtaget hel", "A package was received whole"),
        Deed::UploadAborted => ("En afsendelse blev opgivet", "An upload was given up"),
        Deed::UploadExpired => ("En afsendelse udløb", "An upload expired"),
        Deed::UploadRefused => (
            "En pakke blev afvist: antallet af personer var usædvanligt",
            "A package was refused: its number of persons was unusual",
        ),
        Deed::UploadApproved => {
            ("Styregruppen godkendte en afvist pakke", "The steward let in a package that was refused")
        }
        Deed::PackageWithdrawn => ("En pakke blev taget tilbage", "A package was withdrawn"),
        Deed::ConsentsRecorded => ("Samtykker blev registreret", "Consents were recorded"),
        Deed::ConsentsShown => (
            "En partner så, hvad den har registreret om en person",
            "A partner saw what it recorded of a person",
        ),
        Deed::AccessGiven => (
            "En partner så alt, hvad der holdes fra den om en person",
            "A partner saw everything that is held of a person from it",
        ),
        Deed::ConsentsRead => (
            "En partner spurgte, hvad dens samtykker tillod",
            "A partner asked what its consent records permitted",
        ),
        Deed::ErasureOpened => ("En sletning begyndte", "An erasure began"),
        Deed::ErasureDone => ("En sletning blev færdig", "An erasure was done"),
        Deed::SnapshotErased => ("Et øjebliksbillede blev skrevet om", "A snapshot was written anew"),
        Deed::RetentionApplied => {
            ("Det, hvis opbevaring er slut, blev fjernet", "What was kept for its time was removed")
        }
        Deed::AliasProposed => ("Nye numre blev foreslået", "New numbers were proposed"),
        Deed::AliasApproved => ("Nye numre blev godkendt", "New numbers were approved"),
        Deed::AliasRejected => ("Nye numre blev afvist", "New numbers were rejected"),
        Deed::Sealed => ("Der blev forseglet", "A snapshot was sealed"),
        Deed::Answered => ("Et spørgsmål blev besvaret", "A question was answered"),
        Deed::ReportRead => ("En fast rapport blev læst", "A standing report was read"),
        Deed::PaymentStated => ("En betaling blev opgjort", "A payment was stated"),
        Deed::PaymentRead => ("En opgørelse blev læst igen", "A statement was read again"),
        Deed::PaymentsListed => ("Opgørelser blev vist", "Statements were listed"),
        Deed::FollowedUp => {
            ("En partner spurgte til sine egne henvisninger", "A partner asked about its own referrals")
        }
        Deed::ReferralsApproved => {
            ("Styregruppen lod tilbageholdte henvisninger gælde", "The steward let held referrals count")
        }
        Deed::QualityRead => ("Kvalitetsrapporten blev læst", "The quality report was read"),
        Deed::AnswersRead => ("Svarloggen blev læst", "The log of answers was read"),
        Deed::AuditRead => ("Revisionskæden blev læst", "The audit chain was read"),
    };
    l.choose(da, en)
}

/// A deed in words, to the partner whose trail it stands in.
pub(super) const fn to_partner(deed: Deed, l: Language) -> &'static str {
    match deed {
        Deed::ConsentsShown => {
            l.choose("I så, hvad I har registreret om en person", "You saw what you recorded of a person")
        }
        Deed::AccessGiven => l.choose(
            "I så alt, hvad der holdes fra jer om en person",
            "You saw everything that is held of a person from you",
        ),
        Deed::ConsentsRead => l.choose(
            "I spurgte, hvad jeres samtykker tillod",
            "You asked what your consent records permitted",
        ),
        Deed::FollowedUp => {
            l.choose("I spurgte til jeres egne henvisninger", "You asked about your own referrals")
        }
        _ => words(deed, l),
    }
}
