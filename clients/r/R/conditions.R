# Refusals as classed conditions: tryCatch(…, kobling_no_snapshot = function(refused) …).

by_code <- c(
  "no-snapshot" = "kobling_no_snapshot", "statement-not-due" = "kobling_statement_not_due",
  "statement-overlaps" = "kobling_statement_overlaps", "followup-quota" = "kobling_quota_spent",
  "disk-full" = "kobling_disk_full"
)
by_status <- c(
  "401" = "kobling_unauthenticated", "403" = "kobling_forbidden", "404" = "kobling_not_found", "409" = "kobling_conflict",
  "410" = "kobling_gone", "423" = "kobling_try_later", "429" = "kobling_try_later", "503" = "kobling_try_later"
)

condition_of <- function(classes, message, ...) {
  structure(class = c(classes, "kobling_error", "error", "condition"), list(message = message, call = NULL, ...))
}

stop_kobling <- function(class, message) stop(condition_of(setdiff(class, "kobling_error"), message))

# The condition for an answer that is none of success (RFC 9457).
refusal <- function(status, type, text, retry_after = NULL) {
  problem <- if (grepl("^application/problem\\+json", if (is.na(type)) "" else type)) {
    tryCatch(jsonlite::fromJSON(text), error = function(error) NULL)
  }
  if (is.null(problem) || is.null(problem$code)) {
    return(condition_of(
      "kobling_not_from_service", paste0("status ", status, ", and no problem as the service gives it: is this the right address?")
    ))
  }
  other <- if (status >= 500) "kobling_service_fault" else "kobling_invalid"
  wide <- by_status[as.character(status)]
  wide <- if (is.na(wide)) other else unname(wide)
  narrow <- by_code[problem$code]
  classes <- unique(c(if (!is.na(narrow)) unname(narrow), wide, "kobling_refused"))
  seconds <- suppressWarnings(as.numeric(retry_after))
  condition_of(
    classes, paste0(problem$title, "; ", problem$advice),
    code = problem$code, status = status, title = problem$title, advice = problem$advice, title_da = problem$da$title,
    advice_da = problem$da$advice, retry_after = if (length(seconds) == 1 && !is.na(seconds)) seconds
  )
}
