library(testthat)
library(koblingclient)
test_check("koblingclient")
