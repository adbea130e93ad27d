# Reads a kept answer with base R: Rscript answer.R funnel.csv funnel-danish.csv
arguments <- commandArgs(trailingOnly = TRUE)

# International: comma and decimal point. An empty field is NA; marks are "true" and "false".
answer <- read.csv(arguments[1], na.strings = "", colClasses = c(role = "character", stage = "character"),
                   fileEncoding = "UTF-8")
marks <- grep("^hidden$|_hidden$", names(answer), value = TRUE)
answer[marks] <- lapply(answer[marks], function(mark) as.character(mark) %in% c("true", "TRUE"))

# A cell is shown, or hidden, or does not apply; only shown ones are figures.
shown <- answer[!answer$hidden, c("role", "stage", "count", "families")]
print(shown, row.names = FALSE)

# A rate is exact, or a bound: ">= 76 %" has step_rate_low 76 and nothing else.
either <- function(exact, bound) ifelse(is.na(exact), bound, exact)
print(data.frame(role = answer$role, stage = answer$stage,
                 at_least = either(answer$step_rate, answer$step_rate_low),
                 at_most = either(answer$step_rate, answer$step_rate_high))[!answer$hidden, ], row.names = FALSE)

# Danish: semicolon and decimal comma, a byte order mark before the first column.
danish <- read.csv2(arguments[2], na.strings = "", fileEncoding = "UTF-8-BOM")
stopifnot(names(danish)[1] == "role", identical(danish$count, answer$count))

# Steps of those exposed, each in per cent of the first; hidden ones are no bars.
exposed <- answer[answer$role == "udsat" & !answer$hidden, ]
print(setNames(round(100 * exposed$count / exposed$count[1]), exposed$stage))
