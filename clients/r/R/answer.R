# Answers as they were served: kept byte for byte, verified, and read as data frames.

#' Asks a question and keeps the answer
#'
#' @param client What `kobling_client()` made.
#' @param question Its id, as `kobling_questions()` lists it.
#' @param period Whole quarters: `"2022-Q1..2022-Q4"`.
#' @param by Dimensions.
#' @param population A population, or nothing for all.
#' @param file Where the answer is kept as it came; nothing keeps it nowhere.
#' @return The answer's text, verified, for `kobling_records()`.
#' @export
kobling_answer <- function(client, question, period, by = character(), population = NULL, file = NULL) {
  body <- list(by = I(by), period = period)
  if (!is.null(population)) body$population <- population
  text <- fetch_service(client, "POST", paste0("/v1/questions/", place(question)), body = body)
  kobling_verify(text)
  if (!is.null(file)) {
    connection <- file(file, "wb")
    on.exit(close(connection))
    writeBin(charToRaw(text), connection)
  }
  text
}

#' Recomputes the SHA-256 that an answer carries
#'
#' It is over the text without that member, which is the last. An answer laid out anew is for `kobling ask --verify`.
#'
#' @param text The answer as it was served.
#' @return The digest, invisibly; a condition `kobling_changed` where it differs.
#' @export
kobling_verify <- function(text) {
  tail <- regmatches(text, regexpr(",\"sha256\":\"[0-9a-f]{64}\"\\}[[:space:]]*$", text))
  if (length(tail) != 1) stop_kobling("kobling_changed", "the answer is not laid out as it was served")
  said <- sub(".*\"([0-9a-f]{64})\".*", "\\1", tail)
  bytes <- charToRaw(text)
  kept <- c(bytes[seq_len(length(bytes) - nchar(tail, type = "bytes"))], charToRaw("}"))
  found <- sha256(kept)
  if (!identical(found, said)) {
    stop_kobling("kobling_changed", paste0("the answer says sha256 ", said, ", and its content has ", found))
  }
  invisible(found)
}

sha256 <- function(bytes) {
  file <- tempfile()
  on.exit(unlink(file))
  writeBin(bytes, file)
  # `sha256sum` is part of every Debian; R itself has the digest from 4.5 on.
  if (exists("sha256sum", asNamespace("tools"), inherits = FALSE)) return(unname(getExportedValue("tools", "sha256sum")(file)))
  substr(system2("sha256sum", shQuote(file), stdout = TRUE), 1, 64)
}

#' Reads an answer as a data frame
#'
#' A row for each row of the table: a column of codes for each key column; for each figure a column of exact values, and
#' `ID_low`, `ID_high` and `ID_hidden`. What is hidden is NA, never zero.
#'
#' @param text The answer's text, as `kobling_answer()` gives it.
#' @export
kobling_records <- function(text) {
  table <- jsonlite::fromJSON(text, simplifyVector = FALSE)$table
  frame <- data.frame(row.names = seq_along(table$rows))
  for (at in seq_along(table$columns)) {
    frame[[table$columns[[at]]]] <- vapply(table$rows, function(row) row$key[[at]], "")
  }
  number <- function(figure, names) {
    for (name in names) if (!is.null(figure[[name]])) return(as.numeric(figure[[name]]))
    NA_real_
  }
  for (at in seq_along(table$figures)) {
    id <- table$figures[[at]]$id
    figures <- lapply(table$rows, function(row) row$figures[[at]])
    frame[[id]] <- vapply(figures, number, 0, c("count", "percent", "number"))
    frame[[paste0(id, "_low")]] <- vapply(figures, number, 0, c("low", "at_least"))
    frame[[paste0(id, "_high")]] <- vapply(figures, number, 0, c("high", "at_most"))
    frame[[paste0(id, "_hidden")]] <- vapply(figures, function(figure) isTRUE(figure$hidden), NA)
  }
  frame
}

#' Runs the program `kobling`, which alone sees keys and identifiers
#'
#' @param arguments Words of the command.
#' @param folder Where it is run: beside the partner's kobling.toml.
#' @param program The program.
#' @return What it wrote; a condition `kobling_program_failed` with `status` and `said` where it failed.
#' @export
kobling_program <- function(arguments, folder = ".", program = "kobling") {
  before <- setwd(folder)
  on.exit(setwd(before))
  said <- suppressWarnings(
    system2(program, shQuote(arguments), stdout = TRUE, stderr = TRUE, stdin = "", env = "KOBLING_LANG=en")
  )
  status <- attr(said, "status")
  if (!is.null(status)) {
    stop(condition_of(
      "kobling_program_failed", paste0("kobling ", arguments[1], " ended with status ", status, ": ", paste(said, collapse = "\n")),
      status = status, said = as.character(said)
    ))
  }
  as.character(said)
}
