"""A method for each operation. Written by clients/generate.py from docs/openapi.json; changes go there."""

from __future__ import annotations

from typing import Any, cast

from . import models


class Operations:
    """Operations of the service, by their names in its description."""

    def call(self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None) -> Any:
        """Sends a request; `kobling_client.Client` says how."""
        raise NotImplementedError

    def alias_proposals(self) -> list[models.ProposalView]:
        """Proposals that wait for a decision."""
        return cast("list[models.ProposalView]", self.call("GET", "/v1/aliases"))

    def propose_alias(self, body: models.AliasRequest) -> None:
        """Propose that two of one's own tokens are one person's."""
        self.call("POST", "/v1/aliases", body=body)

    def alias_packages(self) -> list[models.AliasPackageView]:
        """Packages of which some proposals wait for a decision."""
        return cast("list[models.AliasPackageView]", self.call("GET", "/v1/aliases/packages"))

    def approve_alias_package(self, id_: str) -> models.DecidedView:
        """Approve all that wait of a package; they take effect at the next seal."""
        return cast("models.DecidedView", self.call("POST", f"/v1/aliases/packages/{_place(id_)}/approve"))

    def reject_alias_package(self, id_: str) -> models.DecidedView:
        """Reject all that wait of a package; they are forgotten."""
        return cast("models.DecidedView", self.call("POST", f"/v1/aliases/packages/{_place(id_)}/reject"))

    def approve_alias(self, id_: str) -> None:
        """Approve a proposal; it takes effect at the next seal."""
        self.call("POST", f"/v1/aliases/{_place(id_)}/approve")

    def reject_alias(self, id_: str) -> None:
        """Reject a proposal; it is forgotten."""
        self.call("POST", f"/v1/aliases/{_place(id_)}/reject")

    def answer_log(self, *, before: int | None = None, question: str | None = None, since: str | None = None, until: str | None = None, recipient: str | None = None) -> models.AnswerLogView:
        """Every answer, standing report and statement of payment that was given, newest first."""
        return cast("models.AnswerLogView", self.call("GET", "/v1/answers/log", query={"before": before, "question": question, "since": since, "until": until, "recipient": recipient}))

    def audit(self, *, from_: int | None = None) -> models.AuditView:
        """Verify and read the audit chain."""
        return cast("models.AuditView", self.call("GET", "/v1/audit", query={"from": from_}))

    def strand(self, *, from_: int | None = None) -> models.StrandView:
        """One's own strand of the audit chain: proof that a receipt's head extends an earlier one."""
        return cast("models.StrandView", self.call("GET", "/v1/audit/strand", query={"from": from_}))

    def erasures(self) -> list[models.ErasureView]:
        """Erasures of one's own rows, oldest first."""
        return cast("list[models.ErasureView]", self.call("GET", "/v1/erasures"))

    def followups(self) -> list[models.FollowupView]:
        """The follow-ups that one may ask."""
        return cast("list[models.FollowupView]", self.call("GET", "/v1/followups"))

    def followup_volumes(self) -> list[models.VolumeView]:
        """How much each partner that may ask refers and looks up."""
        return cast("list[models.VolumeView]", self.call("GET", "/v1/followups/volumes"))

    def approve_referrals(self, body: models.ApproveRequest) -> None:
        """Let the held referrals of a partner count, after having asked it about them."""
        self.call("POST", "/v1/followups/volumes", body=body)

    def health(self) -> models.Health:
        """Whether the service answers."""
        return cast("models.Health", self.call("GET", "/v1/health"))

    def packages(self) -> list[models.PackageView]:
        """One's own uploads and packages, oldest first."""
        return cast("list[models.PackageView]", self.call("GET", "/v1/packages"))

    def withdraw_package(self, id_: str) -> models.ReceiptView:
        """Withdraw a package: its staged rows go at once, and the next seal is without it."""
        return cast("models.ReceiptView", self.call("POST", f"/v1/packages/{_place(id_)}/withdraw"))

    def signing_keys(self, id_: str) -> list[models.KeyView]:
        """A partner's signing keys."""
        return cast("list[models.KeyView]", self.call("GET", f"/v1/partners/{_place(id_)}/keys"))

    def enrol_key(self, id_: str, body: models.EnrolRequest) -> None:
        """Enrol a signing key, after both sides have compared its fingerprint."""
        self.call("POST", f"/v1/partners/{_place(id_)}/keys", body=body)

    def revoke_key(self, id_: str, fingerprint: str) -> None:
        """Revoke a signing key. What it signed before stays."""
        self.call("DELETE", f"/v1/partners/{_place(id_)}/keys/{_place(fingerprint)}")

    def statements(self) -> list[models.StatementView]:
        """Every statement of payment made so far for one's own organisation."""
        return cast("list[models.StatementView]", self.call("GET", "/v1/payments"))

    def state_payment(self, id_: str, body: models.StatementRequest) -> models.StatementView:
        """The statement of a payment over a period: the one that was made, or else a new one. It
        is final."""
        return cast("models.StatementView", self.call("POST", f"/v1/payments/{_place(id_)}", body=body))

    def programme(self) -> models.ProgrammeView:
        """The programme definition in force, and the key that receipts verify under."""
        return cast("models.ProgrammeView", self.call("GET", "/v1/programme"))

    def quality(self) -> models.QualityReport:
        """What the manifests of the sealed packages say of rows, protected."""
        return cast("models.QualityReport", self.call("GET", "/v1/quality"))

    def questions(self) -> list[models.QuestionView]:
        """Registered questions."""
        return cast("list[models.QuestionView]", self.call("GET", "/v1/questions"))

    def ask(self, id_: str, body: models.AskRequest) -> models.AnswerView:
        """Ask a registered question. The release ledger is durable before the answer leaves."""
        return cast("models.AnswerView", self.call("POST", f"/v1/questions/{_place(id_)}", body=body))

    def reports(self) -> list[models.ReportView]:
        """Standing reports made for one's own organisation."""
        return cast("list[models.ReportView]", self.call("GET", "/v1/reports"))

    def report(self, id_: str, quarter: str) -> models.AnswerView:
        """A standing report: the answer as it was made."""
        return cast("models.AnswerView", self.call("GET", f"/v1/reports/{_place(id_)}/{_place(quarter)}"))

    def restoration(self) -> models.RestorationAnswer:
        """Whether the service came out of a backup, and what is known to be missing: to a partner
        its own part."""
        return cast("models.RestorationAnswer", self.call("GET", "/v1/restoration"))

    def hand_in_receipts(self, body: models.Receipts) -> models.HandedInView:
        """Hand in the receipts that one holds, after the service came out of a backup: packages
        whose withdrawal they prove are withdrawn again, and the answer says what to send again.
        The same receipts again change nothing."""
        return cast("models.HandedInView", self.call("POST", "/v1/restoration/receipts", body=body))

    def release_restoration(self, body: models.Release) -> models.RestorationView:
        """Let questions be asked again. What is missing still is entered in the audit chain."""
        return cast("models.RestorationView", self.call("POST", "/v1/restoration/release", body=body))

    def seal(self) -> models.SealView:
        """Seal what is in force into a snapshot."""
        return cast("models.SealView", self.call("POST", "/v1/seals"))

    def snapshots(self) -> list[models.SnapshotView]:
        """Sealed snapshots, oldest first."""
        return cast("list[models.SnapshotView]", self.call("GET", "/v1/snapshots"))

    def rotate(self, body: models.Rotation) -> models.Rotated:
        """Make oneself a new token. The one of the request stays good for a while, so that the new
        one can be put where it is needed; when the answer is lost, ask again with the old one."""
        return cast("models.Rotated", self.call("POST", "/v1/token/rotate", body=body))

    def unusual_uploads(self) -> list[models.UnusualView]:
        """Packages that were refused for how many persons they are about, or let in though they
        have grown much."""
        return cast("list[models.UnusualView]", self.call("GET", "/v1/uploads/unusual"))

    def approve_upload(self, id_: str) -> None:
        """Let a refused package in, after having asked its partner about it: when it comes again,
        byte for byte."""
        self.call("POST", f"/v1/uploads/unusual/{_place(id_)}/approve")

    def abort_upload(self, id_: str) -> None:
        """Give an open upload up (tus 1.0, termination)."""
        self.call("DELETE", f"/v1/uploads/{_place(id_)}")

    def upload_receipt(self, id_: str) -> models.ReceiptView:
        """The receipt of a complete upload."""
        return cast("models.ReceiptView", self.call("GET", f"/v1/uploads/{_place(id_)}/receipt"))


def _place(text: object) -> str:
    """A text as part of an address."""
    from urllib.parse import quote

    return quote(str(text), safe="")
