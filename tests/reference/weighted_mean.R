# Means with other weights from metafor and lm(), for the data sets of metafor_pool.json. Run here: Rscript weighted_mean.R
# DL has a closed form, so no convergence threshold is involved. Weights "user" are 1 + (5 i) mod 7, i from 0.
suppressMessages({library(metafor); library(jsonlite)})
pool <- fromJSON("metafor_pool.json", simplifyVector = FALSE)
num <- function(x) sprintf("%.17g", x)
out <- lapply(pool$cases, function(case) {
  y <- unlist(case$yi); v <- unlist(case$vi); k <- length(y)
  if (k < 3 || min(v) <= 0 || max(v) / min(v) > 1e9 || diff(range(y)) == 0) return(NULL)
  user <- 1 + (5 * (seq_len(k) - 1)) %% 7
  fit <- function(...) {
    f <- try(suppressWarnings(rma(yi = y, vi = v, ...)), silent = TRUE)
    if (inherits(f, "try-error")) return(NULL)
    list(b = num(f$b[1]), se = num(f$se), lb = num(f$ci.lb), ub = num(f$ci.ub), tau2 = num(f$tau2))
  }
  ls <- summary(lm(y ~ 1, weights = 1 / v))$coefficients
  g <- function(w) { f <- try(suppressWarnings(rma(yi = y, vi = v, method = "GENQ", weights = w)), silent = TRUE)
    if (inherits(f, "try-error")) NULL else list(tau2 = num(f$tau2), se = num(f$se.tau2)) }
  list(name = case$name, y = num(y), v = num(v),
       equal = fit(method = "DL", weighted = FALSE), ivhet = fit(method = "DL", weights = 1 / v),
       user = fit(method = "DL", weights = user), user_t = fit(method = "DL", weights = user, test = "t"),
       user_knha = fit(method = "DL", weights = user, test = "knha"),
       uwls = list(b = num(ls[1, 1]), se = num(ls[1, 2])),
       genq_v = g(1 / v), genq_se = g(1 / sqrt(v)), genq_1 = g(rep(1, k)), genq_user = g(user))
})
out <- Filter(Negate(is.null), out)
source <- list(tool = paste("metafor", packageVersion("metafor"), "and lm()"), r = as.character(getRversion()), script = "weighted_mean.R")
rows <- vapply(out, function(o) toJSON(o, auto_unbox = TRUE, null = "null"), "")
writeLines(paste0('{"source": ', toJSON(source, auto_unbox = TRUE), ',\n"cases": [\n', paste(rows, collapse = ",\n"), "\n]}"), "weighted_mean_metafor.json")
