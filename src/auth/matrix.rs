//! The matrix of roles and actions, read from `matrix.txt`.

use std::fmt;
use std::sync::OnceLock;

use super::Role;

const TEXT: &str = include_str!("matrix.txt");

/// What a principal may ask the service to do: a closed set. What an action means for *whose* data is decided where it
/// is done; a partner's actions concern its own organisation only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Read the programme definition.
    ReadProgramme,
    /// Read the list of registered questions.
    ReadQuestions,
    /// Open, continue, complete and give up own uploads, and read their receipts.
    Upload,
    /// List own packages, and erasures of own rows.
    ReadOwnPackages,
    /// Withdraw an own package.
    WithdrawPackage,
    /// Record consent events over own rows.
    RecordConsents,
    /// Read what is held of one person from oneself.
    ReadPerson,
    /// Propose that two own tokens are one person's.
    ProposeAlias,
    /// See such proposals, and approve or reject them.
    ApproveAlias,
    /// Read the own strand of the audit chain.
    ReadOwnStrand,
    /// Enrol and revoke partners' signing keys.
    ManageKeys,
    /// Seal a snapshot.
    Seal,
    /// List snapshots.
    ReadSnapshots,
    /// Ask a registered question: a payer those that are registered for payers.
    Ask,
    /// Read standing reports.
    ReadReports,
    /// Have a payment stated, and read the statements made.
    StatePayment,
    /// Ask what became of one's own referrals.
    FollowUp,
    /// See how much is referred and looked up, and let held referrals count.
    ReviewFollowups,
    /// See which packages are unusual, and let refused ones in.
    ReviewUploads,
    /// Read the log of answers.
    ReadAnswers,
    /// Read the quality report.
    ReadQuality,
    /// Read the audit chain.
    ReadAudit,
    /// Have a new token made in place of one's own.
    RotateToken,
}

impl Action {
    /// All of them, in the order of the matrix's lines.
    pub const ALL: [Action; 23] = [
        Action::ReadProgramme,
        Action::ReadQuestions,
        Action::Upload,
        Action::ReadOwnPackages,
        Action::WithdrawPackage,
        Action::RecordConsents,
        Action::ReadPerson,
        Action::ProposeAlias,
        Action::ApproveAlias,
        Action::ReadOwnStrand,
        Action::ManageKeys,
        Action::Seal,
        Action::ReadSnapshots,
        Action::Ask,
        Action::ReadReports,
        Action::StatePayment,
        Action::FollowUp,
        Action::ReviewFollowups,
        Action::ReviewUploads,
        Action::ReadAnswers,
        Action::ReadQuality,
        Action::ReadAudit,
        Action::RotateToken,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::ReadProgramme => "read-programme",
            Action::ReadQuestions => "read-questions",
            Action::Upload => "upload",
            Action::ReadOwnPackages => "read-own-packages",
            Action::WithdrawPackage => "withdraw-package",
            Action::RecordConsents => "record-consents",
            Action::ReadPerson => "read-person",
            Action::ProposeAlias => "propose-alias",
            Action::ApproveAlias => "approve-alias",
            Action::ReadOwnStrand => "read-own-strand",
            Action::ManageKeys => "manage-keys",
            Action::Seal => "seal",
            Action::ReadSnapshots => "read-snapshots",
            Action::Ask => "ask",
            Action::ReadReports => "read-reports",
            Action::StatePayment => "state-payment",
            Action::FollowUp => "follow-up",
            Action::ReviewFollowups => "review-followups",
            Action::ReviewUploads => "review-uploads",
            Action::ReadAnswers => "read-answers",
            Action::ReadQuality => "read-quality",
            Action::ReadAudit => "read-audit",
            Action::RotateToken => "rotate-token",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Grants, by action and role.
type Grants = [[bool; Role::ALL.len()]; Action::ALL.len()];

/// Reads the matrix. It has to name every role and every action exactly once, in order.
fn parse(text: &str) -> Result<Grants, String> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let head: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    let expected: Vec<&str> =
        std::iter::once("action").chain(Role::ALL.iter().map(|role| role.as_str())).collect();
    if head != expected {
        return Err(format!("the columns are {head:?} and should be {expected:?}"));
    }
    let mut grants = [[false; Role::ALL.len()]; Action::ALL.len()];
    for (action, row) in Action::ALL.iter().zip(&mut grants) {
        let cells: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
        let [name, cells @ ..] = &cells[..] else { return Err(format!("no line for {action}")) };
        if *name != action.as_str() || cells.len() != row.len() {
            return Err(format!("a line for {action} with {} cells is expected, not {name}", row.len()));
        }
        for (cell, grant) in cells.iter().zip(row) {
            *grant = match *cell {
                "x" => true,
                "." => false,
                other => return Err(format!("{action}: a cell is `x` or `.`, not `{other}`")),
            };
        }
    }
    match lines.next() {
        Some(line) => Err(format!("a line too many: {line}")),
        None => Ok(grants),
    }
}

/// Whether the matrix grants an action to a role.
#[must_use]
pub fn authorise(role: Role, action: Action) -> bool {
    static GRANTS: OnceLock<Grants> = OnceLock::new();
    let grants = GRANTS.get_or_init(|| parse(TEXT).expect("a test reads the matrix that is built in"));
    let column = Role::ALL.iter().position(|r| *r == role).expect("every role is listed");
    let row = Action::ALL.iter().position(|a| *a == action).expect("every action is listed");
    grants[row][column]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_that_is_built_in_is_whole() {
        parse(TEXT).unwrap_or_else(|e| panic!("{e}"));
    }

    #[test]
    fn promises_that_no_edit_of_the_matrix_may_break() {
        for role in Role::ALL {
            // Rows, consents and uploads are the partners' alone; answers the evaluators'; the chain the auditor's.
            assert_eq!(authorise(role, Action::Upload), role == Role::Partner);
            assert_eq!(authorise(role, Action::RecordConsents), role == Role::Partner);
            assert_eq!(authorise(role, Action::Ask), matches!(role, Role::Evaluator | Role::Payer));
            assert_eq!(authorise(role, Action::StatePayment), role == Role::Payer);
            assert_eq!(authorise(role, Action::FollowUp), role == Role::Partner);
            assert_eq!(authorise(role, Action::ReviewFollowups), role == Role::Steward);
            assert_eq!(authorise(role, Action::ReviewUploads), role == Role::Steward);
            assert_eq!(authorise(role, Action::ReadAudit), role == Role::Auditor);
            // Who proposes does not approve, and the operator reads no answer and seals nothing.
            assert!(!(authorise(role, Action::ProposeAlias) && authorise(role, Action::ApproveAlias)));
        }
        for action in [Action::Seal, Action::Ask, Action::ReadQuality, Action::ManageKeys] {
            assert!(!authorise(Role::Operator, action));
            assert!(!authorise(Role::Partner, action));
        }
    }

    #[test]
    fn a_matrix_with_a_slip_is_refused() {
        assert!(parse(&TEXT.replace("read-audit ", "read-audio ")).is_err());
        assert!(parse(&TEXT.replacen(" x ", " y ", 1)).is_err());
        assert!(parse(&TEXT.replace("evaluator payer", "payer evaluator")).is_err());
        assert!(parse(&format!("{TEXT}extra x x x x x x\n")).is_err());
        let short: Vec<&str> = TEXT.lines().filter(|line| !line.starts_with("seal")).collect();
        assert!(parse(&short.join("\n")).is_err());
    }
}
