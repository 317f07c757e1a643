# CPU time of metafor and of plain matrix R on the data of `kernels data FOLDER`, as JSON: nanoseconds per fit.
# Rscript peers.R FOLDER SECONDS; metafor is used as it comes from its package, through its functions.
suppressMessages(library(metafor))
arguments <- commandArgs(trailingOnly = TRUE)
seconds <- as.numeric(arguments[2])
get <- function(name) {
    path <- file.path(arguments[1], name)
    readBin(path, "double", file.size(path) / 8, endian = "little")
}
cpu <- function() sum(proc.time()[1:2])
results <- list()
# Fastest of three runs of at least `seconds`, after one call to warm up.
measure <- function(name, units, run) {
    run()
    repeats <- 1
    once <- function() { from <- cpu(); for (i in seq_len(repeats)) run(); cpu() - from }
    while (once() < seconds) repeats <- repeats * 2
    results[[name]] <<- min(once(), once(), once()) * 1e9 / (repeats * units)
}
for (size in c(10, 20, 50)) {
    local({
        y <- get(paste0("single", size, ".y")); v <- get(paste0("single", size, ".v")); k <- seq_along(y) - 1
        moderators <- cbind(k %% 7, (k * k) %% 11)
        name <- function(what) paste0("metafor ", what, " k=", size)
        measure(name("dl z"), 1, function() rma(y, v, method = "DL"))
        measure(name("reml z"), 1, function() rma(y, v, method = "REML"))
        measure(name("reml hk"), 1, function() rma(y, v, method = "REML", test = "knha"))
        measure(name("reml 2 moderators hk"), 1, function() rma(y, v, mods = moderators, method = "REML", test = "knha"))
    })
}
y1 <- get("single1000.y"); v1 <- get("single1000.v")
measure("metafor dl z k=1000", 1, function() rma(y1, v1, method = "DL"))
measure("metafor reml z k=1000", 1, function() rma(y1, v1, method = "REML"))
yb <- get("batch.y"); vb <- get("batch.v"); studies <- 20; units <- length(yb) / studies
dim(yb) <- dim(vb) <- c(units, studies)
measure("base R dl p", units, function() {
    w <- 1 / vb
    sw <- rowSums(w)
    q <- rowSums(w * (yb - rowSums(w * yb) / sw)^2)
    tau2 <- pmax(0, (q - (studies - 1)) / (sw - rowSums(w^2) / sw))
    w <- 1 / (vb + tau2)
    sw <- rowSums(w)
    mu <- rowSums(w * yb) / sw
    2 * pnorm(-abs(mu * sqrt(sw)))
})
cat("{", paste0("\"", names(results), "\": ", unlist(results), collapse = ", "), "}\n", sep = "")
