//! Why nobody was signed in: a closed set. What the operator needs is logged with it; what a person sees names no claim.

/// Why nobody was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The provider does not answer, or answers nonsense.
    #[error("the identity provider cannot be reached, or answers what is not understood")]
    Unreachable,
    /// The provider that answers is not the one that was configured.
    #[error("the identity provider calls itself by another name than the one that is configured")]
    OtherIssuer,
    /// The way back does not fit the way there: no cookie, another state, another browser, too late, a second time.
    #[error("this sign-in was not begun in this browser, was begun too long ago, or was used already")]
    NotBegun,
    /// The provider said no.
    #[error("the identity provider did not sign you in")]
    Declined,
    /// The provider did not take the code.
    #[error("the identity provider did not accept the sign-in's code")]
    Code,
    /// A signature that cannot be believed: none, by an algorithm that is not allowed, by an unknown key, or a wrong one.
    #[error("what the identity provider sent is not signed by it")]
    Signature,
    /// An ID token for somebody else, of another sign-in, or of another time.
    #[error("what the identity provider sent is not for this sign-in")]
    Claims,
    /// The token expired or is not good yet.
    #[error("what the identity provider sent is from another time; one of the two clocks is wrong")]
    Clock,
    /// A claim that the id or the name is read from is missing, or is none.
    #[error("the identity provider does not say who you are in a form that is taken here")]
    NoId,
    /// No rule gives a role.
    #[error("nothing that the identity provider says of you gives you a role here")]
    NoRole,
    /// Rules give several roles.
    #[error("what the identity provider says of you gives you several roles here, and a person has one")]
    SeveralRoles,
    /// The principal is revoked.
    #[error("your access was revoked")]
    Revoked,
    /// The id is another principal's.
    #[error("the name that the identity provider gives you is another principal's here")]
    Taken,
    /// The service itself failed.
    #[error("the service could not do this")]
    Internal,
}

impl SignInError {
    /// All of them.
    pub const ALL: [SignInError; 14] = [
        SignInError::Unreachable,
        SignInError::OtherIssuer,
        SignInError::NotBegun,
        SignInError::Declined,
        SignInError::Code,
        SignInError::Signature,
        SignInError::Claims,
        SignInError::Clock,
        SignInError::NoId,
        SignInError::NoRole,
        SignInError::SeveralRoles,
        SignInError::Revoked,
        SignInError::Taken,
        SignInError::Internal,
    ];

    /// The code: stays the same over versions.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            SignInError::Unreachable => "provider-unreachable",
            SignInError::OtherIssuer => "provider-issuer",
            SignInError::NotBegun => "provider-not-begun",
            SignInError::Declined => "provider-declined",
            SignInError::Code => "provider-code",
            SignInError::Signature => "provider-signature",
            SignInError::Claims => "provider-claims",
            SignInError::Clock => "provider-clock",
            SignInError::NoId => "provider-no-id",
            SignInError::NoRole => "provider-no-role",
            SignInError::SeveralRoles => "provider-several-roles",
            SignInError::Revoked => "provider-revoked",
            SignInError::Taken => "provider-taken",
            SignInError::Internal => "provider-internal",
        }
    }

    /// The one of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<SignInError> {
        SignInError::ALL.into_iter().find(|error| error.code() == code)
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            SignInError::Unreachable => "try again in a while; who has a token can sign in with it meanwhile",
            SignInError::OtherIssuer | SignInError::Signature | SignInError::Claims | SignInError::Code => {
                "try once more; if it stays, tell the operator the code below"
            }
            SignInError::NotBegun => "begin again from this page",
            SignInError::Declined => "begin again, or ask whoever runs the identity provider",
            SignInError::Clock => "tell the operator to compare the service's clock with the provider's",
            SignInError::NoId | SignInError::NoRole | SignInError::SeveralRoles => {
                "ask the operator which groups give which role, and whoever runs the identity provider to put you in one"
            }
            SignInError::Revoked => {
                "ask the steward; a revoked access does not come back under the same name"
            }
            SignInError::Taken => "ask the operator: one of the two has to have another name",
            SignInError::Internal => "try again; if it stays, tell the operator",
        }
    }
}
