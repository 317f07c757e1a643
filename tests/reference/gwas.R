# Reference numbers for the example `gwas`: metafor 3.8-1 on the four files of tests/reference/gwas, aligned here on its own.
# Run in tests/reference: Rscript gwas.R > gwas_metafor.json
suppressMessages({library(metafor); library(jsonlite)})
files <- paste0("gwas/cohort_", c("a", "b", "c", "d"), ".txt")
separators <- c("", "\t", ",", "")
rows <- NULL
for (i in 1:4) {
  d <- read.table(files[i], header = TRUE, sep = separators[i], stringsAsFactors = FALSE, colClasses = "character")
  name <- function(choices) { hit <- which(toupper(names(d)) %in% choices); if (length(hit)) d[[hit]] else rep(NA, nrow(d)) }
  one <- data.frame(
    cohort = i, marker = name(c("SNP", "MARKERNAME", "RSID", "ID")),
    effect = toupper(name(c("A1", "EFFECT_ALLELE", "EA"))), other = toupper(name(c("A2", "OTHER_ALLELE", "NEA"))),
    beta = as.numeric(name("BETA")), se = as.numeric(name(c("SE", "STDERR"))),
    eaf = as.numeric(name(c("EAF", "FREQ1"))), n = as.numeric(name("N")), stringsAsFactors = FALSE)
  rows <- rbind(rows, one[!is.na(one$beta), ])
}
lambda <- sapply(1:4, function(i) { r <- rows[rows$cohort == i, ]; median((r$beta / r$se)^2) / qchisq(0.5, 1) })
flip <- function(x) chartr("ACGT", "TGCA", x)
control <- list(threshold = 1e-14, maxiter = 100000, tau2.max = 1e4)
fit <- function(y, v, method) {
  if (method == "REML") {
    r <- rma(y, v, method = "REML", control = control)
  } else r <- rma(y, v, method = method)
  z <- r$b[1] / r$se
  list(effect = r$b[1], se = r$se, log10_p = (log(2) + pnorm(-abs(z), log.p = TRUE)) / log(10), tau2 = r$tau2,
       q = r$QE, q_p = r$QEp)
}
markers <- unique(rows$marker)
result <- lapply(c(FALSE, TRUE), function(controlled) lapply(markers, function(m) {
  r <- rows[rows$marker == m, ]
  a <- r$effect[1]; b <- r$other[1]
  sign <- mapply(function(e, o) {
    if (e == a && o == b) 1 else if (e == b && o == a) -1
    else if (flip(e) == a && flip(o) == b) 1 else if (flip(e) == b && flip(o) == a) -1 else NA
  }, r$effect, r$other)
  stopifnot(!anyNA(sign))
  y <- r$beta * sign; v <- r$se^2 * (if (controlled) pmax(lambda[r$cohort], 1) else 1)
  f <- ifelse(sign > 0, r$eaf, 1 - r$eaf); known <- !is.na(f)
  mean <- sum(f[known] / v[known]) / sum(1 / v[known])
  out <- list(marker = m, effect = a, other = b, k = nrow(r), frequency = mean,
              frequency_sd = sqrt(sum((f[known] - mean)^2 / v[known]) / sum(1 / v[known])), n = sum(r$n, na.rm = TRUE),
              direction = paste(sapply(1:4, function(i) { s <- y[r$cohort == i]; if (!length(s)) "?" else if (s > 0) "+" else "-" }), collapse = ""),
              fixed = fit(y, v, "FE"))
  if (nrow(r) > 1) { out$dl <- fit(y, v, "DL"); out$reml <- fit(y, v, "REML") }
  out
}))
cat(toJSON(list(tool = paste("metafor", packageVersion("metafor"), "R", getRversion()),
                lambda = lambda, plain = result[[1]], controlled = result[[2]]),
           auto_unbox = TRUE, digits = I(17), pretty = FALSE), "\n")
