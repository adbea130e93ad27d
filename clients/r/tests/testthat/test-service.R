# Against a real service: tests/outside starts it and says where it is.
service <- Sys.getenv("KOBLING_SERVICE")
of <- function(name, ...) kobling_client(service, file.path(Sys.getenv("KOBLING_TOKENS"), paste0(name, ".token")), ...)

test_that("an answer is kept as it came, verified and read", {
  evaluator <- of("vive-1")
  expect_true("funnel" %in% kobling_questions(evaluator)$id)
  file <- tempfile(fileext = ".json")
  answer <- kobling_answer(evaluator, "funnel", "2022-Q1..2022-Q4", by = "role", file = file)
  expect_identical(readBin(file, "raw", 1e7), charToRaw(answer))
  # The program itself verifies what was kept.
  kobling_program(c("ask", "--verify", file), program = Sys.getenv("KOBLING_PROGRAM"))
  records <- kobling_records(answer)
  expect_true(all(c("role", "count", "count_hidden") %in% names(records)))
  # Of so few persons all is hidden; a kept answer about many shows figures.
  expect_true(any(records$count_hidden))
  kept <- readChar(file.path(Sys.getenv("KOBLING_ANSWERS"), "funnel.json"), 1e7, useBytes = TRUE)
  expect_true(any(kobling_records(kept)$count > 0, na.rm = TRUE))
  expect_true(all(is.na(records$count[records$count_hidden])))
  expect_error(kobling_verify(sub('"hidden":true', '"count":5', answer, fixed = TRUE)), class = "kobling_changed")
})

test_that("refusals have a class, a code and both languages", {
  refused <- expect_error(kobling_packages(of("vive-1")), class = "kobling_forbidden")
  expect_identical(refused$code, "forbidden")
  expect_identical(refused$title_da, "din rolle må ikke dette")
  expect_error(kobling_withdraw_package(of("police-it"), "nothing/../here"), class = "kobling_not_found")
  refused <- expect_error(kobling_ask(of("vive-1"), "funnel", list(period = "2022-Q4..2022-Q1")), class = "kobling_invalid")
  expect_identical(refused$code, "period")
  no <- tempfile()
  writeLines(paste0("kobling-token-1.", strrep("A", 43)), no)
  expect_error(kobling_packages(kobling_client(service, no)), class = "kobling_unauthenticated")
  expect_error(kobling_packages(kobling_client("http://127.0.0.1:9", no)), class = "kobling_unreachable")
  expect_error(kobling_client("http://kobling.example", no), class = "kobling_error")
})

test_that("every role reads what it may", {
  partner <- of("police-it")
  expect_identical(kobling_packages(partner)$state[1], "complete")
  expect_identical(kobling_programme(partner)$id, "interventionsmodel")
  expect_length(kobling_erasures(partner), 0)
  log <- kobling_answer_log(of("steward"), question = "reach", before = 1e6)
  expect_identical(unique(log$lines$question), "reach")
  expect_null(kobling_reject_alias(of("steward"), kobling_alias_proposals(of("steward"))$id[1]))
  expect_true(kobling_audit(of("auditor"))$sound)
  expect_length(kobling_statements(of("investor-1")), 0)
})

test_that("the token is not shown", {
  client <- of("steward")
  token <- trimws(readLines(file.path(Sys.getenv("KOBLING_TOKENS"), "steward.token"))[1])
  shown <- c(capture.output(print(client)), capture.output(str(unclass(client))))
  expect_false(any(grepl(token, shown, fixed = TRUE)))
})

test_that("a busy service is asked again when it says so", {
  problem <- function(status, code, seconds) {
    text <- sprintf('{"type":"urn:x","title":"busy","status":%d,"code":"%s","advice":"wait","da":{"title":"optaget","advice":"vent"}}', status, code)
    refusal(status, "application/problem+json", text, seconds)
  }
  answers <- list(problem(429, "too-many", "2"), problem(503, "busy", "5"), "[]")
  slept <- c()
  local_mocked <- function(client, method, address, body) {
    first <- answers[[1]]
    answers <<- answers[-1]
    first
  }
  client <- of("police-it", sleep = function(seconds) slept <<- c(slept, seconds))
  fetch <- fetch_service
  environment(fetch) <- list2env(list(once = local_mocked), parent = environment(fetch_service))
  expect_identical(fetch(client, "GET", "/v1/packages"), "[]")
  expect_identical(slept, c(2, 5))
  answers <- list(problem(503, "busy", "61"))
  expect_error(fetch(client, "GET", "/v1/packages"), class = "kobling_try_later")
  answers <- list(problem(500, "internal", "1"))
  expect_error(fetch(client, "GET", "/v1/packages"), class = "kobling_service_fault")
  expect_identical(slept, c(2, 5))
})

test_that("the example runs", {
  work <- tempfile()
  dir.create(work)
  example <- system.file("examples", "ask.R", package = "koblingclient")
  before <- setwd(work)
  on.exit(setwd(before))
  token <- file.path(Sys.getenv("KOBLING_TOKENS"), "vive-1.token")
  said <- system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", example, service, token), stdout = TRUE)
  expect_null(attr(said, "status"))
  expect_true(any(grepl("count_hidden", said)) && file.exists("funnel.json"))
})
