# The way to the service: one request a call, over TLS, with a token from a file.

token_form <- "^kobling-token-1\\."

#' A client of one service
#'
#' @param service Address: `https://HOST` or `https://HOST:PORT`; `http://` for this machine alone.
#' @param token_file File with the line `kobling-token-1.…` that the operator gave.
#' @param certificate_authority A PEM file, where the service's certificate is not one that the system trusts.
#' @param client_certificate,client_key PEM files, where the service asks for a certificate of the client.
#' @param timeout Seconds that an answer may take.
#' @param patience Seconds that may be waited in all where the service says when to ask again (`Retry-After`).
#' @param sleep What waits.
#' @return A client, for the other functions.
#' @export
kobling_client <- function(service, token_file, certificate_authority = NULL, client_certificate = NULL,
                           client_key = NULL, timeout = 600, patience = 60, sleep = Sys.sleep) {
  local <- grepl("^http://(127\\.0\\.0\\.1|\\[::1\\]|localhost)(:[0-9]+)?/?$", service)
  if (!local && !grepl("^https://[^/?#@]+/?$", service)) {
    stop_kobling("kobling_error", "the service's address is https://HOST or https://HOST:PORT; http:// is for this machine alone")
  }
  lines <- trimws(readLines(token_file, warn = FALSE, encoding = "UTF-8"))
  token <- grep(token_form, lines, value = TRUE)
  if (length(token) != 1) {
    stop_kobling("kobling_error", paste0(token_file, " does not hold one line kobling-token-1.…"))
  }
  # The token is kept where printing and str() do not reach.
  force(token)
  structure(
    list(
      service = sub("/$", "", service), bearer = function() token, certificate_authority = certificate_authority,
      client_certificate = client_certificate, client_key = client_key, timeout = timeout, patience = patience, sleep = sleep
    ),
    class = "kobling_client"
  )
}

#' @export
print.kobling_client <- function(x, ...) {
  cat("<kobling_client ", x$service, ", token hidden>\n", sep = "")
  invisible(x)
}

place <- function(text) curl::curl_escape(as.character(text))

# Sends a request and returns the answer's JSON as R reads it, or NULL.
call_service <- function(client, method, path, query = list(), body = NULL) {
  answer <- fetch_service(client, method, path, query, body)
  if (!nzchar(answer)) return(invisible(NULL))
  jsonlite::fromJSON(answer, simplifyVector = TRUE, simplifyDataFrame = TRUE, simplifyMatrix = FALSE)
}

# The same with the answer's text as it came.
fetch_service <- function(client, method, path, query = list(), body = NULL) {
  query <- Filter(Negate(is.null), query)
  address <- paste0(client$service, path)
  if (length(query) > 0) {
    values <- vapply(query, function(value) place(format(value, scientific = FALSE, trim = TRUE)), "")
    address <- paste0(address, "?", paste0(names(query), "=", values, collapse = "&"))
  }
  waited <- 0
  repeat {
    outcome <- once(client, method, address, body)
    if (!inherits(outcome, "condition")) return(outcome)
    pause <- outcome$retry_after
    if (!inherits(outcome, "kobling_try_later") || is.null(pause) || waited + pause > client$patience) stop(outcome)
    waited <- waited + pause
    client$sleep(pause)
  }
}

# One request: the answer's text, or the condition of a refusal.
once <- function(client, method, address, body) {
  handle <- curl::new_handle(customrequest = method, timeout = client$timeout, followlocation = FALSE)
  headers <- list(Authorization = paste("Bearer", client$bearer()), Accept = "application/json")
  if (!is.null(client$certificate_authority)) curl::handle_setopt(handle, cainfo = client$certificate_authority)
  if (!is.null(client$client_certificate)) {
    curl::handle_setopt(handle, sslcert = client$client_certificate, sslkey = client$client_key)
  }
  if (method == "POST") {
    content <- if (is.null(body)) raw(0) else charToRaw(enc2utf8(to_json(body)))
    curl::handle_setopt(handle, post = TRUE, postfieldsize = length(content), postfields = content)
    headers[["Content-Type"]] <- "application/json"
  }
  do.call(curl::handle_setheaders, c(list(handle), headers))
  response <- tryCatch(curl::curl_fetch_memory(address, handle = handle), error = function(error) {
    stop_kobling("kobling_unreachable", paste0(client$service, " does not answer: ", conditionMessage(error)))
  })
  text <- rawToChar(response$content)
  Encoding(text) <- "UTF-8"
  if (response$status_code >= 200 && response$status_code < 300) return(text)
  refusal(response$status_code, response$type, text, curl::parse_headers_list(response$headers)[["retry-after"]])
}

# A list as JSON: a text, a number or a truth is one value, and `I()` keeps a vector of one a list.
to_json <- function(body) {
  as.character(jsonlite::toJSON(body, auto_unbox = TRUE, null = "null", digits = NA))
}
