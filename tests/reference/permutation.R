# Permutation tests by metafor, run as a black box: Rscript permutation.R > permutation_metafor_3_8.json
# Exact enumeration of sign flips of a model without moderators, and the interval by inversion with a tight root finder.
suppressMessages(library(metafor))
d <- function(x) ifelse(is.na(x), "null", format(x, digits = 17, scientific = TRUE, trim = TRUE))
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
sets <- list(bcg6 = bcg[1:6, ], bcg7 = bcg[6:12, ])
cat('{"source": {"tool": "metafor", "version": "', as.character(packageVersion("metafor")), '"}, "cases": [\n', sep = "")
sep <- ""
for (name in names(sets)) for (method in c("EE", "DL", "REML")) for (test in c("z", "knha")) {
  if (method == "EE" && test == "knha") next
  dat <- sets[[name]]
  fit <- rma(yi, vi, data = dat, method = method, test = test, control = list(threshold = 1e-14, tol = 1e-14, maxiter = 10000))
  res <- permutest(fit, exact = TRUE, progbar = FALSE, permci = TRUE, control = list(tol = 1e-10, maxiter = 1000))
  cat(sep, '{"name": "', name, '", "method": "', method, '", "test": "', test, '", "yi": [', paste(d(c(dat$yi)), collapse = ", "),
      '], "vi": [', paste(d(c(dat$vi)), collapse = ", "), '], "pval": ', d(res$pval), ', "ci.lb": ', d(res$ci.lb), ', "ci.ub": ',
      d(res$ci.ub), "}", sep = "")
  sep <- ",\n"
}
cat("\n]}\n")
