# metafor's rma.glmm for two groups, conditional models, as a black box. Rscript glmm_two_groups_metafor.R > glmm_two_groups_metafor.json
# The likelihoods are maximised by nlminb (exact) or lme4 (approximate, rates) to tolerances of their own, so the numbers are good to about 1e-4.
suppressMessages({library(metafor)})
num <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 17, format = "g"), collapse = ","), "]")
tables <- list(
  nielweise = dat.nielweise2007[, c("ai", "n1i", "ci", "n2i")],
  hine = dat.hine1989[, c("ai", "n1i", "ci", "n2i")],
  li = dat.li2007[, c("ai", "n1i", "ci", "n2i")],
  bcg = with(dat.bcg, data.frame(ai = tpos, n1i = tpos + tneg, ci = cpos, n2i = cpos + cneg))[c(1, 2, 3, 5, 7, 10), ],
  lee = dat.lee2004[, c("ai", "n1i", "ci", "n2i")],
  damico = with(dat.damico2009, data.frame(ai = xt, n1i = nt, ci = xc, n2i = nc))[1:8, ],
  hahn = dat.hahn2001[, c("ai", "n1i", "ci", "n2i")],
  unequal = data.frame(ai = c(1, 0, 3, 2), n1i = c(10, 12, 15, 9), ci = c(3, 9, 2, 11), n2i = c(400, 600, 150, 350)),
  apart = data.frame(ai = c(9, 1, 5, 7), n1i = c(10, 10, 10, 12), ci = c(1, 6, 5, 2), n2i = c(10, 10, 10, 11)))
rates <- list(
  catheter = setNames(dat.nielweise2008[, c("x1i", "t1i", "x2i", "t2i")], c("ai", "n1i", "ci", "n2i")),
  hart = setNames(dat.hart1999[, c("x1i", "t1i", "x2i", "t2i")], c("ai", "n1i", "ci", "n2i")),
  differ = data.frame(ai = c(12, 40, 3), n1i = c(100, 90, 30), ci = c(70, 11, 9), n2i = c(120, 95, 31)),
  moderate = data.frame(ai = c(31, 12, 44, 27, 9), n1i = c(210, 180, 260, 90, 120), ci = c(40, 9, 61, 21, 15), n2i = c(200, 175, 255, 97, 118)),
  homogeneous = data.frame(ai = c(5, 11, 8, 6), n1i = c(100, 210, 150, 120), ci = c(9, 20, 14, 12), n2i = c(95, 205, 140, 118)),
  rare = data.frame(ai = c(2, 1, 4, 3, 6), n1i = c(200, 150, 310, 180, 240), ci = c(6, 4, 3, 9, 5), n2i = c(210, 140, 290, 200, 260)),
  small = data.frame(ai = c(1, 4, 0, 6, 2, 3), n1i = c(8.5, 12.25, 7, 20.5, 9, 11), ci = c(3, 2, 4, 1, 5, 0), n2i = c(9, 11.5, 8, 19, 10.25, 7)),
  sparse = data.frame(ai = c(0, 1, 2, 1), n1i = c(100, 50, 80, 44), ci = c(3, 0, 1, 2), n2i = c(90, 60, 75, 40)))
out <- c()
run <- function(name, kind, d, ...) {
  fit <- tryCatch(suppressWarnings(do.call(rma.glmm, list(...))), error = function(e) { message(name, " ", kind, ": ", conditionMessage(e)); NULL })
  if (is.null(fit)) return(invisible())
  out <<- c(out, sprintf('{"name":"%s","kind":"%s","x1":%s,"n1":%s,"x2":%s,"n2":%s,"mu":%s,"se":%s,"tau2":%s,"zlower":%s,"zupper":%s,"lrt":%s,"lrtdf":%s}',
    name, kind, num(d$ai), num(d$n1i), num(d$ci), num(d$n2i), num(fit$beta[1]), num(fit$se[1]), num(fit$tau2), num(fit$ci.lb[1]), num(fit$ci.ub[1]), num(fit$QE.LRT), num(fit$QE.df)))
}
glmer <- list(optCtrl = list(maxfun = 1e6))
for (s in names(tables)) {
  d <- tables[[s]]
  for (method in c("ML", "EE")) {
    run(s, paste("exact", method), d, measure = "OR", ai = d$ai, n1i = d$n1i, ci = d$ci, n2i = d$n2i, model = "CM.EL", method = method)
    run(s, paste("approximate", method), d, measure = "OR", ai = d$ai, n1i = d$n1i, ci = d$ci, n2i = d$n2i, model = "CM.AL", method = method, nAGQ = 50, control = glmer)
  }
}
for (s in names(rates)) {
  d <- rates[[s]]
  for (method in c("ML", "EE"))
    run(s, paste("rates", method), d, measure = "IRR", x1i = d$ai, t1i = d$n1i, x2i = d$ci, t2i = d$n2i, model = "CM.EL", method = method, nAGQ = 50, control = glmer)
}
cat('{"source":"metafor ', as.character(packageVersion("metafor")), ', lme4 ', as.character(packageVersion("lme4")), ', rma.glmm(measure, model = \\"CM.EL\\" or \\"CM.AL\\", method, nAGQ = 50)",\n"cases":[\n', paste(out, collapse = ",\n"), '\n]}\n', sep = "")
