# A function for each operation. Written by clients/generate.py from docs/openapi.json; changes go there.

#' Proposals that wait for a decision.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_alias_proposals <- function(client) {
  call_service(client, "GET", "/v1/aliases")
}

#' Propose that two of one's own tokens are one person's.
#'
#' @param client What `kobling_client()` made.
#' @param body A list with the members of `AliasRequest` (docs/openapi.json).
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_propose_alias <- function(client, body) {
  call_service(client, "POST", "/v1/aliases", body = body)
}

#' Packages of which some proposals wait for a decision.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_alias_packages <- function(client) {
  call_service(client, "GET", "/v1/aliases/packages")
}

#' Approve all that wait of a package; they take effect at the next seal.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_approve_alias_package <- function(client, id) {
  call_service(client, "POST", paste0("/v1/aliases/packages/", place(id), "/approve"))
}

#' Reject all that wait of a package; they are forgotten.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_reject_alias_package <- function(client, id) {
  call_service(client, "POST", paste0("/v1/aliases/packages/", place(id), "/reject"))
}

#' Approve a proposal; it takes effect at the next seal.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_approve_alias <- function(client, id) {
  call_service(client, "POST", paste0("/v1/aliases/", place(id), "/approve"))
}

#' Reject a proposal; it is forgotten.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_reject_alias <- function(client, id) {
  call_service(client, "POST", paste0("/v1/aliases/", place(id), "/reject"))
}

#' Every answer, standing report and statement of payment that was given, newest first.
#'
#' @param client What `kobling_client()` made.
#' @param before What the list is narrowed to.
#' @param question What the list is narrowed to.
#' @param since What the list is narrowed to.
#' @param until What the list is narrowed to.
#' @param recipient What the list is narrowed to.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_answer_log <- function(client, before = NULL, question = NULL, since = NULL, until = NULL, recipient = NULL) {
  call_service(client, "GET", "/v1/answers/log", query = list(before = before, question = question, since = since, until = until, recipient = recipient))
}

#' Verify and read the audit chain.
#'
#' @param client What `kobling_client()` made.
#' @param from What the list is narrowed to.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_audit <- function(client, from = NULL) {
  call_service(client, "GET", "/v1/audit", query = list(from = from))
}

#' One's own strand of the audit chain: proof that a receipt's head extends an earlier one.
#'
#' @param client What `kobling_client()` made.
#' @param from What the list is narrowed to.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_strand <- function(client, from = NULL) {
  call_service(client, "GET", "/v1/audit/strand", query = list(from = from))
}

#' Erasures of one's own rows, oldest first.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_erasures <- function(client) {
  call_service(client, "GET", "/v1/erasures")
}

#' The follow-ups that one may ask.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_followups <- function(client) {
  call_service(client, "GET", "/v1/followups")
}

#' How much each partner that may ask refers and looks up.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_followup_volumes <- function(client) {
  call_service(client, "GET", "/v1/followups/volumes")
}

#' Let the held referrals of a partner count, after having asked it about them.
#'
#' @param client What `kobling_client()` made.
#' @param body A list with the members of `ApproveRequest` (docs/openapi.json).
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_approve_referrals <- function(client, body) {
  call_service(client, "POST", "/v1/followups/volumes", body = body)
}

#' Whether the service answers.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_health <- function(client) {
  call_service(client, "GET", "/v1/health")
}

#' One's own uploads and packages, oldest first.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_packages <- function(client) {
  call_service(client, "GET", "/v1/packages")
}

#' Withdraw a package: its staged rows go at once, and the next seal is without it.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_withdraw_package <- function(client, id) {
  call_service(client, "POST", paste0("/v1/packages/", place(id), "/withdraw"))
}

#' A partner's signing keys.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_signing_keys <- function(client, id) {
  call_service(client, "GET", paste0("/v1/partners/", place(id), "/keys"))
}

#' Enrol a signing key, after both sides have compared its fingerprint.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @param body A list with the members of `EnrolRequest` (docs/openapi.json).
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_enrol_key <- function(client, id, body) {
  call_service(client, "POST", paste0("/v1/partners/", place(id), "/keys"), body = body)
}

#' Revoke a signing key. What it signed before stays.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @param fingerprint Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_revoke_key <- function(client, id, fingerprint) {
  call_service(client, "DELETE", paste0("/v1/partners/", place(id), "/keys/", place(fingerprint)))
}

#' Every statement of payment made so far for one's own organisation.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_statements <- function(client) {
  call_service(client, "GET", "/v1/payments")
}

#' The statement of a payment over a period: the one that was made, or else a new one. It is final.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @param body A list with the members of `StatementRequest` (docs/openapi.json).
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_state_payment <- function(client, id, body) {
  call_service(client, "POST", paste0("/v1/payments/", place(id)), body = body)
}

#' The programme definition in force, and the key that receipts verify under.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_programme <- function(client) {
  call_service(client, "GET", "/v1/programme")
}

#' What the manifests of the sealed packages say of rows, protected.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_quality <- function(client) {
  call_service(client, "GET", "/v1/quality")
}

#' Registered questions.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_questions <- function(client) {
  call_service(client, "GET", "/v1/questions")
}

#' Ask a registered question. The release ledger is durable before the answer leaves.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @param body A list with the members of `AskRequest` (docs/openapi.json).
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_ask <- function(client, id, body) {
  call_service(client, "POST", paste0("/v1/questions/", place(id)), body = body)
}

#' Standing reports made for one's own organisation.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_reports <- function(client) {
  call_service(client, "GET", "/v1/reports")
}

#' A standing report: the answer as it was made.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @param quarter Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_report <- function(client, id, quarter) {
  call_service(client, "GET", paste0("/v1/reports/", place(id), "/", place(quarter)))
}

#' Whether the service came out of a backup, and what is known to be missing: to a partner its own
#' part.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_restoration <- function(client) {
  call_service(client, "GET", "/v1/restoration")
}

#' Hand in the receipts that one holds, after the service came out of a backup: packages whose
#' withdrawal they prove are withdrawn again, and the answer says what to send again. The same
#' receipts again change nothing.
#'
#' @param client What `kobling_client()` made.
#' @param body A list with the members of `Receipts` (docs/openapi.json).
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_hand_in_receipts <- function(client, body) {
  call_service(client, "POST", "/v1/restoration/receipts", body = body)
}

#' Let questions be asked again. What is missing still is entered in the audit chain.
#'
#' @param client What `kobling_client()` made.
#' @param body A list with the members of `Release` (docs/openapi.json).
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_release_restoration <- function(client, body) {
  call_service(client, "POST", "/v1/restoration/release", body = body)
}

#' Seal what is in force into a snapshot.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_seal <- function(client) {
  call_service(client, "POST", "/v1/seals")
}

#' Sealed snapshots, oldest first.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_snapshots <- function(client) {
  call_service(client, "GET", "/v1/snapshots")
}

#' Make oneself a new token. The one of the request stays good for a while, so that the new one can
#' be put where it is needed; when the answer is lost, ask again with the old one.
#'
#' @param client What `kobling_client()` made.
#' @param body A list with the members of `Rotation` (docs/openapi.json).
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_rotate <- function(client, body) {
  call_service(client, "POST", "/v1/token/rotate", body = body)
}

#' Packages that were refused for how many persons they are about, or let in though they have grown
#' much.
#'
#' @param client What `kobling_client()` made.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_unusual_uploads <- function(client) {
  call_service(client, "GET", "/v1/uploads/unusual")
}

#' Let a refused package in, after having asked its partner about it: when it comes again, byte for
#' byte.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_approve_upload <- function(client, id) {
  call_service(client, "POST", paste0("/v1/uploads/unusual/", place(id), "/approve"))
}

#' Give an open upload up (tus 1.0, termination).
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_abort_upload <- function(client, id) {
  call_service(client, "DELETE", paste0("/v1/uploads/", place(id)))
}

#' The receipt of a complete upload.
#'
#' @param client What `kobling_client()` made.
#' @param id Part of the address.
#' @return The answer as R reads JSON, or NULL where there is none.
#' @export
kobling_upload_receipt <- function(client, id) {
  call_service(client, "GET", paste0("/v1/uploads/", place(id), "/receipt"))
}
