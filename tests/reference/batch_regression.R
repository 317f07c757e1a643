# Meta-regressions of one design for many units: Rscript batch_regression.R > batch_regression.json
# metafor's rma() with convergence thresholds far below its defaults; 24 units, one moderator and two, one unit with missing studies.
suppressMessages({library(metafor); library(jsonlite)})
set.seed(20261122)
k <- 9
one <- cbind(c(44, 55, 42, 52, 13, 44, 19, 27, 33))
two <- cbind(one, c(0.2, 1.5, -0.7, 0.1, 2.2, -1.1, 0.4, 0.9, -0.3))
control <- list(threshold = 1e-13, tol = 1e-13, maxiter = 10000, stepadj = 1)
cases <- list()
for (u in 1:24) {
  x <- if (u %% 2) one else two
  v <- exp(rnorm(k, -2.5, 0.7))
  tau2 <- c(0, 0.05, 0.3)[u %% 3 + 1]
  y <- drop(0.3 - 0.01 * x[, 1] + rnorm(k, 0, sqrt(v + tau2)))
  if (u %% 8 == 5) y[c(2, 6)] <- NA
  fits <- list()
  for (method in c("EE", "DL", "PM", "REML", "ML")) {
    fit <- tryCatch(suppressWarnings(rma(y, v, mods = x, method = method, control = control)), error = function(e) NULL)
    if (is.null(fit)) next
    kh <- suppressWarnings(rma(y, v, mods = x, method = method, test = "knha", control = control))
    fits[[method]] <- list(beta = drop(unname(fit$beta)), se = fit$se, p = fit$pval, tau2 = fit$tau2, QE = fit$QE, QEp = fit$QEp,
                           QM = fit$QM, QMp = fit$QMp, hk_se = kh$se, hk_p = kh$pval)
  }
  cases[[u]] <- list(x = lapply(1:ncol(x), function(j) x[, j]), y = y, v = v, fits = fits)
}
cat(toJSON(list(source = paste0("metafor ", packageVersion("metafor"), ", R ", getRversion(), ", rma(y, v, mods)"), cases = cases),
           digits = NA, auto_unbox = TRUE, na = "null", pretty = FALSE), "\n")
