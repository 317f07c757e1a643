# Fits that callgrind counts: R -f instructions.R --args FOLDER METHOD FITS, on the data of `kernels data FOLDER`.
# Every method is fitted ten times first, which also compiles it, so that two runs differ by FITS fits of METHOD alone.
suppressMessages(library(metafor))
arguments <- commandArgs(trailingOnly = TRUE)
get <- function(name) {
    path <- file.path(arguments[1], name)
    readBin(path, "double", file.size(path) / 8, endian = "little")
}
y <- get("single20.y"); v <- get("single20.v"); k <- seq_along(y) - 1
moderators <- cbind(k %% 7, (k * k) %% 11)
methods <- list(
    dl = function() rma(y, v, method = "DL"),
    reml = function() rma(y, v, method = "REML"),
    reml_hk = function() rma(y, v, method = "REML", test = "knha"),
    regression = function() rma(y, v, mods = moderators, method = "REML", test = "knha")
)
for (fit in methods) for (i in 1:10) stopifnot(fit()$tau2 >= 0)
fit <- methods[[arguments[2]]]
for (i in seq_len(as.integer(arguments[3]))) fit()
