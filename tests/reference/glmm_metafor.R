# metafor's rma.glmm for models of one group, as a black box. Rscript glmm_metafor.R > glmm_metafor.json
# lme4 sums over nAGQ nodes and stops at its own tolerance, so the numbers are good to about 1e-5.
suppressMessages({library(metafor)})
num <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 17, format = "g"), collapse = ","), "]")
sets <- list(
  ivig = list(x = c(7, 7, 22, 35), n = c(19, 8, 24, 42)),
  strict = list(x = c(7, 7, 12, 35), n = c(19, 12, 24, 42)),
  further = list(x = c(11, 3, 25, 13, 60, 23, 8, 16, 37), n = c(12, 11, 35, 16, 73, 27, 19, 23, 47)),
  everything = list(x = c(7, 7, 22, 35, 11, 3, 25, 13, 60, 23, 8, 16, 37), n = c(19, 8, 24, 42, 12, 11, 35, 16, 73, 27, 19, 23, 47)),
  zeros = list(x = c(0, 10, 4, 6, 0, 8), n = c(10, 10, 9, 11, 7, 8)),
  homogeneous = list(x = c(5, 6, 5, 4, 5), n = c(20, 20, 21, 19, 20)),
  extreme = list(x = c(1, 39, 20, 2, 49, 0, 30), n = c(40, 40, 40, 50, 50, 30, 30)),
  rare = list(x = c(0, 1, 0, 3, 0, 2, 1, 0), n = c(40, 55, 31, 120, 25, 60, 44, 10)))
rates <- list(
  few = list(x = c(1, 0, 5, 2), t = c(10.5, 20, 13.25, 4)),
  many = list(x = c(12, 30, 4, 55, 9), t = c(340, 510, 122.5, 800, 95)),
  extreme = list(x = c(0, 400, 3, 40), t = c(100, 100, 100, 100)),
  zeros = list(x = c(0, 0, 1, 0, 7), t = c(10, 50, 20, 31, 12)),
  homogeneous = list(x = c(5, 6, 4, 5, 7), t = c(100, 110, 95, 102, 120)),
  short = list(x = c(3, 5, 1, 9), t = c(0.02, 0.011, 0.05, 0.03)),
  catheter = with(dat.nielweise2008, list(x = x1i, t = t1i)),
  hart = with(dat.hart1999, list(x = x2i, t = t2i)),
  moderate = list(x = c(31, 12, 44, 27, 60, 9, 18, 75), t = c(210, 180, 260, 90, 410, 120, 88, 333)))
ctrl <- list(optCtrl = list(maxfun = 1e6))
one <- function(name, kind, fit, x, n) {
  sprintf('{"name":"%s","kind":"%s","x":%s,"n":%s,"mu":%s,"se":%s,"tau2":%s,"zlower":%s,"zupper":%s,"lrt":%s,"lrtdf":%s}',
    name, kind, num(x), num(n), num(fit$beta[1]), num(fit$se[1]), num(fit$tau2), num(fit$ci.lb[1]), num(fit$ci.ub[1]), num(fit$QE.LRT), num(fit$QE.df))
}
out <- c()
for (s in names(sets)) {
  d <- sets[[s]]
  for (q in c(7, 100)) {
    fit <- tryCatch(suppressWarnings(rma.glmm(measure = "PLO", xi = d$x, ni = d$n, nAGQ = q, control = ctrl)), error = function(e) { message(s, " ", q, ": ", conditionMessage(e)); NULL })
    if (!is.null(fit)) out <- c(out, one(paste0(s, " nAGQ ", q), "logit", fit, d$x, d$n))
  }
}
for (s in names(rates)) {
  d <- rates[[s]]
  fit <- tryCatch(suppressWarnings(rma.glmm(measure = "IRLN", xi = d$x, ti = d$t, nAGQ = 100, control = ctrl)), error = function(e) { message(s, ": ", conditionMessage(e)); NULL })
  if (!is.null(fit)) out <- c(out, one(paste0(s, " nAGQ 100"), "poisson", fit, d$x, d$t))
}
# A covariate.
d <- sets$further
x <- c(1993, 1994, 2002, 2007, 2010, 2014, 2021, 2021, 2022) - 2000
fit <- suppressWarnings(rma.glmm(measure = "PLO", xi = d$x, ni = d$n, mods = ~ x, nAGQ = 100, control = ctrl))
reg <- sprintf('{"x":%s,"n":%s,"covariate":%s,"beta":%s,"se":%s,"tau2":%s}', num(d$x), num(d$n), num(x), num(fit$beta), num(fit$se), num(fit$tau2))
cat('{"source":"metafor ', as.character(packageVersion("metafor")), ', lme4 ', as.character(packageVersion("lme4")), ', rma.glmm(measure, nAGQ)",\n"cases":[\n', paste(out, collapse = ",\n"), '\n],\n"regression":', reg, "}\n", sep = "")
