# Asks what can be asked, keeps an answer, and prints it: Rscript ask.R https://kobling.example evaluator.token
library(koblingclient)
arguments <- commandArgs(trailingOnly = TRUE)
client <- kobling_client(arguments[1], arguments[2])

print(kobling_questions(client)[c("number", "id")], row.names = FALSE)
answer <- tryCatch(
  kobling_answer(client, "funnel", "2022-Q1..2022-Q4", by = "role", file = "funnel.json"),
  kobling_no_snapshot = function(refused) stop(refused$title_da, ": ", refused$advice_da, call. = FALSE)
)
print(kobling_records(answer), row.names = FALSE)
